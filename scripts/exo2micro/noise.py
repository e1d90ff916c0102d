"""Noise of the difference image: what a pixel scatters by where there is no microbe.

The variance of ``post - scale * pre`` at one pixel is modelled as

    read_variance + level / gain + (registration_px * gradient)^2 + (interpolation * curvature)^2

where ``level`` is the mineral as the pre image predicts it (scaled and smoothed, so that a microbe
has no part in it) and ``gradient`` its slope: a misregistration by r px turns a slope into a
residual. On grains of few pixels, with tops that have no slope, interpolation errs: the curvature
of the aligned image, hardly smoothed, tells where. The four numbers are fitted to robust variances
background residuals in bins of level and gradient. The same form holds for the residual smoothed to
a microbe's size; it is fitted apart, because interpolation has correlated the noise of neighbouring
pixels.
"""

from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np

FWHM_PER_SIGMA = 2.3548  # of a Gaussian
MODEL_SIGMA = 1.5  # px; smoothing of the predicted mineral
FINE_SIGMA = 0.7  # px; smoothing before the curvature is taken
LEVEL_BINS = 12
STEEPNESS_CUTS = (0.25, 0.5, 0.7, 0.85, 0.93, 0.97, 0.99)  # quantiles within a level
MIN_PIXELS = 300  # in a bin
# Parts of the residuals and how many sigma a Gaussian's reach: where steep grains scatter with
# heavier tails, the tail counts, for it is tails that make false microbes.
TAILS = ((0.6827, 1.0), (0.9545, 2.0))


@dataclass(frozen=True)
class NoiseModel:
    """Variance of a residual against level and gradient.

    Attributes
    ----------
    read_variance : float
        Level-independent part, grey levels squared.
    per_level : float
        Variance per grey level of the predicted mineral (the pair's shot noise).
    registration_px : float
        Standard deviation of the misregistration along each axis, px.
    interpolation : float
        Error of interpolation over the curvature (levels / px^2) there, px^2.
    """

    read_variance: float
    per_level: float
    registration_px: float
    interpolation: float = 0.0

    def variance(self, level, gradient_squared, curvature_squared=0.0):
        """Variance at a predicted level, squared gradient and squared curvature."""
        variance = np.maximum(level, 0)
        variance *= self.per_level
        variance += self.read_variance
        for part, factor in (
            (gradient_squared, self.registration_px**2),
            (curvature_squared, self.interpolation**2),
        ):
            if factor:
                variance += factor * part
        return variance

    def floored(self, variance):
        """The same model with at least this level-independent variance."""
        return replace(self, read_variance=max(self.read_variance, variance))

    def to_record(self):
        """Plain dictionary."""
        return asdict(self)


def predict_mineral(pre, scale):
    """Smoothed, scaled mineral and its squared gradient.

    Parameters
    ----------
    pre : ndarray of float32, shape (height, width)
        Aligned pre image without its dark level.
    scale : float or ndarray
        Photometric scale.

    Returns
    -------
    level, gradient_squared : ndarray of float32
        Grey levels, and (grey levels / px)^2.
    """
    scaled = pre if np.all(scale == 1) else pre * np.asarray(scale, dtype=np.float32)
    level = cv2.GaussianBlur(scaled, (0, 0), MODEL_SIGMA)
    return level, square_gradient(level)


def widen_gradient(mineral, sigma):
    """Squared gradient of the scaled mineral as a filter sees it."""
    return square_gradient(cv2.GaussianBlur(mineral, (0, 0), sigma))


def square_gradient(level):
    """Squared gradient of smooth mineral, (grey levels / px)^2."""
    across = cv2.Sobel(level, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(level, cv2.CV_32F, 0, 1, scale=0.125)
    np.square(across, out=across)
    across += np.square(down, out=down)
    return across


def smooth_finely(mineral):
    """Mineral, hardly smoothed: what its slope and its curvature are taken of."""
    return cv2.GaussianBlur(mineral, (0, 0), FINE_SIGMA)


def square_curvature(mineral, sigma):
    """Mean squared curvature of the scaled mineral under a Gaussian.

    Parameters
    ----------
    mineral : ndarray of float32, shape (height, width)
        Aligned pre image without its dark level, times the scale.
    sigma : float
        Of the Gaussian, px.

    Returns
    -------
    ndarray of float32
        (grey levels / px^2)^2.
    """
    return smooth_curvature(curvature_of(smooth_finely(mineral)), sigma)


def curvature_of(fine):
    """Squared curvature of what `smooth_finely` gave, pixel by pixel."""
    curved = cv2.Laplacian(fine, cv2.CV_32F, ksize=1)
    return np.square(curved, out=curved)


def smooth_curvature(squared, sigma):
    """Mean of `curvature_of` under a Gaussian."""
    return cv2.GaussianBlur(squared, (0, 0), sigma)


def fit_noise(residual, level, gradient_squared, curvature_squared=None, least=0.0):
    """Fit the noise model to background residuals.

    Only residuals below zero count, mirrored: microbes are positive.

    Parameters
    ----------
    residual, level, gradient_squared : ndarray, shape (N,)
        Background pixels.
    curvature_squared : ndarray, shape (N,), optional
        Without it the model has no interpolation error.
    least : float
        Variance that every pixel has, whatever its level: that of dark ones, see `dark_variance`.

    Returns
    -------
    NoiseModel or None
        None with too few pixels.
    """
    curved = np.zeros_like(level) if curvature_squared is None else curvature_squared
    regressors = (level, gradient_squared, curved)
    splits = [gradient_squared] if curvature_squared is None else [gradient_squared, curved]
    rows, targets, weights = [], [], []
    for chosen in _bins(level, splits):
        below, variance = _variance_below(residual[chosen])
        if below < MIN_PIXELS // 4:
            continue
        rows.append([1.0, *(max(float(part[chosen].mean()), 0.0) for part in regressors)])
        targets.append(variance)
        weights.append(np.sqrt(below) / max(variance, 1e-12))
    if len(rows) < 3:
        return None
    rows, targets, weights = np.array(rows), np.array(targets), np.array(weights)
    columns = np.maximum(np.abs(rows).max(axis=0), 1e-12)
    # Not above: most who read this module's numbers fit none, and this takes 0.2 s to load.
    from scipy.optimize import nnls

    found, _ = nnls(rows / columns * weights[:, None], (targets - least) * weights)
    read, shot, registration, interpolation = (float(part) for part in found / columns)
    return NoiseModel(
        least + read, shot, float(np.sqrt(registration)), float(np.sqrt(interpolation))
    )


def dark_variance(residual):
    """Variance of residuals beside the sample, by those below zero; 0 with too few of them.

    Parameters
    ----------
    residual : ndarray, shape (N,)
        Pixels without mineral.
    """
    below, variance = _variance_below(residual)
    return variance if below >= MIN_PIXELS else 0.0


def _variance_below(residual):
    """How many residuals are not above zero, and the variance of these mirrored."""
    below = residual[residual <= 0]
    if len(below) == 0:
        return 0, 0.0
    return len(below), max(float(np.quantile(-below, part)) / sigma for part, sigma in TAILS) ** 2


def _bins(level, splits):
    """Index arrays of bins of equal count in level, split again by gradient or curvature.

    The split is the finer the steeper: few pixels are steep, and those are where misregistration
    shows.
    """
    order = _stable_order(level)
    for run in np.array_split(order, LEVEL_BINS):
        cuts = np.unique(np.round(np.array(STEEPNESS_CUTS) * len(run)).astype(int))
        for steepness in splits:
            inner = run[_stable_order(steepness[run])]
            yield from (part for part in np.split(inner, cuts) if len(part) >= MIN_PIXELS)


def _stable_order(values):
    """What a stable argsort of float32 gives, in a fifth of the time (20 ms for 800,000 values).

    A float's bits are sorted as a whole number with its index behind them: no two are alike, so
    that numpy's fast sort, which is not stable, has no choice.
    """
    bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)  # minus zero is zero
    keys = (bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))).astype(np.int64) << 32
    keys |= np.arange(len(keys))
    keys.sort()
    return keys & 0xFFFFFFFF
