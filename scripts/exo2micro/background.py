"""Find the background: sample pixels that show the mineral alone, in both images.

Blocks of pixels can only be averaged without bias after microbes are taken out together with
their faint wings. Pixels that stand out of the residual ``post - scale * pre`` by their noise are
masked, the brighter the wider.

A mask that looked at a pixel's own noise would bias what it leaves: where faint stain lies, only
pixels with negative noise would pass (measured: -0.1 to -0.3 % of the scale at 20 % cover). So the
image is split into stripes of two pixels' width, and the mask of every other stripe is
drawn from what its neighbours show.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from exo2micro.noise import NoiseModel, fit_noise, predict_mineral, widen_gradient

DETECTION_SIGMA = 2.0  # px; smoothing that makes faint microbes stand out
# (z of the smoothed residual, radius in px masked around it). The wings of a Gaussian microbe of
# 6 px FWHM and 80 levels fall to 0.05 levels at 10 px, those of one of 10 levels at 8 px.
MASK_STEPS = ((3.5, 5), (8.0, 8), (20.0, 11))
STRIPE = 2  # px
SPIKE_Z = 7.0  # single pixels beyond this are masked whatever their neighbours say
STAINED_Z = 3.5
MAX_NOISE_PIXELS = 800_000
# Masks are narrowed until this part of the sample, and this many pixels, are left.
WIDENINGS = (1.0, 0.8, 0.6, 0.45, 0.3)
ENOUGH_PART = 0.08
ENOUGH_PIXELS = 100_000
MARGIN = 8  # px along a patch's rim, where a microbe beyond it cannot be seen


@dataclass
class Background:
    """What was found.

    Attributes
    ----------
    clean : ndarray of bool, shape (N, side, side)
        Background pixels.
    stained : float
        Part of the sample that stands out by more than 3.5 sigma of a pixel's noise.
    masked : float
        Part of the sample that was masked around them.
    widen : float
        Factor on the masks' radii that left enough pixels.
    pixel_noise, smooth_noise : NoiseModel
        Noise of a residual pixel and of the residual smoothed by `DETECTION_SIGMA`.
    """

    clean: np.ndarray
    stained: float
    masked: float
    widen: float
    pixel_noise: NoiseModel
    smooth_noise: NoiseModel


def find_background(post, pre, usable, clean, scale, offset=0.0):
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
    offset : float
        Intercept of post on pre, grey levels.

    Returns
    -------
    Background or None
        None if there are too few pixels to measure their noise.
    """
    scales = np.broadcast_to(np.asarray(scale, dtype=np.float32), (len(post),))
    maps = [_residual_maps(*pair, offset) for pair in zip(post, pre, scales, strict=True)]
    residual, smooth, level, slope, smooth_slope = (
        np.stack(part) for part in zip(*maps, strict=True)
    )
    chosen = np.flatnonzero(clean)
    if len(chosen) == 0:
        return None
    chosen = chosen[:: max(1, len(chosen) // MAX_NOISE_PIXELS)]
    flat = [stack.reshape(-1)[chosen] for stack in (residual, smooth[:, 0], level, slope)]
    pixel_noise = fit_noise(flat[0], flat[2], flat[3])
    smooth_noise = fit_noise(flat[1], flat[2], smooth_slope.reshape(-1)[chosen])
    if pixel_noise is None or smooth_noise is None:
        return None
    tiny = 1e-12
    deviation = np.sqrt(smooth_noise.variance(level, smooth_slope) + tiny)
    z_smooth = smooth / deviation[:, None]
    z_pixel = residual / np.sqrt(pixel_noise.variance(level, slope) + tiny)
    count = max(int(usable.sum()), 1)
    stained = float((usable & (z_pixel > STAINED_Z)).sum()) / count
    for widen in WIDENINGS:
        masked = np.stack([_mask_around(*z, widen) for z in zip(z_smooth, z_pixel, strict=True)])
        found = usable & ~masked
        left = int(found.sum())
        if left >= max(ENOUGH_PART * count, min(ENOUGH_PIXELS, 0.5 * count)):
            break
    return Background(found, stained, 1 - left / count, widen, pixel_noise, smooth_noise)


def _stripes(shape):
    """Every other pair of columns, float32."""
    row = (np.arange(shape[1]) // STRIPE) % 2
    return np.broadcast_to(row.astype(np.float32), shape)


def _residual_maps(post, pre, scale, offset):
    residual = post - scale * pre - np.float32(offset)
    odd = _stripes(residual.shape)
    smooth = np.stack([_smooth_within(residual, part) for part in (odd, 1 - odd)])
    level, slope = predict_mineral(pre, scale)
    return residual, smooth, level, slope, widen_gradient(level, DETECTION_SIGMA)


def _smooth_within(image, part):
    """Gaussian mean over the pixels of a part."""
    weight = cv2.GaussianBlur(np.ascontiguousarray(part), (0, 0), DETECTION_SIGMA)
    return cv2.GaussianBlur(image * part, (0, 0), DETECTION_SIGMA) / weight


def _mask_around(z_smooth, z_pixel, widen):
    """Mask of each stripe from the other; `z_smooth` has what odd and even stripes show."""
    odd = _stripes(z_pixel.shape).astype(bool)
    seen_by_odd, seen_by_even = (_grow(np.abs(z), widen) for z in z_smooth)
    masked = np.where(odd, seen_by_even, seen_by_odd)
    return masked.astype(bool) | dilate(np.abs(z_pixel) > SPIKE_Z, 2).astype(bool)


def _grow(strength, widen):
    masked = np.zeros(strength.shape, dtype=np.uint8)
    for threshold, radius in MASK_STEPS:
        masked |= dilate(strength > threshold, round(radius * widen))
    return masked


def dilate(mask, radius):
    """Grow a mask by a disc of a radius in px; uint8."""
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), shape)


def erode(mask, radius):
    """Shrink a mask by a disc of a radius in px; beyond the frame counts as inside."""
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.erode(mask.astype(np.uint8), shape).astype(bool)
