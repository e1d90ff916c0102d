"""One streamed pass over an aligned pair: everything that the scale and the figures need."""

import numpy as np

from .padding import raw_box
from .pair_statistics import PairStatistics
from .storage import intersect, tile_windows
from .streaming import ordered_map
from .warping import warp_tile


def measure_pair(post, pre, transform, padding, interpolation, threads=1):
    """Gather the statistics of a pair, warping the pre image on the way.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    transform : Transform
        Padded post to padded pre.
    padding : dict
        Stage 1's record.
    interpolation : str
        See `warping.warp_tile`.
    threads : int
        Tiles read and warped side by side.

    Returns
    -------
    dict of ndarray
        See `pair_statistics`.
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    saturation = (padding["saturation"]["post"], padding["saturation"]["pre"])
    statistics = PairStatistics(post.shape, boxes["post"], saturation, post.dtype)

    def gather(window):
        return window, *covered_pair(post, pre, transform, window, interpolation, boxes)

    for window, *tiles in ordered_map(gather, tile_windows(post.shape), threads):
        statistics.add(window, *tiles)

    def read_raw(window):
        inside = intersect(window, boxes["pre"])
        return None if inside is None else pre.read(inside)

    for tile in ordered_map(read_raw, tile_windows(pre.shape), threads):
        if tile is not None:
            statistics.add_raw_pre(tile)
    return statistics.result()


def covered_pair(post, pre, transform, window, interpolation, boxes):
    """Post tile, aligned pre tile and where both photographs show something.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    transform : Transform
        Padded post to padded pre.
    window : Window
        Padded-post window.
    interpolation : str
        See `warping.warp_tile`.
    boxes : dict
        ``(y0, y1, x0, x1)`` of the raw images in the padded ones, by stain.

    Returns
    -------
    post : ndarray of the raw type
    aligned : ndarray of float32
    coverage : ndarray of bool
    """
    aligned, coverage = warp_tile(pre, transform, window, interpolation, boxes["pre"])
    inside = intersect(window, boxes["post"])
    shown = np.zeros(coverage.shape, dtype=bool)
    if inside is not None:
        shown[inside.within(window)] = True
    return post.read(window), aligned, coverage & shown
