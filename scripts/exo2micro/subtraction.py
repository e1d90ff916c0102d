"""Stage 4's images in one pass: difference, significance, mask and what was detected."""

import numpy as np

from .catalogue import Detections
from .detection import Detector, cut_images, find_in, tiles_of
from .difference_image import MOFFAT, Subtraction
from .significance import Photometry
from .storage import open_image, write_images
from .streaming import ordered_map
from .transforms import load_transform


def result_tiles(detector, subtraction, detections, *, threshold, fwhm, pad, threads=1):
    """Tiles of stage 4's images, with each pixel read and warped once.

    Parameters
    ----------
    detector : Detector
        Of the pair.
    subtraction : Subtraction
        Scale and dark levels.
    detections : Detections
        Takes the candidates and the areas; complete when the last tile was yielded.
    threshold, fwhm, pad
        See `candidates.find_candidates`.
    threads : int
        Places worked on side by side.

    Yields
    ------
    difference, significance : ndarray of float32, or None
        None for zeros.
    mask : ndarray of uint8
        All three in the order of `storage.tile_windows`.
    """

    def work_on(place):
        core = detector.core_of(place)
        context = None if core is None else detector.around(core)
        pair = detector.read(place, context)
        tile = None if core is None else detector.detect(core, pair)
        found = None if tile is None else find_in(tile, threshold=threshold, fwhm=fwhm, pad=pad)
        return found, [
            (_subtract(subtraction, pair, window), *cut_images(tile, window))
            for window in tiles_of(place)
        ]

    for found, images in ordered_map(work_on, detector.places(), threads):
        if found is not None:
            found.add_to(detections)
        yield from images


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
        tiles = result_tiles(
            detector,
            subtraction,
            detections,
            **settings,
            pad=int(padding["pad"]),
            threads=facts["threads"],
        )
        write_images(images, post.shape, tiles, **facts)
    return detections.result(**settings)
