"""The kinds of synthetic pairs of the registration's benchmark."""

from dataclasses import replace
from pathlib import Path

from exo2micro.synthesis import PairSpec


def solvable_grid(size):
    """Kinds of pairs that can be aligned: name -> list of descriptions."""
    base = PairSpec(
        post_shape=tuple(size),
        colour="grey",
        rotation_deg=7.0,
        magnification=1.03,
        shift=(35.0, -22.0),
    )

    def each(**changes):
        (name, values), *_ = changes.items()
        rest = {k: v for k, v in changes.items() if k != name}
        return [replace(base, **{name: v}, **rest) for v in values]

    return {
        "plain": [base],
        "rotation": each(rotation_deg=(0.0, 17.0, 45.0, 92.0, 180.0, 260.0)),
        "magnification": each(magnification=(0.72, 0.9, 1.1, 1.38)),
        "shift": each(shift=((0.0, 0.0), (150.0, 90.0), (0.37, 0.81))),
        "shear": each(shear=(0.02,)),
        "perspective": each(perspective_px=(3.0, 10.0)),
        "bending": each(bending_px=(4.0,)),
        "bending 12": each(bending_px=(12.0,)),
        "noise": each(photons_per_level=(3.0, 1.0)),
        "cover": each(microbe_cover=(0.0, 0.1, 0.2)),
        "16 bit": each(dtype=("uint16",)),
        "dim": each(brightness=(5.0, 10.0)),
        "saturated": each(saturated_fraction=(0.05, 0.15)),
        "cropped": each(footprint=("cropped",), fill=1.1),
        "fragments": each(footprint=("fragments",)),
        "full frame": each(footprint=("full",)),
        "texture": each(texture=("fractal", "veins", "speckle")),
        "offset": each(post_offset=(8.0,), pre_offset=4.0),
        "sizes": [replace(base, pre_shape=(size[0] - 300, size[1] + 200))],
        "scale": each(scale=(0.4, 2.5)),
    }


def texture_grid(size, folder):
    """The plain pair with each real photograph as the mineral's texture."""
    kinds = {}
    for path in sorted(Path(folder).glob("*.tif")):
        spec = PairSpec(
            post_shape=tuple(size),
            colour="grey",
            rotation_deg=12.0,
            magnification=1.05,
            shift=(20.0, 31.0),
            texture="image",
            texture_image=str(path),
        )
        kinds[f"real {path.stem}"] = [spec, replace(spec, rotation_deg=130.0)]
    return kinds


def turn_grid(size, turns):
    """Rotations round the circle, each at three magnifications."""
    base = PairSpec(post_shape=tuple(size), colour="grey", shift=(31.0, -17.0), fill=0.6)
    return {
        f"turns x{magnification:g}": [
            replace(base, rotation_deg=360.0 * k / turns + 0.3, magnification=magnification)
            for k in range(turns)
        ]
        for magnification in (0.7, 1.0, 1.4)
        if turns
    }


def impossible_grid(size, count, first_seed=1):
    """Pairs that must never pass."""
    base = PairSpec(post_shape=tuple(size), colour="grey", rotation_deg=5.0, shift=(20.0, 10.0))
    textures = ("grains", "fractal", "veins", "speckle")
    footprints = ("blob", "fragments", "full", "cropped")
    specs = []
    for k in range(count):
        seed = 1000 * first_seed + k
        spec = replace(base, seed=seed, texture=textures[k % 4], footprint=footprints[k // 4 % 4])
        kind = k % 6
        if kind in (0, 1, 2):
            specs.append(replace(spec, pre_seed=70000 + seed))
        elif kind == 3:
            specs.append(replace(spec, blank=("pre", "post", "both")[k // 6 % 3]))
        elif kind == 4:
            specs.append(replace(spec, mirror_pre=True))
        else:
            specs.append(replace(spec, pre_is_post=True))
    return specs
