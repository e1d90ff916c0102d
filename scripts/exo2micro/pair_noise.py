"""Noise of a pair, measured on its patches: of a difference pixel and behind the matched filter."""

import cv2
import numpy as np

from exo2micro.background import MAX_NOISE_PIXELS
from exo2micro.microbe_width import measure_microbe_width
from exo2micro.noise import (
    FWHM_PER_SIGMA,
    MODEL_SIGMA,
    dark_variance,
    fit_noise,
    predict_mineral,
    square_curvature,
    widen_gradient,
)
from exo2micro.patches import PATCH
from exo2micro.residual_shift import measure_shift, measure_slopes, take_shift_off
from exo2micro.sample_area import typical_level
from exo2micro.scale_map import fit_scale_field, scale_field_tile

BESIDE_PART = 4  # of the noise's pixels, one in so many lies beside the sample
ROUNDING_VARIANCE = 1 / 12
SAMPLE_PART = 0.15  # of the typical level of the mineral


def measure_noise(found, patches, post, pre, dark, whole_numbers, values):
    """Noise of the difference, pixel by pixel and behind the matched filter.

    Measured on the sample, microbes and all: only what is too dark counts, which they are not, and
    background has been cleaned of what stands out of it, bad edges included. And beside the
    sample, lest what the model says of dark places be a guess from bright ones.

    Parameters
    ----------
    found : Found
        From `exo2micro.background_search.search_background`.
    patches : Patches
        Sample of the pair.
    post, pre : ndarray of float32, shape (N, side, side)
        The same without dark levels.
    dark : dict
        ``how`` the dark levels were found, and their ``noise``.
    whole_numbers : bool
        Pixels are integers: none is known better than to its rounding.
    values : dict
        Parameters; used is ``microbe_fwhm_px``.

    Returns
    -------
    dict
        ``pixel`` and ``matched`` (see `exo2micro.noise.NoiseModel`), ``microbe_fwhm_px``,
        ``shift_px`` (see `exo2micro.residual_shift.measure_shift`; the matched filter's noise is
        what it leaves), and ``gain`` and ``read_noise`` of two equal cameras that ``pixel`` stands
        for.
    """
    fwhm = float(values.get("microbe_fwhm_px") or _measure_fwhm(found, patches, post, pre))
    sigma = fwhm / FWHM_PER_SIGMA
    shift = _measure_shift(found, patches, post, pre)
    beside = _beside_sample(patches, pre, dark)
    images = _noise_images(found, patches, post, pre, shift, sigma)
    residual, smooth, level, *steepness, dark = _sample_pixels(images, found.usable, beside)
    # The sum of all bins does not mind the darkest, and there little noise makes much of nothing.
    least = [dark_variance(image[dark]) for image in (residual, smooth)]
    pixel = fit_noise(residual, level, *steepness[:2], least[0]) or found.background.pixel_noise
    matched = fit_noise(smooth, level, *steepness[2:], least[1]) or found.background.smooth_noise
    # No integer is known better than to its rounding, however quiet the residual.
    rounding = ROUNDING_VARIANCE if whole_numbers else 0.0
    pixel = pixel.floored(rounding)
    matched = matched.floored(rounding / (4 * np.pi * sigma**2))
    scale = found.scale
    return {
        "pixel": pixel.to_record(),
        "matched": matched.to_record(),
        "microbe_fwhm_px": fwhm,
        "shift_px": list(shift),
        "gain": (1 + scale) / pixel.per_level if pixel.per_level > 0 else None,
        "read_noise": float(np.sqrt(pixel.read_variance / (1 + scale**2))),
    }


def sample_level(pre, coverage, dark):
    """Level of the pre image, without its dark level, from which on it shows mineral."""
    typical = typical_level(pre, coverage)
    return max(SAMPLE_PART * typical, min(2 * dark["noise"], 0.5 * typical))


def _noise_images(found, patches, post, pre, shift, sigma):
    """Yield each patch's residual, the same smoothed, level, and the steepness of both."""
    for residual, scaled, covered in _residuals(found, patches, post, pre):
        level, slope = predict_mineral(scaled, 1.0)
        yield (
            residual,
            cv2.GaussianBlur(take_shift_off(residual, scaled, covered, shift), (0, 0), sigma),
            level,
            slope,
            square_curvature(scaled, MODEL_SIGMA),
            widen_gradient(scaled, sigma),
            square_curvature(scaled, sigma),
        )


def _sample_pixels(images, usable, beside):
    """Values at pixels drawn from the sample and, fewer, from beside it; a column an image.

    The last column says which lie beside it.
    """
    share = [min(1.0, MAX_NOISE_PIXELS / max(int(m.sum()), 1)) for m in (usable, beside)]
    rng = np.random.default_rng(0)
    rows = []
    for patch, inside, outside in zip(images, usable, beside, strict=True):
        drawn = rng.random(inside.shape, dtype=np.float32)
        drawn = (inside & (drawn < share[0])) | (outside & (drawn < share[1] / BESIDE_PART))
        rows.append([*(image[drawn] for image in patch), outside[drawn]])
    return [np.concatenate(column) for column in zip(*rows, strict=True)]


def _measure_shift(found, patches, post, pre):
    """Shift between post and the aligned pre image that is left over the whole sample."""

    def images():
        for residual, scaled, _ in _residuals(found, patches, post, pre):
            noise = np.sqrt(found.background.pixel_noise.variance(*predict_mineral(scaled, 1.0)))
            yield residual, *measure_slopes(scaled), np.maximum(noise, 1e-6)

    nowhere = np.zeros_like(found.usable)
    return measure_shift(*_sample_pixels(images(), found.usable, nowhere)[:-1])


def _measure_fwhm(found, patches, post, pre):
    """Width of the pair's own microbes."""
    clean = found.background.clean
    level = found.scale * float(np.median(pre[clean]))
    noise = np.sqrt(found.background.pixel_noise.variance(level, 0.0))
    residuals = (residual for residual, _, _ in _residuals(found, patches, post, pre))
    return measure_microbe_width(residuals, found.usable, noise)


def _residuals(found, patches, post, pre):
    """Yield each patch's post minus scaled pre, the scaled pre, and where both show something.

    Where the scale varies, every pixel has its own.
    """
    field = None if found.local is None else fit_scale_field(found.scale_map)
    for image, mineral, covered, (y, x) in zip(
        post, pre, patches.coverage, patches.origin, strict=True
    ):
        window = (y, y + PATCH, x, x + PATCH)
        scale = found.scale if field is None else scale_field_tile(field, window)
        scaled = (mineral * scale).astype(np.float32)
        yield image - scaled - np.float32(found.offset), scaled, covered


def _beside_sample(patches, pre, dark):
    """Pixels well beside the sample, where a dark level could be measured there."""
    if dark["how"] != "outside":
        return np.zeros(pre.shape, dtype=bool)
    limit = sample_level(pre, patches.coverage, dark) / 2
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 4.0) for image in pre])
    return patches.coverage & (smooth < limit)
