"""Shift between two tiles to the noise limit, by robust least squares on the image gradient.

Least squares (Lucas & Kanade 1981) with a free gain and offset and Tukey's weights: microbes,
saturation and everything else that is in one image only gets none.
"""

import cv2
import numpy as np

# Gaussian, px, behind which the images are compared.
SMOOTHING = 1.0
ROUNDS = 3
TUKEY = 4.685
# Brightness classes in which the residuals' spread is taken: light is noisier than darkness.
LEVELS = 6
# Steps of brightness between the darkest class and the brightest.
SHADES = 64
_SHADES = np.arange(SHADES, dtype=np.float64)
SAMPLE = 1500
# Of large tiles every so many rows and columns take part: smoothing leaves little new between them.
# Small tiles, which small samples have, need all of theirs. Fewer are enough for a first step.
STEP, FIRST_STEP = 2, 4
LARGE = 128 * 128
# Least squares leave 2 % of a step to the next one: after a step below this (px) there is none.
SETTLED = 0.02


def refine_shift(post, pre, usable, shift, rounds=ROUNDS, known=False):
    """Refine the shift between two tiles.

    Parameters
    ----------
    post, pre : ndarray of float32, shape (h, w)
        Tiles.
    usable : ndarray of bool, shape (h, w)
        Pixels that both show something in.
    shift : ndarray of float64, shape (2,)
        ``(dx, dy)``, right to about a pixel: post at x is pre at x + dx.
    rounds : int
        Steps at most.
    known : bool
        The shift was measured before: there is no need for a first step on few pixels.

    Returns
    -------
    tuple or None
        Centre ``(x, y)`` of the evidence (px of the tile), shift, its standard error (px, one axis)
        and the correlation of the tiles; None where there is no shift to be seen.
    """
    smooth_post = _smooth(post, (0.0, 0.0))
    large, line = usable.size >= LARGE, None
    for turn in range(rounds):
        first = turn == 0 and not known
        every = (FIRST_STEP if first else STEP) if large else 1
        seen = _shrink(usable, shift)
        result = _solve(smooth_post, _smooth(pre, shift), seen, every, line)
        if result is None:
            return None
        step, sigma, correlation, centre, line = result
        # Step is how far pre must still be moved.
        shift = shift + np.clip(step, -1, 1)
        if np.abs(step).max() < SETTLED and not (first and large):
            break
    return centre, shift, sigma, correlation


def _smooth(image, shift):
    """What a Gaussian of SMOOTHING px makes of an image, at places moved by ``(dx, dy)``.

    It leaves next to nothing beyond the pixels' band, so that it interpolates as it smooths.
    """
    kernels = []
    for distance in shift:
        reach = int(np.ceil(abs(distance))) + int(np.ceil(4 * SMOOTHING))
        kernel = np.exp(-0.5 * ((np.arange(-reach, reach + 1) - distance) / SMOOTHING) ** 2)
        kernels.append((kernel / kernel.sum()).astype(np.float32))
    return cv2.sepFilter2D(image, cv2.CV_32F, *kernels, borderType=cv2.BORDER_REFLECT_101)


def _shrink(usable, shift):
    """Usable pixels whose shifted partner and gradient are usable too."""
    margin = int(np.ceil(np.abs(shift).max())) + 5
    kernel = np.ones((7, 7), dtype=np.uint8)
    inner = cv2.erode(usable.astype(np.uint8), kernel, borderValue=0).astype(bool)
    inner[:margin] = inner[-margin:] = False
    inner[:, :margin] = inner[:, -margin:] = False
    return inner


def _solve(post, pre, usable, step, line=None):
    """One robust step: shift, its standard error, correlation, the evidence's centre, the line.

    Every `step`-th row and column takes part. The line is the robust ``post = gain * pre +
    offset``; that of the step before is a start.
    """
    every = slice(None, None, step)
    chosen = np.ascontiguousarray(usable[every, every])
    where = np.flatnonzero(chosen)
    if len(where) < 0.2 * chosen.size:
        return None

    def some(image):
        return image[every, every].ravel()[where]

    target, level = some(post), some(pre)
    # Half-way between the two images the gradient's noise biases neither direction.
    shade = _Brightness(level)
    gain, offset = _gain(target, level, shade, line)
    if gain <= 0:
        return None
    middle = cv2.addWeighted(post, 0.5, pre, 0.5 * gain, 0.5 * offset)
    gx = some(cv2.Sobel(middle, cv2.CV_32F, 1, 0, ksize=3, scale=0.125))
    gy = some(cv2.Sobel(middle, cv2.CV_32F, 0, 1, ksize=3, scale=0.125))
    level = gain * level + offset
    gap = target - level
    design = np.stack([gx, gy, level - level.mean(), np.ones_like(level)])
    weight, spread = shade.tukey(gap)
    for _ in range(3):
        weighted = design * (weight / (spread * spread))
        normal = (weighted @ design.T).astype(np.float64)
        try:
            solution = np.linalg.solve(normal, weighted @ gap)
        except np.linalg.LinAlgError:
            return None
        left = gap - solution.astype(np.float32) @ design
        weight, spread = shade.tukey(left)
    if weight.mean() < 0.3:
        return None
    share = weight / (spread * spread)
    noise = float((share * left * left).sum()) / float(weight.sum())
    # Smoothing by SMOOTHING correlates neighbours: the independent pixels are fewer.
    correlated = max(4 * np.pi * SMOOTHING**2 / step**2, 1.0)
    covariance = np.linalg.inv(normal)[:2, :2] * noise * correlated
    sigma = float(np.sqrt(max(np.trace(covariance) / 2, 1e-12)))
    evidence = np.zeros(chosen.shape, dtype=np.float32)
    evidence.ravel()[where] = share * (gx * gx + gy * gy)
    if not evidence.sum() > 0:
        return None
    alike = _correlation(target, level, share)
    return solution[:2], sigma, alike, step * _centroid(evidence), (gain, offset)


def _centroid(evidence):
    """Centre ``(x, y)`` of an image's mass, px."""
    sums = evidence.sum(axis=0, dtype=np.float64), evidence.sum(axis=1, dtype=np.float64)
    return np.array([np.average(np.arange(len(part)), weights=part) for part in sums])


def _gain(post, pre, shade, line):
    """Robust straight line post = gain * pre + offset."""
    if line is None:
        weight = np.ones(post.shape, dtype=post.dtype)
    else:
        weight, _ = shade.tukey(post - np.float32(line[0]) * pre - np.float32(line[1]))
    gain = offset = 0.0
    last = 2 if line is None else 0
    for turn in range(last + 1):
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
        if turn < last:
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
        each = len(shade) // LEVELS
        self._classes = np.argsort(shade)[: each * LEVELS].reshape(LEVELS, each)
        middle = shade[self._classes[:, each // 2]]
        low, high = middle[0], max(middle[-1], np.nextafter(middle[0], np.float32(np.inf)))
        self._shades = (middle - low) / (high - low) * (SHADES - 1)
        index = (level - low) * np.float32((SHADES - 1) / (high - low)) + np.float32(0.5)
        self._shade = np.clip(index, 0, SHADES - 1).astype(np.uint8)

    def tukey(self, left):
        """Tukey's weights of residuals, and the residuals' spread, which follows the brightness."""
        some = np.abs(left[:: self._step])
        spreads = _median(some[self._classes])
        floor = max(0.2 * float(_median(some)), 1e-6)
        table = 1.4826 * np.interp(_SHADES, self._shades, np.maximum(spreads, floor))
        spread = table.astype(left.dtype)[self._shade]
        relative = left / (np.float32(TUKEY) * spread)
        weight = np.maximum(1 - relative * relative, 0)
        return weight * weight, spread


def _median(values):
    """Upper median over the last axis, without the overhead of numpy's for short arrays."""
    half = values.shape[-1] // 2
    return np.partition(values, half, axis=-1)[..., half]


def _correlation(post, pre, weight):
    """Weighted correlation coefficient."""
    weight = weight / max(weight.sum(), 1e-12)
    a, b = post - (weight * post).sum(), pre - (weight * pre).sum()
    norm = np.sqrt((weight * a * a).sum() * (weight * b * b).sum())
    return float((weight * a * b).sum() / norm) if norm > 0 else 0.0
