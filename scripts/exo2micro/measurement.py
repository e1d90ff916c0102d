"""One streamed pass over an aligned pair: everything that the scale and the figures need."""

from threading import Lock

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
    statistics = PairStatistics.of_pair(post, padding)
    for _ in measured_tiles(post, pre, transform, padding, statistics, interpolation, threads):
        pass
    return statistics.result()


def measured_tiles(post, pre, transform, padding, statistics, interpolation, threads=1):
    """Gather the statistics of a pair, and pass the aligned pre image on.

    Parameters
    ----------
    post, pre, transform, padding, interpolation, threads
        See `measure_pair`.
    statistics : PairStatistics
        Takes both images; it is complete when the last tile was yielded.

    Yields
    ------
    ndarray of float32
        Tiles of the aligned image in the order of `storage.tile_windows`.
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    # Counted by whoever has read a tile: whoever asks for the tiles has an image to write.
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
        return aligned

    yield from ordered_map(gather, tile_windows(post.shape), threads)


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
