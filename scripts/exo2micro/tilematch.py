"""Sub-pixel shifts between the post image and the aligned pre image on many small tiles.

A tile's shift is found in two steps: phase correlation of the band-passed, clipped, windowed tiles
takes it to a fraction of a pixel, then least squares (`tileshift`) to the noise limit.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy import fft

from .overview import spread_of
from .tileshift import ROUNDS, refine_shift
from .warping import warp_tile

BAND = (1.0, 12.0)
CLIP = 3.0
# Tiles whose shorter side is at least this (px) are correlated at half their resolution: a shift to
# a few tenths of a pixel is all that least squares need.
LARGE_SIDE = 128
# Where shifts of more than NEAR px are looked for, all tiles are matched again from a better start,
# and one step is plenty.
NEAR = 12.0
USABLE_SHARE = 0.5
# Share of full scale above which a pixel counts as saturated.
SATURATED = 0.98
# What a tile may answer instead of a shift.
LOST = "lost"
NO_WITNESS = "no witness"


@dataclass(frozen=True)
class TileShifts:
    """What the tiles tell.

    Attributes
    ----------
    post_xy : ndarray of float64, shape (N, 2)
        Centres of the tiles' evidence, padded-post px.
    pre_xy : ndarray of float64, shape (N, 2)
        Where those centres are in the padded pre image.
    sigma : ndarray of float64, shape (N,)
        Standard error of each position (px, one axis), from the tile's own noise and gradient.
    correlation : ndarray of float64, shape (N,)
        Correlation of the tile's two images after the shift.
    shift : ndarray of float64, shape (N, 2)
        Shift against the transform given, padded-post px.
    tried : int
        Tiles looked at; those without enough sample in both images are no witnesses.
    lost : int
        Witnesses that found nothing within reach; they are not among the N.
    reach : float
        Largest shift that was believed, px.
    number : ndarray of int, shape (N,), or None
        Which of the windows each tile is.
    """

    post_xy: np.ndarray
    pre_xy: np.ndarray
    sigma: np.ndarray
    correlation: np.ndarray
    shift: np.ndarray
    tried: int
    lost: int = 0
    reach: float = np.inf
    number: np.ndarray | None = None


@dataclass(frozen=True)
class TileSource:
    """Both padded images and what is known of them, for matching at full resolution.

    Attributes
    ----------
    post, pre : ImageFile
        Padded images.
    post_box, pre_box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw images.
    saturation : tuple of float or None
        Full scale of post and pre, None for float images.
    interpolation : str
        See `warping.warp_tile`.
    """

    post: object
    pre: object
    post_box: tuple
    pre_box: tuple
    saturation: tuple = (None, None)
    interpolation: str = "cubic"


def match_tiles(source, transform, windows, reach, threads=1, expected=None):
    """Measure the shift of each tile.

    Parameters
    ----------
    source : TileSource
        Images.
    transform : Transform
        Present padded-post to padded-pre transform.
    windows : list of Window
        Padded-post windows, all of one size.
    reach : float
        Largest shift believed, px; never more than half a tile.
    threads : int
        Tiles measured side by side.
    expected : ndarray of float64, shape (number of windows, 2), optional
        Shift that each window is known to have (px, right to a fraction of one), NaN where none
        is known: such windows need no phase correlation.

    Returns
    -------
    TileShifts
    """
    sides = [min(w[1] - w[0], w[3] - w[2]) for w in windows]
    reach = min(reach, min(sides, default=0) / 2 - 2)

    if expected is None:
        expected = np.full((len(windows), 2), np.nan)

    def measure(window, shift):
        return _measure(source, transform, window, reach, shift)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(measure, windows, expected))
    else:
        answers = [measure(*task) for task in zip(windows, expected, strict=True)]
    number = np.array([k for k, answer in enumerate(answers) if isinstance(answer, tuple)], int)
    found = [answers[k] for k in number]
    lost = answers.count(LOST)
    if not found:
        none = np.zeros((0, 2))
        flat = np.zeros(0)
        return TileShifts(none, none, flat, flat, none, len(windows), lost, reach, number)
    centre, shift, sigma, correlation = (np.array(column) for column in zip(*found, strict=True))
    pre_xy = transform.map_points(centre + shift)
    tried = len(windows)
    return TileShifts(centre, pre_xy, sigma, correlation, shift, tried, lost, reach, number)


def expect_shifts(tiles, chosen, transform, count):
    """What the tiles let expect that their windows' shifts are against another transform.

    Parameters
    ----------
    tiles : TileShifts
        Measured positions.
    chosen : ndarray of bool, shape (N,)
        Tiles to believe.
    transform : Transform
        Padded post to padded pre.
    count : int
        Number of windows.

    Returns
    -------
    ndarray of float64, shape (count, 2)
        Padded-post px, NaN where nothing is expected.
    """
    centre = tiles.post_xy[chosen]
    at = transform.map_points(centre)
    slopes = [transform.map_points(centre + unit) - at for unit in np.eye(2)]
    shift = np.linalg.solve(np.stack(slopes, axis=2), (tiles.pre_xy[chosen] - at)[..., None])
    expected = np.full((count, 2), np.nan)
    expected[tiles.number[chosen]] = shift[..., 0]
    return expected


def _measure(source, transform, window, reach, expected):
    """Centre, shift, error and correlation of one tile; LOST, or NO_WITNESS without sample."""
    post = source.post.read_padded(window).astype(np.float32)
    known = bool(np.isfinite(expected[0]))
    whole = np.round(expected).astype(int) if known else np.zeros(2, dtype=int)
    # A tile that is far off is cut out again at its whole-pixel shift: nothing of it is lost then.
    for _ in range(3):
        pre, usable = _pre_tile(source, transform, window, whole, post)
        if usable.mean() < USABLE_SHARE:
            return NO_WITNESS
        shift = expected - whole if known else _phase_shift(post, pre, usable, reach)
        if shift is None or np.abs(whole + shift).max() > reach:
            return LOST
        if np.abs(shift).max() <= 1.5:
            break
        whole = whole + np.round(shift).astype(int)
    rounds = ROUNDS if reach <= NEAR else 1
    found = refine_shift(post, pre, usable, shift, rounds, known)
    if found is None or np.abs(whole + found[1]).max() > reach:
        return LOST
    centre, shift, sigma, correlation = found
    return centre + np.array((window[2], window[0])), whole + shift, sigma, correlation


def _pre_tile(source, transform, window, whole, post):
    """Aligned pre tile at a whole-pixel shift ``(dx, dy)`` and the pixels that count."""
    dx, dy = (int(d) for d in whole)
    there = (window[0] + dy, window[1] + dy, window[2] + dx, window[3] + dx)
    pre, coverage = warp_tile(source.pre, transform, there, source.interpolation, source.pre_box)
    inside = _inside(window, source.post_box)
    usable = coverage if inside is None else coverage & inside
    for image, full_scale in zip((post, pre), source.saturation, strict=True):
        if full_scale is not None:
            usable = usable & (image < SATURATED * full_scale)
    return pre, usable


def _inside(window, box):
    """Pixels of a window that show the raw post image; None where all do."""
    if window[0] >= box[0] and window[1] <= box[1] and window[2] >= box[2] and window[3] <= box[3]:
        return None
    rows = np.arange(window[0], window[1])
    columns = np.arange(window[2], window[3])
    inside_y = (rows >= box[0]) & (rows < box[1])
    inside_x = (columns >= box[2]) & (columns < box[3])
    return inside_y[:, None] & inside_x[None, :]


def _phase_shift(post, pre, usable, reach):
    """Shift by phase correlation, to a fraction of a pixel; None when nothing stands out."""
    if min(post.shape) < LARGE_SIDE:
        return _correlate(post, pre, usable, reach, BAND)
    size = tuple(side // 2 for side in post.shape[::-1])
    halves = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (post, pre)]
    seen = cv2.resize(usable.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    if not seen.any():
        return None
    shift = _correlate(*halves, seen, reach / 2, tuple(sigma / 2 for sigma in BAND))
    return None if shift is None else 2 * shift


def _correlate(post, pre, usable, reach, band):
    """See `_phase_shift`."""
    spectra = [fft.rfft2(_band(image, usable, band) * _taper(post.shape)) for image in (post, pre)]
    cross = np.conj(spectra[0]) * spectra[1]
    size = np.abs(cross)
    floor = 0.02 * size.max()
    if floor <= 0:
        return None
    surface = fft.irfft2(cross / (size + floor), s=post.shape)
    limit = min(reach + 2, min(post.shape) / 2)
    y, x = (np.fft.fftfreq(n, 1 / n) for n in post.shape)
    far = (np.abs(y)[:, None] > limit) | (np.abs(x)[None, :] > limit)
    surface[far] = -np.inf
    top = np.unravel_index(np.argmax(surface), surface.shape)
    sub = []
    for axis in (1, 0):
        low, high = list(top), list(top)
        low[axis] -= 1
        high[axis] = (high[axis] + 1) % surface.shape[axis]
        a, b, c = surface[tuple(low)], surface[top], surface[tuple(high)]
        bend = a - 2 * b + c
        sub.append(0.5 * (a - c) / bend if np.isfinite(bend) and bend < 0 else 0.0)
    # The surface peaks at the way from post to where pre shows the same place.
    return np.array([x[top[1]] + sub[0], y[top[0]] + sub[1]])


@cache
def _taper(shape):
    """Window that lets a tile fade towards its rim."""
    return np.outer(*(np.hanning(n) for n in shape)).astype(np.float32)


def _band(image, usable, band):
    """Band-passed tile in units of its spread, clipped, zero where it can't be used."""
    filled = np.where(usable, image, np.median(image[usable][::5])).astype(np.float32)
    detail = cv2.GaussianBlur(filled, (0, 0), band[0]) - _blur_widely(filled, band[1])
    spread = spread_of(detail[usable][::5])
    if spread <= 0:
        return np.zeros_like(filled)
    return np.where(usable, np.clip(detail / spread, -CLIP, CLIP), 0).astype(np.float32)


def _blur_widely(image, sigma):
    """Gaussian blur of many px, on a fourth of the rows and columns: what it leaves is smooth."""
    size = tuple(max(1, side // 4) for side in image.shape[::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
