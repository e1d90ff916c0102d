"""Search over rotations and magnifications, with the shift from the correlation of each trial.

Both the boundary ring and the interior's detail are correlated; the sum of the two normalised
correlations is the trial's score. The search works on images of about 160 px, so a trial costs
about a millisecond.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import fft

from .geometry import full_from_reduced, normalize, similarity
from .overview import band_pass

SEARCH_SIDE = 160


@dataclass(frozen=True)
class SearchImage:
    """Channels of one image to be correlated, cropped to the raw image.

    Attributes
    ----------
    channels : list of ndarray of float32, shape (h, w)
        Images of equal size, each zero outside the sample and of norm 1.
    centre : tuple of float
        ``(x, y)`` of the sample's centroid.
    overview_from_search : ndarray, shape (3, 3)
        From this image's pixels to the overview's.
    """

    channels: list
    centre: tuple
    overview_from_search: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One rotation and magnification with the best shift for it.

    Attributes
    ----------
    score : float
        Sum of the channels' normalised correlations.
    angle_deg, scale : float
        Rotation and magnification of pre from post.
    pre_from_post : ndarray, shape (3, 3)
        Between the overviews' pixels.
    """

    score: float
    angle_deg: float
    scale: float
    pre_from_post: np.ndarray


def search_image(overview, ring, factor):
    """Channels of an overview at the search's resolution.

    Parameters
    ----------
    overview : Overview
        Sample.
    ring : ndarray of float32, shape of the overview
        Boundary ring, or zeros.
    factor : float
        Search size over overview size.

    Returns
    -------
    SearchImage
    """
    rows, columns = np.nonzero(overview.footprint.mask)
    box = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
    crop = (slice(box[0], box[1]), slice(box[2], box[3]))
    height, width = box[1] - box[0], box[3] - box[2]
    size = (max(8, round(width * factor)), max(8, round(height * factor)))

    def shrink(image):
        return cv2.resize(image[crop].astype(np.float32), size, interpolation=cv2.INTER_AREA)

    mask = shrink(overview.footprint.area) > 0.5
    detail = band_pass(shrink(overview.image), mask, mask)
    channels = [_unit(channel) for channel in (shrink(ring), detail)]
    y, x = np.nonzero(mask) if mask.any() else np.indices(mask.shape).reshape(2, -1)
    factors = (size[0] / width, size[1] / height)
    matrix = full_from_reduced(factors)
    matrix[:2, 2] += (box[2], box[0])
    return SearchImage(channels, (float(x.mean()), float(y.mean())), matrix)


def search(post, pre, angles, scales, keep=4, every=1):
    """Best rotations and magnifications on a grid.

    Parameters
    ----------
    post, pre : SearchImage
        Images at the same nominal resolution.
    angles : sequence of float
        Degrees, pre from post, in ascending order.
    scales : sequence of float
        Magnifications, pre from post.
    keep : int
        Trials to return.
    every : int
        Every so many angles are tried first, the others only next to the best of these.

    Returns
    -------
    list of Trial
        Best first, no two of them neighbours.
    """
    correlate = _Correlator(post, pre, scales)
    first = range(0, len(angles), every)
    best = _distinct([correlate(angles[k], scale) for scale in scales for k in first], keep)
    if every == 1:
        return best
    reach = (every - 0.5) * (angles[1] - angles[0])
    finer = [
        correlate(angle, trial.scale)
        for trial in best
        for angle in angles
        if 0 < abs(angle - trial.angle_deg) < reach
    ]
    return _distinct(best + finer, keep)


def _distinct(trials, keep):
    """The best trials of which no two are neighbours."""
    best = []
    for trial in sorted(trials, key=lambda trial: -trial.score):
        if not any(_near(trial.angle_deg, trial.scale, other) for other in best):
            best.append(trial)
        if len(best) == keep:
            break
    return best


class _Correlator:
    """Trials of one pair: draws pre turned and magnified and correlates it with post.

    Parameters
    ----------
    post, pre : SearchImage
        Images at the same nominal resolution.
    scales : sequence of float
        Magnifications that will be asked for.
    """

    def __init__(self, post, pre, scales):
        self._post, self._pre = post, pre
        largest = max(max(c.shape) for c in (post.channels[0], pre.channels[0]))
        side = int(np.ceil(largest * max(1.0, 1 / min(scales)) * 1.42)) + 8
        self._side = fft.next_fast_len(side, real=True)
        self._middle = (self._side / 2, self._side / 2)
        used = [k for k, c in enumerate(post.channels) if c.any() and pre.channels[k].any()]
        posts, self._pres = ([im.channels[k] for k in used] or im.channels for im in (post, pre))
        placed = _spectra(posts, similarity(0, 1, self._middle, post.centre), self._side)
        self._placed = [np.conj(spectrum) for spectrum in placed]

    def __call__(self, angle, scale):
        """Trial at one rotation (degrees) and magnification."""
        turn = similarity(angle, scale, self._middle, self._pre.centre)
        moved = _spectra(self._pres, turn, self._side)
        score, shift = _correlate(self._placed, moved, self._side)
        matrix = _matrix(self._post, self._pre, angle, scale, shift, self._middle)
        return Trial(score, angle, scale, matrix)


def _matrix(post, pre, angle, scale, shift, middle):
    """The trial's transform between overview pixels."""
    square_from_post = np.linalg.inv(similarity(0, 1, middle, post.centre))
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]])
    pre_from_square = similarity(angle, scale, middle, pre.centre)
    search_matrix = pre_from_square @ moved @ square_from_post
    return normalize(
        pre.overview_from_search @ search_matrix @ np.linalg.inv(post.overview_from_search)
    )


def _spectra(channels, source_from_square, side):
    """Fourier transforms of the channels, each drawn into a square frame and of norm 1."""
    spectra = []
    for channel in channels:
        drawn = cv2.warpAffine(
            channel,
            source_from_square[:2],
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        spectra.append(fft.rfft2(_unit(drawn)))
    return spectra


def _correlate(post, pre, side):
    """Highest summed correlation and the shift ``(dx, dy)`` from post's square to pre's.

    Of `post` the spectra's conjugates are given.
    """
    product = post[0] * pre[0]
    for a, b in zip(post[1:], pre[1:], strict=True):
        product += a * b
    surface = fft.irfft2(product, s=(side, side))
    _, score, _, (x, y) = cv2.minMaxLoc(surface)
    dx, dy = (_peak(surface, (y, x), axis) for axis in (1, 0))
    wrap = [(d + side / 2) % side - side / 2 for d in (x + dx, y + dy)]
    return score, wrap


def _peak(surface, at, axis):
    """Offset of a parabola's top from the highest pixel along one axis."""
    before, after = list(at), list(at)
    before[axis] -= 1
    after[axis] = (after[axis] + 1) % surface.shape[axis]
    left, top, right = surface[tuple(before)], surface[at], surface[tuple(after)]
    bend = left - 2 * top + right
    return 0.0 if bend >= 0 else float(0.5 * (left - right) / bend)


def _near(angle, scale, other):
    """Neighbours on the grid tell one hypothesis."""
    turn = abs((angle - other.angle_deg + 180) % 360 - 180)
    return turn < 6 and abs(np.log(scale / other.scale)) < 0.12


def _unit(image):
    """Image of norm 1; an empty one stays empty."""
    norm = cv2.norm(image)
    return image * np.float32(1 / norm) if norm > 0 else image
