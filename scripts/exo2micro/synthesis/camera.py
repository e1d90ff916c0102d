"""The camera: optical blur, photon and read noise, digitisation."""

from math import ceil, inf

import cv2
import numpy as np

SIGMA_PER_FWHM = 1 / 2.3548200450309493


def blur_margin(psf_fwhm: float) -> int:
    """Px around a block that its blur needs."""
    return ceil(4 * psf_fwhm * SIGMA_PER_FWHM) if psf_fwhm > 0 else 0


def blur_block(levels, psf_fwhm: float):
    """Blur by the optics and cut the margin off.

    Parameters
    ----------
    levels : ndarray of float32
        Block with `blur_margin` px around it.
    psf_fwhm : float
        Full width at half maximum of the Gaussian point spread function, px.
    """
    margin = blur_margin(psf_fwhm)
    if margin == 0:
        return levels
    size = 2 * margin + 1
    blurred = cv2.GaussianBlur(levels, (size, size), psf_fwhm * SIGMA_PER_FWHM)
    return blurred[margin:-margin, margin:-margin]


def add_noise(levels, photons_per_level: float, read_noise: float, rng):
    """Add photon noise and read noise to a noise-free signal.

    The sum of a Poisson and a Gaussian variable is drawn by its Cornish-Fisher expansion to the
    third cumulant: mean, variance and skewness are those of the sum (fewer than about 3 photons
    aside), for one normal variate a pixel.

    Parameters
    ----------
    levels : ndarray of float32
        Signal above the offset, grey levels.
    photons_per_level : float
        Photons for one grey level.
    read_noise : float
        Standard deviation, grey levels.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of float32
        Noisy signal, grey levels.
    """
    if photons_per_level == inf:
        if read_noise == 0:
            return levels
        return levels + np.float32(read_noise) * rng.standard_normal(levels.shape, np.float32)
    gain = np.float32(photons_per_level)
    photons = levels * gain
    variance = photons + np.float32(max((read_noise * photons_per_level) ** 2, 1e-6))
    normal = rng.standard_normal(levels.shape, np.float32)
    noise = cv2.sqrt(variance)
    noise *= normal
    normal *= normal
    normal -= 1
    normal *= photons
    normal /= variance * np.float32(6)
    noise += normal
    noise += photons
    noise *= 1 / gain
    return noise


def digitise(levels, offset: float, spec):
    """Turn grey levels into pixels of the spec's type: rounded and clipped, floats as they are."""
    levels = levels + np.float32(offset)
    if spec.dtype == "float32":
        return levels
    levels *= np.float32(spec.grey_unit)
    np.rint(levels, out=levels)
    np.clip(levels, 0, spec.full_scale, out=levels)
    return levels.astype(spec.dtype)
