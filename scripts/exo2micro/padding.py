"""Stage 1: the signal channel of both photographs on one common canvas."""

import logging
from pathlib import Path
from threading import Lock

import numpy as np

from .errors import ImageReadError
from .storage import (
    ChannelTally,
    Window,
    intersect,
    open_raw,
    packing,
    signal_channels,
    tile_windows,
    write_image,
)
from .workers import Workers

_log = logging.getLogger("exo2micro")

TILE = 512  # px
# Tiles that are read at once, side by side: rows of a plain file are then read in pieces of 12 kB
# (RGB) instead of 1.5 kB, which saves a seventh of the processor time (42 Mpx: 0.79 to 0.68 s).
TILES_AT_ONCE = 8
# Pixels of a photograph from which processes that share the work save more than they cost: to begin
# two takes 0.04 s, and on 4096 x 4096 px each of them saves about half a second.
LARGE_PX = 4096**2


def plan_padding(sample, dye, paths, pad):
    """Decide the canvas of a pair, from its files' headers.

    Parameters
    ----------
    sample, dye : str
        Names.
    paths : dict of str to path
        ``{"post": ..., "pre": ...}``, the raw files.
    pad : int
        Zero border on each side, px.

    Returns
    -------
    dict
        The record ``transforms/01_padding_{fmt}.json``: the canvas, and for each stain the raw
        file's shape and type, so that nobody downstream needs the raw file's headers. What
        `write_padded` tells of the channels is to be added.

    Raises
    ------
    ImageReadError
        When a raw file can't be used.
    """
    raw = {stain: _describe(paths[stain]) for stain in ("post", "pre")}
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


def padding_of(raw, channels, pad, canvas, tally, threads=1, pack=None):
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
    tally : ChannelTally
        Empty; counts the samples of all channels on the way.
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
    # Where threads do the work, there is one tally for all.
    one_counts = Lock()

    def read(block):
        inside, pixels = intersect(block, shown), None
        if inside is not None:
            pixels, counted = raw.read_counted(inside.shifted(-pad, -pad), channels)
            with one_counts:
                tally.merge(counted)
        return [
            pack(_cut(pixels, inside, tile.shifted(block.y0, block.x0)))
            for tile in tile_windows(block.shape, TILE)
        ]

    large = is_large(raw.shape) and raw.make_plain()
    return Workers(read, threads, lambda: tally, fork=large)


def padded_tiles(workers, canvas, tally):
    """Tiles of the padded image, in the order of `storage.tile_windows`.

    Parameters
    ----------
    workers : Workers
        From `padding_of`.
    canvas : tuple of int
        ``(h, w)`` of the padded image.
    tally : ChannelTally
        That of `padding_of`; it is complete when all tiles were yielded.

    Yields
    ------
    ndarray of the raw dtype, or None
        Packed; None for a tile that holds nothing of the raw image.
    """
    for tiles in workers.map(tile_windows(tuple(canvas), (TILE, TILES_AT_ONCE * TILE))):
        yield from tiles
    for counted in workers.farewells:
        tally.merge(counted)


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


def _describe(path):
    """What downstream needs to know of one raw file, from its header."""
    path = Path(path)
    # Opened first: that says what is wrong with a file that is gone.
    with open_raw(path) as raw:
        stat = path.stat()
        return {
            "path": str(path),
            "size_bytes": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "shape": list(raw.shape),
            "dtype": str(raw.dtype),
            "pixel_size_um": None if raw.pixel_size_um is None else list(raw.pixel_size_um),
        }


def write_padded(raw_path, target, padding, stain, facts, channel=None):
    """Write one padded image.

    A photograph is read once: which of its channels carry signal is told by a look at a part of it,
    and all of them are counted while the image is written. Should the whole tell otherwise than the
    part, the image is written again.

    Parameters
    ----------
    raw_path : path
        Raw file.
    target : path
        Checkpoint, its format told by the suffix.
    padding : dict
        Stage 1's record, as planned.
    stain : {'post', 'pre'}
        Which of the two photographs.
    facts : dict
        Keyword arguments of `storage.write_image` beyond the pixels.
    channel : int, optional
        Signal channel instead of the one that is found by the channels' means.

    Returns
    -------
    dict
        What the record says of the stain's channels: the chosen ones, ``channels``, and the means
        of all, ``channel_means``.

    Raises
    ------
    ImageReadError
        If the raw file is not the one that was planned for, or changes while it is read.
    """
    with open_raw(raw_path) as raw:
        _check_still_planned(raw, padding["raw"][stain])

        def signal_of(tally):
            return signal_channels(tally.means, raw.dtype, channel, peak=tally.peak)

        channels = signal_of(raw.glance(facts.get("threads", 1)))
        tally = _write_channels(raw, target, padding, channels, facts)
        if signal_of(tally) != channels:
            _log.info("%s: the whole has other signal channels than a part had", raw_path)
            channels = signal_of(tally)
            tally = _write_channels(raw, target, padding, channels, facts)
    return {"channels": list(channels), "channel_means": list(tally.means)}


def _write_channels(raw, target, padding, channels, facts):
    """Write some channels of a photograph, padded; the tally of all of them."""
    canvas, tally = tuple(padding["canvas"]), ChannelTally(raw.n_channels)
    how = channels, padding["pad"], canvas, tally, facts.get("threads", 1)
    with padding_of(raw, *how, packing(target)) as workers:
        tiles = _if_unchanged(padded_tiles(workers, canvas, tally), raw.path, raw.stat())
        write_image(target, canvas, raw.dtype, tiles, **facts)
    return tally


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
