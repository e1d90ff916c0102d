"""Sub-pixel shifts between the post image and the aligned pre image on many small tiles.

A tile's shift is found in two steps: phase correlation of the band-passed, clipped, windowed tiles
takes it to a fraction of a pixel, then weighted least squares on the image gradient (Lucas and
Kanade 1981) with a free gain and offset takes it to the noise limit. Microbes, saturation and
everything else that is in one image only gets no weight.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import fft

from .overview import spread_of
from .warping import interpolate, warp_tile

BAND = (1.0, 12.0)
CLIP = 3.0
ROUNDS = 3
USABLE_SHARE = 0.5
TUKEY = 4.685
# Share of full scale above which a pixel counts as saturated.
SATURATED = 0.98
# Brightness classes in which the residuals' spread is taken: light is noisier than darkness.
LEVELS = 6
# Steps of brightness between the darkest class and the brightest.
SHADES = 64
SAMPLE = 1500
# Of large tiles every so many rows and columns take part: smoothing by BAND[0] leaves little new
# between them. Small tiles, which small samples have, need all of theirs.
STEP = 2
LARGE = 128 * 128
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
    """

    post_xy: np.ndarray
    pre_xy: np.ndarray
    sigma: np.ndarray
    correlation: np.ndarray
    shift: np.ndarray
    tried: int
    lost: int = 0
    reach: float = np.inf


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


def match_tiles(source, transform, windows, reach, threads=1):
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

    Returns
    -------
    TileShifts
    """
    sides = [min(w[1] - w[0], w[3] - w[2]) for w in windows]
    reach = min(reach, min(sides, default=0) / 2 - 2)

    def measure(window):
        return _measure(source, transform, window, reach)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(measure, windows))
    else:
        answers = [measure(window) for window in windows]
    found = [answer for answer in answers if isinstance(answer, tuple)]
    lost = answers.count(LOST)
    if not found:
        none = np.zeros((0, 2))
        return TileShifts(none, none, np.zeros(0), np.zeros(0), none, len(windows), lost, reach)
    centre, shift, sigma, correlation = (np.array(column) for column in zip(*found, strict=True))
    pre_xy = transform.map_points(centre + shift)
    return TileShifts(centre, pre_xy, sigma, correlation, shift, len(windows), lost, reach)


def _measure(source, transform, window, reach):
    """Centre, shift, error and correlation of one tile; LOST, or NO_WITNESS without sample."""
    post = source.post.read_padded(window).astype(np.float32)
    whole = np.zeros(2, dtype=int)
    # A tile that is far off is cut out again at its whole-pixel shift: nothing of it is lost then.
    for _ in range(3):
        pre, usable = _pre_tile(source, transform, window, whole, post)
        if usable.mean() < USABLE_SHARE:
            return NO_WITNESS
        shift = _phase_shift(post, pre, usable, reach)
        if shift is None or np.abs(whole + shift).max() > reach:
            return LOST
        if np.abs(shift).max() <= 1.5:
            break
        whole = whole + np.round(shift).astype(int)
    found = _gradient_shift(post, pre, usable, shift)
    if found is None or np.abs(whole + found[1]).max() > reach:
        return LOST
    centre, shift, sigma, correlation = found
    return centre + np.array((window[2], window[0])), whole + shift, sigma, correlation


def _pre_tile(source, transform, window, whole, post):
    """Aligned pre tile at a whole-pixel shift ``(dx, dy)`` and the pixels that count."""
    dx, dy = (int(d) for d in whole)
    there = (window[0] + dy, window[1] + dy, window[2] + dx, window[3] + dx)
    pre, coverage = warp_tile(source.pre, transform, there, source.interpolation, source.pre_box)
    usable = coverage & _inside(window, source.post_box)
    for image, full_scale in zip((post, pre), source.saturation, strict=True):
        if full_scale is not None:
            usable &= image < SATURATED * full_scale
    return pre, usable


def _inside(window, box):
    """Pixels of a window that show the raw post image."""
    rows = np.arange(window[0], window[1])
    columns = np.arange(window[2], window[3])
    inside_y = (rows >= box[0]) & (rows < box[1])
    inside_x = (columns >= box[2]) & (columns < box[3])
    return inside_y[:, None] & inside_x[None, :]


def _phase_shift(post, pre, usable, reach):
    """Shift by phase correlation, to a fraction of a pixel; None when nothing stands out."""
    taper = np.outer(*(np.hanning(n) for n in post.shape)).astype(np.float32)
    spectra = [fft.rfft2(_band(image, usable) * taper) for image in (post, pre)]
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


def _band(image, usable):
    """Band-passed tile in units of its spread, clipped, zero where it can't be used."""
    filled = np.where(usable, image, np.median(image[usable][::5])).astype(np.float32)
    detail = cv2.GaussianBlur(filled, (0, 0), BAND[0]) - cv2.GaussianBlur(filled, (0, 0), BAND[1])
    spread = spread_of(detail[usable][::5])
    if spread <= 0:
        return np.zeros_like(filled)
    return np.where(usable, np.clip(detail / spread, -CLIP, CLIP), 0).astype(np.float32)


def _gradient_shift(post, pre, usable, shift):
    """Refine a shift by robust least squares on the gradient."""
    rows, columns = np.indices(post.shape, dtype=np.float64)
    smooth_post = cv2.GaussianBlur(post, (0, 0), BAND[0])
    result = None
    for _ in range(ROUNDS):
        moved = interpolate(pre, columns + shift[0], rows + shift[1], "cubic")
        smooth_pre = cv2.GaussianBlur(moved, (0, 0), BAND[0])
        seen = _shrink(usable, shift)
        result = _solve(smooth_post, smooth_pre, seen)
        if result is None:
            return None
        step, sigma, correlation, centre = result
        # Step is how far pre must still be moved.
        shift = shift + np.clip(step, -1, 1)
        if np.abs(step).max() < 0.003:
            break
    return centre, shift, sigma, correlation


def _shrink(usable, shift):
    """Usable pixels whose shifted partner and gradient are usable too."""
    margin = int(np.ceil(np.abs(shift).max())) + 5
    kernel = np.ones((7, 7), dtype=np.uint8)
    inner = cv2.erode(usable.astype(np.uint8), kernel, borderValue=0).astype(bool)
    inner[:margin] = inner[-margin:] = False
    inner[:, :margin] = inner[:, -margin:] = False
    return inner


def _solve(post, pre, usable):
    """One robust step: shift, its standard error, the correlation and the evidence's centre."""
    step = STEP if usable.size >= LARGE else 1
    every = slice(None, None, step)
    where = np.flatnonzero(usable[every, every])
    if len(where) < 0.2 * usable[every, every].size:
        return None

    def some(image):
        return image[every, every].ravel()[where]

    target, level = some(post), some(pre)
    # Half-way between the two images the gradient's noise biases neither direction.
    shade = _Brightness(level)
    gain, offset = _gain(target, level, shade)
    if gain <= 0:
        return None
    middle = 0.5 * (post + gain * pre + offset)
    gx = some(cv2.Sobel(middle, cv2.CV_32F, 1, 0, ksize=3, scale=0.125))
    gy = some(cv2.Sobel(middle, cv2.CV_32F, 0, 1, ksize=3, scale=0.125))
    level = gain * level + offset
    gap = target - level
    design = np.stack([gx, gy, level - level.mean(), np.ones_like(level)])
    weight, spread = shade.tukey(gap)
    for _ in range(3):
        weighted = design * (weight / spread**2)
        normal = (weighted @ design.T).astype(np.float64)
        try:
            solution = np.linalg.solve(normal, weighted @ gap)
        except np.linalg.LinAlgError:
            return None
        left = gap - solution.astype(np.float32) @ design
        weight, spread = shade.tukey(left)
    if weight.mean() < 0.3:
        return None
    share = weight / spread**2
    noise = float((share * left**2).sum()) / float(weight.sum())
    # Smoothing by BAND[0] correlates neighbours: the independent pixels are fewer.
    correlated = 4 * np.pi * BAND[0] ** 2 / step**2
    covariance = np.linalg.inv(normal)[:2, :2] * noise * correlated
    sigma = float(np.sqrt(max(np.trace(covariance) / 2, 1e-12)))
    evidence = share * (gx * gx + gy * gy)
    if not evidence.sum() > 0:
        return None
    rows, columns = np.divmod(where, len(range(0, usable.shape[1], step)))
    centre = [step * float(np.average(part, weights=evidence)) for part in (columns, rows)]
    return solution[:2], sigma, _correlation(target, level, share), np.array(centre)


def _gain(post, pre, shade):
    """Robust straight line post = gain * pre + offset."""
    weight = np.ones(post.shape, dtype=post.dtype)
    gain = offset = 0.0
    for _ in range(3):
        total = float(weight.sum())
        if total <= 0:
            return 0.0, 0.0
        weighted = weight / total
        # Sums of products, not dot products: BLAS would start threads for these short vectors.
        mean_pre, mean_post = float((weighted * pre).sum()), float((weighted * post).sum())
        away = pre - mean_pre
        weighted *= away
        spread = float((weighted * away).sum())
        if spread <= 0:
            return 0.0, 0.0
        gain = float((weighted * (post - mean_post)).sum()) / spread
        offset = mean_post - gain * mean_pre
        weight, _ = shade.tukey(post - gain * pre - offset)
    return float(gain), float(offset)


class _Brightness:
    """Brightness classes of a tile's pixels, in each of which residuals have a spread of their own.

    Without that, the few bright places of a sparse structure would count as outliers among the
    many dark ones. A sample of the residuals is plenty to tell the spread.

    Parameters
    ----------
    level : ndarray of float32, shape (n,)
        Brightness of the pixels.
    """

    def __init__(self, level):
        self._step = len(level) // SAMPLE + 1
        shade = level[:: self._step]
        self._classes = np.array_split(np.argsort(shade), LEVELS)
        middle = [shade[part[len(part) // 2]] for part in self._classes]
        low, high = middle[0], max(middle[-1], np.nextafter(middle[0], np.float32(np.inf)))
        self._shades = (middle - low) / (high - low) * (SHADES - 1)
        index = (level - low) * np.float32((SHADES - 1) / (high - low)) + np.float32(0.5)
        self._shade = np.clip(index, 0, SHADES - 1).astype(np.uint8)

    def tukey(self, left):
        """Tukey's weights of residuals, and the residuals' spread, which follows the brightness."""
        some = np.abs(left[:: self._step])
        spreads = np.array([_median(some[part]) for part in self._classes])
        floor = max(0.2 * float(_median(some)), 1e-6)
        table = 1.4826 * np.interp(range(SHADES), self._shades, np.maximum(spreads, floor))
        spread = table.astype(left.dtype)[self._shade]
        relative = left / (TUKEY * spread)
        weight = np.maximum(1 - relative * relative, 0)
        return weight * weight, spread


def _median(values):
    """Upper median, without the overhead of numpy's for short arrays."""
    half = len(values) // 2
    return np.partition(values, half)[half]


def _correlation(post, pre, weight):
    """Weighted correlation coefficient."""
    weight = weight / max(weight.sum(), 1e-12)
    a, b = post - (weight * post).sum(), pre - (weight * pre).sum()
    norm = np.sqrt((weight * a * a).sum() * (weight * b * b).sum())
    return float((weight * a * b).sum() / norm) if norm > 0 else 0.0
