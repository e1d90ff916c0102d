"""Kinds of pairs for the photometry benchmark: name -> list of (description, px off)."""

from dataclasses import replace
from pathlib import Path

from exo2micro.synthesis import PairSpec

STAIN = "slide_stain.tif"


def photometry_grid(size, folder=None):
    """Pairs that have one scale (or one that varies smoothly).

    Parameters
    ----------
    size : sequence of int
        Height and width of the raw images, px.
    folder : path, optional
        Real photographs, used as mineral textures and as stain.

    Returns
    -------
    dict of str to list of (PairSpec, float)
        Descriptions, and how far (px) the true transform is shifted to be wrong.
    """
    base = PairSpec(
        post_shape=tuple(size),
        colour="grey",
        rotation_deg=3.0,
        magnification=1.02,
        shift=(8.3, -5.6),
    )

    def each(name, values, off=0.0, **rest):
        return [(replace(base, **{name: value}, **rest), off) for value in values]

    kinds = {
        "plain": [(base, 0.0)],
        "scale": each("scale", (0.2, 0.5, 0.99, 1.0, 2.0, 5.0), brightness=25.0),
        "cover": each("microbe_cover", (0.0, 0.002, 0.05, 0.1)),
        "cover 20 %": each("microbe_cover", (0.2,)),
        "16 bit": each("microbe_cover", (0.02, 0.1), dtype="uint16"),
        "16 bit, few levels": each("brightness", (2.0, 0.5), dtype="uint16", **faint(0.05)),
        "float": each("dtype", ("float32",)),
        "dim": each("brightness", (5.0, 10.0)),
        "few photons": each("photons_per_level", (3.0, 1.0)),
        "offset": each("post_offset", (0.0, 8.0, 30.0), pre_offset=4.0),
        "saturated": each("saturated_fraction", (0.03, 0.1)),
        "bending": each("bending_px", (4.0,)),
        "shifted": [(base, 0.3), (base, 0.7), (base, 1.0)],
        "texture": each("texture", ("fractal", "veins", "speckle")),
        "fine texture": each("texture_scale", (0.5,), off=0.5),
        "no outside": each("footprint", ("full",)),
        "no outside, dark": each("footprint", ("full",), post_offset=20.0, pre_offset=15.0),
        "fragments": each("footprint", ("fragments",)),
        "no microbes": each("texture", ("grains", "fractal", "veins", "speckle"), microbe_cover=0.0)
        + each("saturated_fraction", (0.03,), microbe_cover=0.0)
        + each("footprint", ("full",), microbe_cover=0.0, bending_px=3.0)
        + each("photons_per_level", (3.0,), microbe_cover=0.0)
        + each("brightness", (5.0,), microbe_cover=0.0),
        "itself": [
            (
                replace(
                    base, pre_is_post=True, rotation_deg=0.0, magnification=1.0, shift=(0.0, 0.0)
                ),
                0.0,
            )
        ],
        "uneven": each("gain_variation", (0.02, 0.15)),
    }
    if folder is not None:
        kinds |= _real(base, Path(folder))
    return kinds


def hopeless_grid(size):
    """Pairs without one scale: name -> list of (PairSpec, px off)."""
    base = PairSpec(post_shape=tuple(size), colour="grey", rotation_deg=3.0)
    large = {"microbe_fwhm": (8.0, 14.0), "microbe_peak": (20.0, 80.0)}
    return {
        "two minerals": [
            (replace(base, second_mineral_fraction=part, second_mineral_ratio=ratio), 0.0)
            for part, ratio in ((0.4, 1.5), (0.25, 0.6), (0.5, 2.5))
        ],
        "few pixels": [(replace(base, footprint="blob", fill=0.08, holes=0), 0.0)],
        "mostly stain": [
            (
                replace(base, microbe_cover=0.5, **large),
                0.0,
            )
        ],
        "other sample": [(replace(base, pre_seed=99), 0.0)],
    }


def faint(factor):
    """Microbes and noise as much fainter as the mineral is."""
    return {
        "microbe_peak": (10.0 * factor, 80.0 * factor),
        "read_noise": 0.6 * factor,
        "photons_per_level": 20.0 / factor,
        "pre_offset": 2.0 * factor,
        "post_offset": 2.0 * factor,
    }


def _real(base, folder):
    kinds = {}
    for path in sorted(folder.glob("*.tif")):
        if path.name == STAIN:
            continue
        spec = replace(base, texture="image", texture_image=str(path), footprint="texture")
        kinds[f"real, no microbes, {path.stem}"] = [(replace(spec, microbe_cover=0.0), 0.0)]
        kinds[f"real {path.stem}"] = [(spec, 0.0), (replace(spec, microbe_cover=0.1), 0.3)]
        kinds[f"real stain, {path.stem}"] = [
            (replace(spec, stain_image=str(folder / STAIN), stain_peak=60.0), 0.0)
        ]
    return kinds
