"""Write synthetic photographs as the TIFFs that a microscope's software would write."""

import numpy as np
import tifffile

from exo2micro.storage import Window, atomic_path

from .mapping import BLOCK

BIGTIFF_BYTES = 4_000_000_000


def write_raw(path, pair, frame: str, *, tiled: bool = False, compression=None, threads: int = 2):
    """Write one image of a pair, a row of blocks in memory at a time.

    Parameters
    ----------
    path : path
        Where to; the file appears when it is whole.
    pair : SyntheticPair
        The pair.
    frame : {'post', 'pre'}
        Which image.
    tiled : bool
        Tiles of 512 px, or strips.
    compression : str or None
        A codec of tifffile ('zlib', 'lzw', ...).
    threads : int
        Blocks drawn at a time.
    """
    spec = pair.spec
    height, width = spec.shape(frame)
    channels = 3 if spec.colour == "rgb" else 1
    n_bytes = height * width * channels * np.dtype(spec.dtype).itemsize
    resolution = {}
    if spec.pixel_size_um is not None:
        per_cm = 10_000 / spec.pixel_size_um
        resolution = {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}
    bands = _tiles(pair, frame, threads) if tiled else _strips(pair, frame, threads)
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            bands,
            shape=(height, width, 3) if channels == 3 else (height, width),
            dtype=spec.dtype,
            photometric="rgb" if channels == 3 else "minisblack",
            tile=(BLOCK, BLOCK) if tiled else None,
            rowsperstrip=None if tiled else BLOCK,
            compression=compression,
            bigtiff=n_bytes > BIGTIFF_BYTES,
            metadata=None,
            software="exo2micro synthesis",
            **resolution,
        )


def _strips(pair, frame, threads):
    height, width = pair.spec.shape(frame)
    for y in range(0, height, BLOCK):
        yield pair.read(frame, Window(y, min(y + BLOCK, height), 0, width), threads)


def _tiles(pair, frame, threads):
    width = pair.spec.shape(frame)[1]
    for strip in _strips(pair, frame, threads):
        for x in range(0, width, BLOCK):
            tile = strip[:, x : x + BLOCK]
            spare = [(0, BLOCK - tile.shape[0]), (0, BLOCK - tile.shape[1])]
            yield np.pad(tile, spare + [(0, 0)] * (tile.ndim - 2))
