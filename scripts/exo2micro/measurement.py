"""One streamed pass over an aligned pair: everything that the scale and the figures need."""

from threading import Lock

from .padding import is_large, raw_box
from .pair_statistics import PairStatistics
from .storage import intersect, tile_windows
from .warping import warp_tile
from .workers import Workers

# Tiles of a row that one process works on, one after the other: they read the same source tiles.
TILES_AT_ONCE = 8


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
        Processes that read, warp and count.

    Returns
    -------
    dict of ndarray
        See `pair_statistics`.
    """
    statistics = PairStatistics.of_pair(post, padding)
    pair = post, pre, transform, padding
    with measuring(*pair, statistics, interpolation, threads, _drop) as workers:
        for _ in measured_tiles(workers, post.shape, statistics):
            pass
    return statistics.result()


def measuring(post, pre, transform, padding, statistics, interpolation, threads, pack):
    """Workers that gather the statistics of a pair tile by tile, for `measured_tiles`.

    Parameters
    ----------
    post, pre, transform, padding, interpolation, threads
        See `measure_pair`.
    statistics : PairStatistics
        Of the pair; empty.
    pack : callable
        Takes a tile of the aligned image, and gives what is to be passed on of it.

    Returns
    -------
    Workers
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    # Where threads do the work, there is one for all.
    one_counts = Lock()

    def gather(window):
        tile, aligned, coverage = covered_pair(post, pre, transform, window, interpolation, boxes)
        # Both padded images are of one shape, and what lies near was decoded a moment ago.
        inside = intersect(window, boxes["pre"])
        raw_pre = None if inside is None else pre.read(inside)
        with one_counts:
            statistics.add(window, tile, aligned, coverage)
            if raw_pre is not None:
                statistics.add_raw_pre(raw_pre)
        return pack(aligned)

    large = is_large(padding["raw"]["post"]["shape"])
    return Workers(gather, threads, lambda: statistics, fork=large)


def measured_tiles(workers, shape, statistics):
    """Pass the aligned pre image on while the statistics of the pair are gathered.

    Parameters
    ----------
    workers : Workers
        From `measuring`.
    shape : tuple of int
        ``(height, width)`` of the padded-post frame.
    statistics : PairStatistics
        That of `measuring`; it is complete when all tiles were yielded.

    Yields
    ------
    object
        Packed tiles of the aligned image in the order of `storage.tile_windows`.
    """
    yield from workers.map(tile_windows(shape), TILES_AT_ONCE)
    for gathered in workers.farewells:
        statistics.merge(gathered)


def _drop(tile):
    """Pass nothing on."""


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
    clear_beside(coverage, window, boxes["post"])
    return post.read(window), aligned, coverage


def clear_beside(coverage, window, box):
    """Take what lies beside a box off the coverage of a window, in place.

    Parameters
    ----------
    coverage : ndarray of bool, shape (height, width)
        Of the window.
    window, box : tuple of int
        ``(y0, y1, x0, x1)`` in the padded-post frame.
    """
    inside = intersect(window, box)
    if inside is None:
        coverage[:] = False
        return
    rows, columns = inside.within(window)
    coverage[: rows.start] = coverage[rows.stop :] = False
    coverage[:, : columns.start] = coverage[:, columns.stop :] = False
