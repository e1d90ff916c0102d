"""Stage 1: the signal channel of both photographs on one common canvas."""

from pathlib import Path

import numpy as np

from .errors import ImageReadError
from .storage import (
    Window,
    intersect,
    open_raw,
    packing,
    signal_channels,
    tile_windows,
    write_image,
)
from .workers import Workers

TILE = 512  # px
# Tiles that are read at once, side by side: rows of a plain file are then read in pieces of 12 kB
# (RGB) instead of 1.5 kB, which saves a seventh of the processor time (42 Mpx: 0.79 to 0.68 s).
TILES_AT_ONCE = 8
# Pixels of a photograph from which processes that share the work save more than they cost: to begin
# two takes 0.04 s, and on 4096 x 4096 px each of them saves about half a second.
LARGE_PX = 4096**2


def plan_padding(sample, dye, paths, pad, channel=None, threads=1):
    """Decide the canvas and the signal channels of a pair.

    Parameters
    ----------
    sample, dye : str
        Names.
    paths : dict of str to path
        ``{"post": ..., "pre": ...}``, the raw files.
    pad : int
        Zero border on each side, px.
    channel : int, optional
        Signal channel instead of the one that is found by the channels' means.
    threads : int
        Threads that read a file.

    Returns
    -------
    dict
        The record ``transforms/01_padding_{fmt}.json``: the canvas, and for each stain the raw
        file's shape, type, channels and their means, so that nobody downstream needs the raw
        file's headers.

    Raises
    ------
    ImageReadError
        When a raw file can't be used.
    """
    raw = {stain: _describe(paths[stain], channel, threads) for stain in ("post", "pre")}
    pixel_sizes = [raw[stain].pop("pixel_size_um") for stain in ("post", "pre")]
    canvas = [max(raw[stain]["shape"][axis] for stain in raw) + 2 * pad for axis in (0, 1)]
    return {
        "stage": "01_padded",
        "sample": sample,
        "dye": dye,
        "pad": pad,
        "canvas": canvas,
        "raw": raw,
        "saturation": {stain: full_scale(raw[stain]["dtype"]) for stain in raw},
        "pixel_size_um": pixel_sizes[0] or pixel_sizes[1],
    }


def full_scale(dtype):
    """Highest value of an integer type; None for float images, which have no fixed one."""
    dtype = np.dtype(dtype)
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else None


def raw_box(padding, stain):
    """``(y0, y1, x0, x1)`` of a raw image in its padded image.

    Parameters
    ----------
    padding : dict
        Stage 1's record.
    stain : {'post', 'pre'}

    Returns
    -------
    tuple of int
    """
    pad = int(padding["pad"])
    height, width = padding["raw"][stain]["shape"]
    return (pad, pad + int(height), pad, pad + int(width))


def is_large(shape):
    """Whether a photograph of a shape is large enough to be worked on by several processes."""
    return shape[0] * shape[1] >= LARGE_PX


def padding_of(raw, channels, pad, canvas, threads=1, pack=None):
    """Workers that lay a photograph on the canvas block by block, for `padded_tiles`.

    Parameters
    ----------
    raw : RawImage
        Photograph.
    channels : tuple of int
        Signal channels; several are summed and clipped to the type's range.
    pad : int
        Position of the raw image's first pixel on the canvas, both ways.
    canvas : tuple of int
        ``(h, w)`` of the padded image.
    threads : int
        Blocks read side by side: by processes, or where what is decoded has to be shared, threads.
    pack : callable, optional
        Takes a tile and gives what is to be passed on of it; the tile itself if not given.

    Returns
    -------
    Workers
    """
    shown = Window(pad, pad + raw.shape[0], pad, pad + raw.shape[1])
    pack = pack or (lambda tile: tile)

    def read(block):
        inside = intersect(block, shown)
        pixels = None if inside is None else raw.read(inside.shifted(-pad, -pad), tuple(channels))
        return [
            pack(_cut(pixels, inside, tile.shifted(block.y0, block.x0)))
            for tile in tile_windows(block.shape, TILE)
        ]

    return Workers(read, threads, fork=is_large(raw.shape) and raw.make_plain())


def padded_tiles(workers, canvas):
    """Tiles of the padded image, in the order of `storage.tile_windows`.

    Parameters
    ----------
    workers : Workers
        From `padding_of`.
    canvas : tuple of int
        ``(h, w)`` of the padded image.

    Yields
    ------
    ndarray of the raw dtype, or None
        Packed; None for a tile that holds nothing of the raw image.
    """
    for tiles in workers.map(tile_windows(tuple(canvas), (TILE, TILES_AT_ONCE * TILE))):
        yield from tiles


def _cut(pixels, place, window):
    """Tile of the canvas out of pixels that lie at a place on it; None for an empty one."""
    common = None if pixels is None else intersect(place, window)
    if common is None:
        return None
    if common == window:
        return pixels[window.within(place)]
    tile = np.zeros(window.shape, dtype=pixels.dtype)
    tile[common.within(window)] = pixels[common.within(place)]
    return tile


def _describe(path, channel, threads):
    """What downstream needs to know of one raw file."""
    path = Path(path)
    # Opened first: that says what is wrong with a file that is gone.
    with open_raw(path) as raw:
        stat = path.stat()
        means = raw.channel_means(threads)
        chosen = signal_channels(means, raw.dtype, channel, peak=raw.peak)
        return {
            "path": str(path),
            "size_bytes": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "shape": list(raw.shape),
            "dtype": str(raw.dtype),
            "channels": list(chosen),
            "channel_means": [float(m) for m in means],
            "pixel_size_um": None if raw.pixel_size_um is None else list(raw.pixel_size_um),
        }


def write_padded(raw_path, target, padding, stain, facts):
    """Write one padded image.

    Parameters
    ----------
    raw_path : path
        Raw file.
    target : path
        Checkpoint, its format told by the suffix.
    padding : dict
        Stage 1's record.
    stain : {'post', 'pre'}
        Which of the two photographs.
    facts : dict
        Keyword arguments of `storage.write_image` beyond the pixels.

    Raises
    ------
    ImageReadError
        If the raw file is not the one that was planned for, or changes while it is read.
    """
    described, canvas = padding["raw"][stain], tuple(padding["canvas"])
    with open_raw(raw_path) as raw:
        _check_still_planned(raw, described)
        how = described["channels"], padding["pad"], canvas, facts.get("threads", 1)
        with padding_of(raw, *how, packing(target)) as workers:
            tiles = _if_unchanged(padded_tiles(workers, canvas), Path(raw_path), raw.stat())
            write_image(target, canvas, np.dtype(described["dtype"]), tiles, **facts)


def _check_still_planned(raw, described):
    """Refuse a photograph that is not the one of which the canvas was planned."""
    found = {"shape": list(raw.shape), "dtype": str(raw.dtype)}
    planned = {name: described[name] for name in found}
    if found != planned:
        raise ImageReadError(_changed(raw.path, f"it was {planned} and is {found}"))


def _if_unchanged(tiles, path, before):
    """Pass tiles on, the last one only if the file was not written or replaced meanwhile."""
    held = next(tiles)
    for tile in tiles:
        yield held
        held = tile
    _check_unchanged(path, before)
    yield held


def _check_unchanged(path, before):
    try:
        after = path.stat()
    except FileNotFoundError:
        raise ImageReadError(_changed(path, "it is gone")) from None
    facts = ("st_size", "st_mtime_ns", "st_ino")
    if any(getattr(before, fact) != getattr(after, fact) for fact in facts):
        raise ImageReadError(_changed(path, "it was written or replaced"))


def _changed(path, how):
    return (
        f"{path} changed while the run worked on it: {how}. Wait until it has its final content, "
        "then run again."
    )
