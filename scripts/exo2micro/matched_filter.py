"""The matched filter: Gaussian means over those pixels that tell something."""

import cv2
import numpy as np

from exo2micro.noise import FWHM_PER_SIGMA

LEAST_FILL = np.float32(1e-3)  # that a sum is divided by


def matched_filter(difference, good, fwhm):
    """Gaussian mean over good pixels.

    Returns
    -------
    smooth : ndarray of float32
        Weighted mean of the good pixels.
    fill : ndarray of float32, or float32
        Part of the filter's weight that lies on good pixels; one number where all are good.
    effective : ndarray of float32, or float32
        Factor by which missing pixels raise the variance of the mean.
    """
    smooth, fill = smooth_good(difference, good, fwhm)
    if np.ndim(fill) == 0:
        return smooth, fill, np.float32(1)
    # The squared kernel is again a Gaussian, narrower by the square root of two.
    squared = _blur(good.astype(np.float32), fwhm / FWHM_PER_SIGMA / np.sqrt(2))
    return smooth, fill, squared / np.square(np.maximum(fill, LEAST_FILL))


def smooth_good(difference, good, fwhm):
    """The first two of what `matched_filter` returns."""
    sigma = fwhm / FWHM_PER_SIGMA
    if good.all():
        return _blur(difference, sigma), np.float32(1)
    weight = good.astype(np.float32)
    fill = _blur(weight, sigma)
    smooth = _blur(difference * weight, sigma)
    return np.divide(smooth, np.maximum(fill, LEAST_FILL), out=smooth), fill


def _blur(image, sigma):
    """Gaussian sum; beyond the window there is nothing, rather than its mirror image."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
