"""Noise of the difference image: what a pixel scatters by where there is no microbe.

The variance of ``post - scale * pre`` at one pixel is modelled as

    read_variance + level / gain + (registration_px * gradient)^2

where ``level`` is the mineral as the pre image predicts it (scaled and smoothed, so that a microbe
has no part in it) and ``gradient`` its slope: a misregistration by r px turns a slope into a
residual. The three numbers are fitted to robust variances of background residuals in bins of level
and gradient. The same form holds for the residual smoothed to a microbe's size; it is fitted apart,
because interpolation has correlated the noise of neighbouring pixels.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from scipy.optimize import nnls

FWHM_PER_SIGMA = 2.3548  # of a Gaussian
MODEL_SIGMA = 1.5  # px; smoothing of the predicted mineral
LEVEL_BINS = 12
GRADIENT_BINS = 6
MIN_PIXELS = 200  # in a bin


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
    scaled = pre * np.asarray(scale, dtype=np.float32)
    level = cv2.GaussianBlur(scaled, (0, 0), MODEL_SIGMA)
    return level, _gradient_squared(level)


def widen_gradient(level, sigma):
    """Squared gradient of the predicted mineral smoothed once more, as a filter would see it."""
    return _gradient_squared(cv2.GaussianBlur(level, (0, 0), sigma))


def _gradient_squared(level):
    across = cv2.Sobel(level, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(level, cv2.CV_32F, 0, 1, scale=0.125)
    return across**2 + down**2


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
    for part in _bins(level, gradient_squared):
        below = residual[part]
        below = below[below < 0]
        if len(below) < MIN_PIXELS // 2:
            continue
        variance = (float(np.quantile(-below, 0.6827))) ** 2
        slope_squared = float(gradient_squared[part].mean())
        rows.append([1.0, max(float(level[part].mean()), 0.0), slope_squared])
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
    """Index arrays of bins of equal count in level, and within them in gradient."""
    order = np.argsort(level, kind="stable")
    for run in np.array_split(order, LEVEL_BINS):
        if len(run) < MIN_PIXELS:
            continue
        inner = run[np.argsort(gradient_squared[run], kind="stable")]
        yield from np.array_split(inner, max(1, min(GRADIENT_BINS, len(run) // MIN_PIXELS)))
