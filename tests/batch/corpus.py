"""Bad and odd input files by the hundred, and what stage 1 makes of each.

python tests/batch/corpus.py FOLDER        writes the files there and prints a line each
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

# Of each sound file: copies cut short, and copies with some bits turned over.
CUTS, FLIPS = 24, 40


def sound_files(folder):
    """Write files that are in order, one for each way of storing; gives their paths."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(11)
    grey = random.integers(0, 60, (90, 110), dtype=np.uint8)
    rgb = random.integers(0, 60, (90, 110, 3), dtype=np.uint8)
    ways = {
        "strips": (grey, {"rowsperstrip": 7}),
        "deflate": (rgb, {"photometric": "rgb", "compression": "deflate", "rowsperstrip": 16}),
        "lzw": (grey.astype(np.uint16) * 9, {"compression": "lzw", "predictor": True}),
        "tiles": (rgb, {"photometric": "rgb", "tile": (32, 32), "compression": "zstd"}),
        "jpeg": (rgb, {"photometric": "rgb", "tile": (32, 32), "compression": "jpeg"}),
        "big": (grey, {"bigtiff": True}),
        "ome": (grey, {"ome": True}),
    }
    return [_write(folder / f"{name}.tif", *way) for name, way in ways.items()]


def odd_files(folder):
    """Write whole files of kinds that may or may not be usable; gives their paths."""
    folder.mkdir(parents=True)
    grey = np.arange(80 * 90, dtype=np.uint8).reshape(80, 90)
    nan = grey.astype(np.float32)
    nan[10:20, 10:20], nan[30, 30] = np.nan, np.inf
    images = {
        "signed": (grey.astype(np.int16) - 20, {}),
        "complex": (grey.astype(np.complex64), {}),
        "uint32": (grey.astype(np.uint32), {}),
        "nan and inf": (nan, {}),
        "black": (np.zeros((80, 90), np.uint8), {}),
        "white": (np.full((80, 90), 255, np.uint8), {}),
        "one pixel": (np.ones((1, 1), np.uint8), {}),
        "fifty": (grey[:50, :50], {}),
        "ribbon": (np.ones((20000, 3), np.uint8), {}),
        "pages": (np.stack([grey] * 40), {"photometric": "minisblack"}),
        "cmyk": (np.stack([grey] * 4, -1), {"photometric": "separated"}),
        "palette": (
            grey,
            {"photometric": "palette", "colormap": np.zeros((3, 256), np.uint16)},
        ),
        "planar": (np.stack([grey] * 3), {"photometric": "rgb", "planarconfig": "separate"}),
        "name with 'quotes' and ü": (grey, {}),
        "-dash": (grey, {}),
    }
    paths = [_write(folder / f"{name}.tif", *image) for name, image in images.items()]
    for name, content in (
        ("empty", b""),
        ("text", b"not an image"),
        ("no pages", b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("only a header", b"II*\x00"),
    ):
        paths.append(folder / f"{name}.tif")
        paths[-1].write_bytes(content)
    return [*paths, *_special_files(folder, folder / "fifty.tif")]


def _special_files(folder, sound):
    loop, gone, inside = (folder / f"{name}.tif" for name in ("loop", "gone", "folder"))
    loop.symlink_to(loop.name)
    gone.symlink_to("nowhere.tif")
    inside.mkdir()
    huge = folder / "claims to be huge.tif"
    huge.write_bytes(sound.read_bytes())
    with tifffile.TiffFile(huge, mode="r+") as file:
        for tag in ("ImageWidth", "ImageLength"):
            file.pages[0].tags[tag].overwrite(60000)
    return [loop, gone, inside, huge]


def damaged_files(folder, sound):
    """Write damaged copies of sound files; gives their paths."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(12)
    paths = []
    for source in sound:
        content = source.read_bytes()
        for number in range(CUTS):
            path = folder / f"{source.stem} cut {number:02}.tif"
            path.write_bytes(content[: len(content) * number // CUTS])
            paths.append(path)
        for number in range(FLIPS):
            turned = bytearray(content)
            # Half of them in the first 400 bytes, where most headers are.
            reach = 400 if number % 2 else len(content)
            for place in random.integers(4, reach, 3):
                turned[place] ^= 1 << int(random.integers(8))
            path = folder / f"{source.stem} bits {number:02}.tif"
            path.write_bytes(turned)
            paths.append(path)
    return paths


def _write(path, image, options):
    tifffile.imwrite(path, image, **options)
    return path


def try_file(path, partner, target):
    """Do stage 1 with a file as the pre photograph.

    Returns
    -------
    str
        ``works``, or the message of the error. Anything but an error of ours is raised.
    """
    from exo2micro.errors import Exo2MicroError
    from exo2micro.padding import plan_padding, write_padded

    facts = {"channel_name": "D", "pixel_size_um": None, "header": {}, "threads": 1}
    try:
        plan = plan_padding("S", "D", {"post": str(partner), "pre": str(path)}, 10)
        write_padded(str(path), target, plan, "pre", facts)
    except Exo2MicroError as error:
        return str(error)
    return "works"


def try_corpus(folder):
    """Write the corpus and try every file; prints name, seconds and outcome, parted by tabs."""
    sound = sound_files(folder / "sound")
    files = [*sound, *odd_files(folder / "odd"), *damaged_files(folder / "damaged", sound)]
    for path in files:
        print(path.relative_to(folder), end="\t", flush=True)
        started = time.monotonic()
        outcome = try_file(path, sound[0], folder / "target.tiff")
        print(f"{time.monotonic() - started:.2f}\t{outcome!r}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try_corpus(Path(sys.argv[1]))
