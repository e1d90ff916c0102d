"""The pre image warped into the post frame, streamed from file to file."""

import numpy as np

from .geometry import Transform
from .measurement import TILES_AT_ONCE, measure_pair, measured_tiles, measuring
from .padding import is_large, raw_box
from .pair_statistics import PairStatistics
from .storage import convert_image, open_image, packing, tile_windows, write_image
from .warping import warp_tile
from .workers import Workers


def write_aligned(
    sources, target, record, padding, values, *, header, matrix="pre_from_post", threads=1
):
    """Write an aligned pre image, by warping or from its twin in the other format.

    Parameters
    ----------
    sources : object
        With `pre`, the padded pre image's path, or `twin`.
    target : path
        Checkpoint.
    record, padding : dict
        The transform's record and stage 1's.
    values : dict
        Parameters.
    header : dict
        FITS cards.
    matrix : str
        Key of the matrix in the record; a coarse one has no displacement.
    threads : int
        Processes that read, warp and compress.
    """
    facts = {
        "channel_name": padding["dye"],
        "pixel_size_um": padding["pixel_size_um"],
        "header": header,
        "threads": threads,
    }
    if hasattr(sources, "twin"):
        convert_image(sources.twin, target, **facts)
        return
    transform = Transform.from_record(record)
    if matrix != "pre_from_post":
        transform = Transform(np.asarray(record[matrix], dtype=np.float64))
    canvas, box, pack = tuple(padding["canvas"]), raw_box(padding, "pre"), packing(target)
    with open_image(sources.pre) as pre:

        def warp(window):
            aligned, coverage = warp_tile(pre, transform, window, values["interpolation"], box)
            return pack(aligned) if coverage.any() else None

        large = is_large(padding["raw"]["pre"]["shape"])
        with Workers(warp, threads, fork=large) as workers:
            tiles = workers.map(tile_windows(canvas), TILES_AT_ONCE)
            write_image(target, canvas, np.dtype("float32"), tiles, forget=True, **facts)


def write_aligned_and_measure(sources, target, record, padding, interpolation, facts):
    """Write an aligned pre image and gather the pair's statistics in one pass.

    Parameters
    ----------
    sources : object
        With `post` and `pre`, the padded images' paths.
    target : path or None
        Checkpoint; None where it is not kept.
    record, padding : dict
        The transform's record and stage 1's.
    interpolation : str
        See `warping.warp_tile`.
    facts : dict
        `storage.write_image`'s facts of the image, threads included.

    Returns
    -------
    dict of ndarray
        See `pair_statistics`.
    """
    transform, threads = Transform.from_record(record), facts["threads"]
    with open_image(sources.post) as post, open_image(sources.pre) as pre:
        pair = post, pre, transform, padding
        if target is None:
            return measure_pair(*pair, interpolation, threads)
        statistics = PairStatistics.of_pair(post, padding)
        with measuring(*pair, statistics, interpolation, threads, packing(target)) as workers:
            tiles = measured_tiles(workers, post.shape, statistics)
            write_image(target, post.shape, np.dtype("float32"), tiles, forget=True, **facts)
    return statistics.result()
