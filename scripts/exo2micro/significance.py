"""Significance of the difference: its matched-filtered value over its standard deviation.

For a source of known shape on a noisy background the matched filter is the best linear detector
(the score image of Zackay, Ofek & Gal-Yam 2016 in the limit of equal blurs, which residuals of
registered fluorescence images of one microscope are close to). The filter is a Gaussian of the
microbes' width. Its variance is not computed but was measured on background, against the
mineral's level and gradient: that includes the correlation of the noise that interpolation makes,
and misregistration, which turns gradients into residuals, so that grain edges don't light up.

The filter and the microscope blur a bright microbe far beyond its outline, where its light would
outshine its faint neighbours. So around a source significance falls with the source's own profile,
from all of it at the maximum to 5 sigma at half of the maximum and to none at its foot: what lies
further out says that there is a source beside it, not that there is one here.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from exo2micro.background import dilate
from exo2micro.difference import difference_tile
from exo2micro.noise import (
    FWHM_PER_SIGMA,
    MODEL_SIGMA,
    NoiseModel,
    predict_mineral,
    square_curvature,
    widen_gradient,
)
from exo2micro.pair_statistics import saturated
from exo2micro.scale_map import scale_field_tile

MARGIN = 64  # px of context that a tile needs on every side
SATURATION_RIM = 2
MIN_FILL = 0.3  # of the filter's weight must lie on good pixels
FLANK_FILTER = 0.5  # of the filter's width: what outlines are drawn on
# Average precision of the pixels within the microbes' half-maximum outlines, over 16 pairs (few
# photons; real mineral misregistered by 0.3 px and 10 % covered; the median of all):
#   plain difference                                              0.62  0.76-0.79  0.84
#   the filter alone                                              0.73  0.55-0.60  0.72
#   what is below half of a maximum held between 4 and 5 sigma    0.86  0.69-0.70  0.89
#   profile of 0.5, 0.35, 0.25 filter widths: 0.5                 0.89  0.76-0.77  0.93
#                                             0.35                0.88  0.77-0.79  0.93
#                                             0.25                0.83  0.77-0.79  0.93
PROFILE_FILTER = 0.35  # of the filter's width: what a source's profile is judged by
FLANK = 0.5  # of a source's maximum
FLANK_REACH = 1.0  # filter widths within which a maximum counts as beside
SOURCE = 5.0  # sigma of a maximum that has flanks
# Where the mineral itself, with so many sigma of its noise, may reach full scale, a saturated pixel
# says nothing of a microbe.
MINERAL_SIGMA = 3.0

UNCOVERED, SATURATED_POST, SATURATED_PRE, BLIND = 1, 2, 4, 8  # bits of the mask image


@dataclass(frozen=True)
class Photometry:
    """What the scale record says of a pair, ready to be applied to tiles.

    Attributes
    ----------
    scale : float
        Photometric scale.
    field : dict or None
        Smooth variation of the scale, which then replaces it.
    dark_post, dark_pre : float
        Dark levels to take off.
    pixel_noise, matched_noise : NoiseModel
        Noise of a difference pixel, and of the matched-filtered difference.
    fwhm : float
        Width of the filter, px.
    saturation : tuple of float
        Full scale of post and pre; NaN for none.
    sample_level : float
        Mineral above this level (pre image) counts as sample.
    scale_spread : float
        Relative scatter of the true scale about the one that is used, where it is known to vary.
    """

    scale: float
    field: dict | None
    dark_post: float
    dark_pre: float
    pixel_noise: NoiseModel
    matched_noise: NoiseModel
    fwhm: float
    saturation: tuple[float, float]
    sample_level: float
    scale_spread: float = 0.0

    @classmethod
    def from_record(cls, record, scale=None):
        """Read a scale record.

        Parameters
        ----------
        record : dict
            From `exo2micro.scale.estimate_scale`, with a scale.
        scale : float, optional
            Another scale than the estimated one (percentile, manual); it is then constant.
        """
        smooth = scale is None and record["scale_model"] == "smooth"
        varies = record["scale_map"]["varies"] and not smooth
        return cls(
            scale=record["scale_estimate"] if scale is None else scale,
            field=record["scale_field"] if smooth else None,
            dark_post=record["dark"]["post"],
            dark_pre=record["dark"]["pre"],
            pixel_noise=NoiseModel(**record["noise"]["pixel"]),
            matched_noise=NoiseModel(**record["noise"]["matched"]),
            fwhm=record["noise"]["microbe_fwhm_px"],
            saturation=tuple(np.nan if s is None else s for s in record["saturation"]),
            sample_level=record["sample_level"],
            scale_spread=record["scale_map"]["spread"] if varies else 0.0,
        )

    def scale_in(self, window):
        """Scale in a window: a number, or an array of float32 of its shape."""
        return self.scale if self.field is None else scale_field_tile(self.field, window)

    def difference(self, window, post, pre, coverage):
        """Difference tile, see `exo2micro.difference.difference_tile`."""
        scale = self.scale_in(window)
        return difference_tile(post, pre, coverage, scale, self.dark_post, self.dark_pre)


@dataclass(frozen=True)
class SignificanceTile:
    """Significance and what it was made from, all of one shape.

    Attributes
    ----------
    difference, sigma : ndarray of float32
        Difference (grey levels), standard deviation of its pixels.
    score, significance : ndarray of float32
        Matched-filtered difference over its standard deviation (0 where the mask says uncovered or
        blind); the same falling off around sources as their light does.
    outline : ndarray of float32
        Difference smoothed by half the filter's width: what outlines of sources are drawn on.
    mask : ndarray of uint8
        Bits: 1 not covered, 2 post saturated, 4 pre saturated, 8 blind (the mineral itself
        saturates: no microbe could be seen).
    sample : ndarray of bool
        The pre image shows mineral.
    grain_edge : ndarray of bool
        Misregistration contributes more to the variance than noise.
    """

    difference: np.ndarray
    sigma: np.ndarray
    score: np.ndarray
    significance: np.ndarray
    outline: np.ndarray
    mask: np.ndarray
    sample: np.ndarray
    grain_edge: np.ndarray


def significance_tile(photometry, window, post, pre, coverage):
    """Significance in a window.

    Parameters
    ----------
    photometry : Photometry
        Scale, dark levels and noise of the pair.
    window : tuple of int
        ``(y0, y1, x0, x1)`` in the padded-post frame, with `MARGIN` px of context on every side
        of what will be used.
    post : ndarray, shape (height, width)
        Padded post.
    pre : ndarray of float32, same shape
        Aligned pre.
    coverage : ndarray of bool, same shape
        Both images show something.

    Returns
    -------
    SignificanceTile
    """
    difference = photometry.difference(window, post, pre, coverage)
    mineral = np.where(coverage, np.asarray(pre, np.float32) - np.float32(photometry.dark_pre), 0)
    level, gradient_squared = predict_mineral(mineral, photometry.scale_in(window))
    scaled = (mineral * photometry.scale_in(window)).astype(np.float32)
    curvature = square_curvature(scaled, MODEL_SIGMA)
    # What one scale leaves of the mineral where the true one varies over the sample.
    uneven = (photometry.scale_spread * level) ** 2
    variance = photometry.pixel_noise.variance(level, gradient_squared, curvature) + uneven
    brightest = scaled + MINERAL_SIGMA * np.sqrt(variance)
    mask = _mask_pixels(photometry, post, pre, coverage, brightest + photometry.dark_post)
    good = (mask & (UNCOVERED | BLIND)) == 0
    smooth, fill, effective = matched_filter(difference, good, photometry.fwhm)
    sigma = photometry.fwhm / FWHM_PER_SIGMA
    steep = widen_gradient(scaled, sigma), square_curvature(scaled, sigma)
    noise = photometry.matched_noise
    smooth_variance = noise.variance(level, *steep) * effective + uneven
    significance = smooth / np.sqrt(np.maximum(smooth_variance, 1e-20))
    significance[~good | (fill < MIN_FILL)] = 0
    outline, profile = (
        np.where(significance == 0, 0, matched_filter(difference, good, part * photometry.fwhm)[0])
        for part in (FLANK_FILTER, PROFILE_FILTER)
    )
    mismatch = noise.registration_px**2 * steep[0] + noise.interpolation**2 * steep[1]
    return SignificanceTile(
        difference,
        np.sqrt(variance).astype(np.float32),
        significance,
        hold_flanks_down(significance, profile, photometry.fwhm),
        outline,
        mask,
        coverage & (level > photometry.sample_level * photometry.scale_in(window)),
        mismatch > smooth_variance / 2,
    )


def hold_flanks_down(significance, profile, fwhm):
    """Let significance fall off around sources as their own light does.

    Parameters
    ----------
    significance : ndarray of float32
        Matched-filtered significance.
    profile : ndarray of float32
        Difference, hardly smoothed.
    fwhm : float
        Width of the matched filter, px.

    Returns
    -------
    ndarray of float32
        Significance; around sources above 5 only where their profile is above half of its maximum.
    """
    reach = 2 * max(1, round(FLANK_REACH * fwhm)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    highest = cv2.dilate(np.where(significance > SOURCE, profile, 0), disc)
    part = np.clip(profile / np.maximum(highest, 1e-12), 0, 1)
    inside = (significance - SOURCE) * (part - FLANK) / (1 - FLANK)
    held = np.where(part < FLANK, SOURCE * part / FLANK, SOURCE + np.maximum(inside, 0))
    held = np.minimum(significance, held)
    return np.where(highest > 0, held, significance).astype(np.float32)


def matched_filter(difference, good, fwhm):
    """Gaussian mean over good pixels.

    Returns
    -------
    smooth : ndarray of float32
        Weighted mean of the good pixels.
    fill : ndarray of float32
        Part of the filter's weight that lies on good pixels.
    effective : ndarray of float32
        Factor by which missing pixels raise the variance of the mean.
    """
    sigma = fwhm / FWHM_PER_SIGMA
    weight = good.astype(np.float32)
    fill = _blur(weight, sigma)
    smooth = _blur(difference * weight, sigma) / np.maximum(fill, 1e-3)
    # The squared kernel is again a Gaussian, narrower by the square root of two.
    squared = _blur(weight, sigma / np.sqrt(2))
    return smooth, fill, squared / np.maximum(fill, 1e-3) ** 2


def _blur(image, sigma):
    """Gaussian sum; beyond the window there is nothing, rather than its mirror image."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)


def _mask_pixels(photometry, post, pre, coverage, brightest):
    """Bits of the mask; `brightest` is what the mineral alone may come to in post."""
    bright_post, bright_pre = saturated(post, pre, photometry.saturation)
    mask = np.where(coverage, 0, UNCOVERED).astype(np.uint8)
    mask |= SATURATED_POST * dilate(bright_post & coverage, 0)
    grown_pre = dilate(bright_pre & coverage, SATURATION_RIM)
    mask |= SATURATED_PRE * grown_pre
    full_scale = photometry.saturation[0]
    own = brightest > full_scale
    near = dilate(bright_post, SATURATION_RIM).astype(bool) if np.isfinite(full_scale) else own
    mask |= BLIND * (grown_pre | (own & near).astype(np.uint8))
    return mask
