"""Find the background: sample pixels that show the mineral alone, in both images.

Blocks of pixels can only be averaged without bias after microbes are taken out together with
their faint wings. Pixels that stand out of the residual ``post - scale * pre`` by their noise are
masked symmetrically (a cut on one side alone would shift the mean), the brighter the wider.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from exo2micro.noise import NoiseModel, fit_noise, predict_mineral

DETECTION_SIGMA = 2.0  # px; smoothing that makes faint microbes stand out
# (z of the smoothed residual, radius in px masked around it). The wings of a Gaussian microbe of
# 6 px FWHM and 80 levels fall to 0.05 levels at 10 px, those of one of 10 levels at 8 px.
MASK_STEPS = ((3.5, 5), (8.0, 8), (20.0, 11))
MAX_NOISE_PIXELS = 800_000
MARGIN = 8  # px along a patch's rim, where a microbe beyond it cannot be seen


@dataclass
class Background:
    """What was found.

    Attributes
    ----------
    clean : ndarray of bool, shape (N, side, side)
        Background pixels.
    stained : float
        Part of the sample that stands out by more than 3.5 sigma of the smoothed noise.
    masked : float
        Part of the sample that was masked around them.
    pixel_noise, smooth_noise : NoiseModel
        Noise of a residual pixel and of the residual smoothed by `DETECTION_SIGMA`.
    """

    clean: np.ndarray
    stained: float
    masked: float
    pixel_noise: NoiseModel
    smooth_noise: NoiseModel


def find_background(post, pre, usable, clean, scale, widen=1.0):
    """Mask what stands out of the residual.

    Parameters
    ----------
    post, pre : ndarray of float32, shape (N, side, side)
        Patches without dark levels.
    usable : ndarray of bool
        Sample pixels that are covered, unsaturated and away from the rim.
    clean : ndarray of bool
        Background as known so far (`usable` at first); the noise is measured there.
    scale : float or ndarray, shape (N,)
        Photometric scale, one for all or one a patch.
    widen : float
        Factor on the masks' radii.

    Returns
    -------
    Background or None
        None if there are too few pixels to measure their noise.
    """
    scales = np.broadcast_to(np.asarray(scale, dtype=np.float32), (len(post),))
    maps = [_residual_maps(*images) for images in zip(post, pre, scales, strict=True)]
    residual, smooth, level, slope, smooth_slope = (np.stack(part) for part in zip(*maps, strict=True))
    chosen = np.flatnonzero(clean)
    if len(chosen) == 0:
        return None
    chosen = chosen[:: max(1, len(chosen) // MAX_NOISE_PIXELS)]
    flat = [stack.reshape(-1)[chosen] for stack in (residual, smooth, level, slope, smooth_slope)]
    pixel_noise = fit_noise(flat[0], flat[2], flat[3])
    smooth_noise = fit_noise(flat[1], flat[2], flat[4])
    if pixel_noise is None or smooth_noise is None:
        return None
    tiny = 1e-12
    z_smooth = smooth / np.sqrt(smooth_noise.variance(level, smooth_slope) + tiny)
    z_pixel = residual / np.sqrt(pixel_noise.variance(level, slope) + tiny)
    masked = np.stack([_mask_around(*z, widen) for z in zip(z_smooth, z_pixel, strict=True)])
    count = max(int(usable.sum()), 1)
    stained = float((usable & (z_smooth > MASK_STEPS[0][0])).sum()) / count
    found = usable & ~masked
    covered = 1 - float(found.sum()) / count
    return Background(found, stained, covered, pixel_noise, smooth_noise)


def _residual_maps(post, pre, scale):
    residual = post - scale * pre
    smooth = cv2.GaussianBlur(residual, (0, 0), DETECTION_SIGMA)
    level, slope = predict_mineral(pre, scale)
    wide = cv2.GaussianBlur(level, (0, 0), DETECTION_SIGMA)
    across = cv2.Sobel(wide, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(wide, cv2.CV_32F, 0, 1, scale=0.125)
    return residual, smooth, level, slope, across**2 + down**2


def _mask_around(z_smooth, z_pixel, widen):
    strength = np.abs(z_smooth)
    masked = np.zeros(strength.shape, dtype=np.uint8)
    for threshold, radius in MASK_STEPS:
        masked |= dilate(strength > threshold, round(radius * widen))
    masked |= dilate(np.abs(z_pixel) > 6, 3)
    return masked.astype(bool)


def dilate(mask, radius):
    """Grow a mask by a disc of a radius in px; uint8."""
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), shape)


def erode(mask, radius):
    """Shrink a mask by a disc of a radius in px; beyond the frame counts as inside."""
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.erode(mask.astype(np.uint8), shape).astype(bool)
