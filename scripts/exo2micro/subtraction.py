"""Stage 4's images in one pass: difference, significance, mask and what was detected."""

import numpy as np

from .catalogue import Detections
from .detection import Detector, cut_images, find_in, tiles_of
from .difference_image import MOFFAT, Subtraction
from .padding import is_large
from .significance import Photometry
from .storage import open_image, packing, write_images
from .transforms import load_transform
from .workers import Workers

IMAGES = 3  # difference, significance and mask


def detecting(detector, subtraction, *, threshold, fwhm, pad, threads=1, packs=None):
    """Workers that make stage 4's images place by place, for `result_tiles`.

    Parameters
    ----------
    detector : Detector
        Of the pair.
    subtraction : Subtraction
        Scale and dark levels.
    threshold, fwhm, pad
        See `candidates.find_candidates`.
    threads : int
        Processes that work side by side.
    packs : list of callable, optional
        For each of the three images, takes a tile and gives what is to be passed on of it; the
        tile itself if not given.

    Returns
    -------
    Workers
    """
    packs = packs or [lambda tile: tile] * IMAGES

    def work_on(place):
        core = detector.core_of(place)
        context = None if core is None else detector.around(core)
        pair = detector.read(place, context)
        tile = None if core is None else detector.detect(core, pair)
        found = None if tile is None else find_in(tile, threshold=threshold, fwhm=fwhm, pad=pad)
        rows = []
        for window in tiles_of(place):
            images = _subtract(subtraction, pair, window), *cut_images(tile, window)
            rows.append([pack(image) for pack, image in zip(packs, images, strict=True)])
        return found, rows

    y0, y1, x0, x1 = detector.boxes["post"]
    return Workers(work_on, threads, fork=is_large((y1 - y0, x1 - x0)))


def result_tiles(workers, detector, detections):
    """Tiles of stage 4's images, with each pixel read and warped once.

    Parameters
    ----------
    workers : Workers
        From `detecting`.
    detector : Detector
        Of the pair.
    detections : Detections
        Takes the candidates and the areas; complete when the last tile was yielded.

    Yields
    ------
    difference, significance : ndarray of float32, or None
        None for zeros.
    mask : ndarray of uint8
        All three in the order of `storage.tile_windows`, packed.
    """
    for found, rows in workers.map(detector.places()):
        if found is not None:
            found.add_to(detections)
        yield from rows


def _subtract(subtraction, pair, window):
    """Difference of a tile; None where both images are empty."""
    own = pair.cut(window)
    if not own.post.any() and not own.aligned.any():
        return None
    return subtraction(window, own.post, own.aligned, own.coverage)


def write_difference_and_detect(sources, targets, padding, record, scale, values, facts):
    """Write difference, significance and mask, and detect what stands out of the noise.

    Parameters
    ----------
    sources : object
        Paths `post`, `pre` (padded images) and `transform`.
    targets : object
        Paths `difference`, `significance` and `mask`.
    padding, record : dict
        Stage 1's record and the scale's.
    scale : float
        Photometric scale.
    values : dict
        Parameters; used are ``interpolation`` and ``detection_sigma``.
    facts : dict
        `storage.write_image`'s facts of the images, threads included.

    Returns
    -------
    dict of ndarray
        See `catalogue`.
    """
    photometry = Photometry.from_record(record)
    subtraction = Subtraction.from_record(record, MOFFAT, scale)
    settings = {"threshold": float(values["detection_sigma"]), "fwhm": photometry.fwhm}
    detections = Detections()
    images = [
        (targets.difference, np.dtype("float32")),
        (targets.significance, np.dtype("float32")),
        (targets.mask, np.dtype("uint8")),
    ]
    with open_image(sources.post) as post, open_image(sources.pre) as pre:
        pair = post, pre, load_transform(sources.transform), padding
        detector = Detector(*pair, photometry, values["interpolation"])
        packs = [packing(path) for path, _ in images]
        details = {**settings, "pad": int(padding["pad"]), "threads": facts["threads"]}
        with detecting(detector, subtraction, **details, packs=packs) as workers:
            tiles = result_tiles(workers, detector, detections)
            write_images(images, post.shape, tiles, forget=True, **facts)
    return detections.result(**settings)
