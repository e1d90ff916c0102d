"""Noise of the difference image: what a pixel scatters by where there is no microbe.

The variance of ``post - scale * pre`` at one pixel is modelled as

    read_variance + level / gain + (registration_px * gradient)^2

where ``level`` is the mineral as the pre image predicts it (scaled and smoothed, so that a microbe
has no part in it) and ``gradient`` its slope: a misregistration by r px turns a slope into a
residual. Curvature counts with the slope: on top of a bright grain of few pixels there is no slope,
but interpolation errs there all the same. The three numbers are fitted to robust variances of
background residuals in bins of level and gradient. The same form holds for the residual smoothed to
a microbe's size; it is fitted apart, because interpolation has correlated the noise of neighbouring
pixels.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from scipy.optimize import nnls

FWHM_PER_SIGMA = 2.3548  # of a Gaussian
MODEL_SIGMA = 1.5  # px; smoothing of the predicted mineral
LEVEL_BINS = 12
GRADIENT_CUTS = (0.25, 0.5, 0.7, 0.85, 0.93, 0.97, 0.99)  # quantiles within a level
MIN_PIXELS = 400  # in a bin
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
    """

    read_variance: float
    per_level: float
    registration_px: float

    def variance(self, level, gradient_squared):
        """Variance at a predicted level and squared gradient (levels^2 / px^2)."""
        shot = self.per_level * np.maximum(level, 0)
        return self.read_variance + shot + self.registration_px**2 * gradient_squared

    def to_record(self):
        """Plain dictionary."""
        return asdict(self)


def predict_mineral(pre, scale):
    """Smoothed, scaled mineral and its squared gradient, curvature included.

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
    scaled = pre * np.asarray(scale, dtype=np.float32)
    level = cv2.GaussianBlur(scaled, (0, 0), MODEL_SIGMA)
    return level, _gradient_squared(level)


def widen_gradient(mineral, sigma):
    """Squared gradient, curvature included, of the scaled mineral as a filter sees it."""
    return _gradient_squared(cv2.GaussianBlur(mineral, (0, 0), sigma))


def _gradient_squared(level):
    across = cv2.Sobel(level, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(level, cv2.CV_32F, 0, 1, scale=0.125)
    curvature = cv2.Laplacian(level, cv2.CV_32F, ksize=1)
    return across**2 + down**2 + curvature**2


def fit_noise(residual, level, gradient_squared):
    """Fit the noise model to background residuals.

    Only negative residuals count, mirrored: microbes are positive.

    Parameters
    ----------
    residual, level, gradient_squared : ndarray, shape (N,)
        Background pixels.

    Returns
    -------
    NoiseModel or None
        None with too few pixels.
    """
    rows, targets, weights = [], [], []
    for chosen in _bins(level, gradient_squared):
        below = residual[chosen]
        below = below[below < 0]
        if len(below) < MIN_PIXELS // 2:
            continue
        variance = max(float(np.quantile(-below, part)) / sigma for part, sigma in TAILS) ** 2
        slope_squared = float(gradient_squared[chosen].mean())
        rows.append([1.0, max(float(level[chosen].mean()), 0.0), slope_squared])
        targets.append(variance)
        weights.append(np.sqrt(len(below)) / max(variance, 1e-12))
    if len(rows) < 3:
        return None
    rows, targets, weights = np.array(rows), np.array(targets), np.array(weights)
    columns = np.maximum(np.abs(rows).max(axis=0), 1e-12)
    found, _ = nnls(rows / columns * weights[:, None], targets * weights)
    read, shot, registration = found / columns
    return NoiseModel(float(read), float(shot), float(np.sqrt(registration)))


def _bins(level, gradient_squared):
    """Index arrays of bins of equal count in level, and within them of less and less in gradient.

    Few pixels are steep, and those are where misregistration shows.
    """
    order = np.argsort(level, kind="stable")
    for run in np.array_split(order, LEVEL_BINS):
        if len(run) < MIN_PIXELS:
            continue
        inner = run[np.argsort(gradient_squared[run], kind="stable")]
        cuts = np.unique(np.round(np.array(GRADIENT_CUTS) * len(inner)).astype(int))
        yield from (part for part in np.split(inner, cuts) if len(part) >= MIN_PIXELS)
