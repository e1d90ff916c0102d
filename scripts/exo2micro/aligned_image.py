"""The pre image warped into the post frame, streamed from file to file."""

import numpy as np

from .geometry import Transform
from .measurement import measure_pair, measured_tiles
from .padding import raw_box
from .pair_statistics import PairStatistics
from .storage import convert_image, open_image, tile_windows, write_image
from .streaming import ordered_map
from .warping import warp_tile


def aligned_tiles(pre, transform, padding, interpolation, threads=1):
    """Tiles of the aligned pre image in the order of `storage.tile_windows`.

    Parameters
    ----------
    pre : ImageFile
        Padded pre image.
    transform : Transform
        Padded post to padded pre.
    padding : dict
        Stage 1's record.
    interpolation : str
        See `warping.warp_tile`.
    threads : int
        Tiles warped side by side.

    Yields
    ------
    ndarray of float32, or None
        None for a tile where the pre image shows nothing.
    """
    box = raw_box(padding, "pre")

    def warp(window):
        aligned, coverage = warp_tile(pre, transform, window, interpolation, box)
        return aligned if coverage.any() else None

    yield from ordered_map(warp, tile_windows(tuple(padding["canvas"])), threads)


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
        Threads for reading, warping and compressing.
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
    with open_image(sources.pre) as pre:
        tiles = aligned_tiles(pre, transform, padding, values["interpolation"], threads)
        write_image(target, tuple(padding["canvas"]), np.dtype("float32"), tiles, **facts)


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
    transform = Transform.from_record(record)
    with open_image(sources.post) as post, open_image(sources.pre) as pre:
        pair = post, pre, transform, padding
        if target is None:
            return measure_pair(*pair, interpolation, facts["threads"])
        statistics = PairStatistics.of_pair(post, padding)
        tiles = measured_tiles(*pair, statistics, interpolation, facts["threads"])
        write_image(target, post.shape, np.dtype("float32"), tiles, **facts)
    return statistics.result()
