"""Significance of the difference: its matched-filtered value over its standard deviation.

For a source of known shape on a noisy background the matched filter is the best linear detector
(the score image of Zackay, Ofek & Gal-Yam 2016 in the limit of equal blurs, which residuals of
registered fluorescence images of one microscope are close to). What a shift of the whole image
makes of the mineral's slopes is taken off first. The filter is a Gaussian of the
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
from exo2micro.matched_filter import matched_filter, smooth_good
from exo2micro.noise import (
    FWHM_PER_SIGMA,
    MODEL_SIGMA,
    NoiseModel,
    curvature_of,
    predict_mineral,
    smooth_curvature,
    smooth_finely,
    square_gradient,
)
from exo2micro.pixel_mask import BLIND, UNCOVERED, mask_pixels
from exo2micro.residual_shift import take_shift_off
from exo2micro.sample_gaps import CONTEXT as GAP_CONTEXT
from exo2micro.sample_gaps import close_gaps
from exo2micro.scale_map import scale_field_tile

CONTEXT = 24  # px, and
CONTEXT_WIDTHS = 6  # filter widths of context that a tile needs on every side
RIM = 8  # px beside the sample that are still looked at
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


@dataclass(frozen=True)
class Photometry:
    """What the scale record says of a pair, ready to be applied to tiles.

    Attributes
    ----------
    scale : float
        Photometric scale.
    field : dict or None
        Smooth variation of the scale, which then replaces it: where it was measured to vary, one
        scale leaves mineral that would hide microbes or pass for them.
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
        Relative scatter of the true scale about the one that is used, where that is known.
    shift : tuple of float
        What is left of misregistration, see `exo2micro.residual_shift.measure_shift`.
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
    shift: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def from_record(cls, record, scale=None):
        """Read a scale record.

        Parameters
        ----------
        record : dict
            From `exo2micro.scale.estimate_scale`, with a scale.
        scale : float, optional
            Another scale than the estimated one (percentile, manual); it is then constant.
            Without it the record's field is followed if it has one, be `scale_model` constant or
            not: that says what the difference image is made with.
        """
        field = record["scale_field"] if scale is None else None
        return cls(
            scale=record["scale_estimate"] if scale is None else scale,
            field=field,
            dark_post=record["dark"]["post"],
            dark_pre=record["dark"]["pre"],
            pixel_noise=NoiseModel(**record["noise"]["pixel"]),
            matched_noise=NoiseModel(**record["noise"]["matched"]),
            fwhm=record["noise"]["microbe_fwhm_px"],
            saturation=tuple(np.nan if s is None else s for s in record["saturation"]),
            sample_level=record["sample_level"],
            scale_spread=0.0 if field is None else record["scale_map"]["roughness"],
            shift=tuple(record["noise"]["shift_px"]),
        )

    @property
    def minds_curvature(self):
        """Whether either noise has a part that goes with the mineral's curvature."""
        return bool(self.pixel_noise.interpolation or self.matched_noise.interpolation)

    def scale_in(self, window):
        """Scale in a window: a number, or an array of float32 of its shape."""
        return self.scale if self.field is None else scale_field_tile(self.field, window)


@dataclass(frozen=True)
class SignificanceTile:
    """Significance and what it was made from, all of one shape.

    Attributes
    ----------
    mineral, difference, sigma : ndarray of float32
        Scaled mineral, difference (grey levels), standard deviation of its pixels.
    smooth_mineral : ndarray of float32
        Mineral behind the matched filter.
    residual, matched : ndarray of float32
        Difference without what a shift of the whole image leaves, on which sources are measured;
        the same behind the matched filter. Grey levels.
    score, significance : ndarray of float32
        Matched-filtered difference over its standard deviation (0 where the mask says uncovered or
        blind); the same falling off around sources as their light does.
    outline : ndarray of float32
        Difference smoothed by half the filter's width: what outlines of sources are drawn on.
    mask : ndarray of uint8
        Bits: 1 not covered or beside the sample, 2 post saturated, 4 pre saturated, 8 blind (the
        mineral itself saturates: no microbe could be seen).
    sample : ndarray of bool
        The pre image shows mineral.
    ground : ndarray of bool
        The same with its narrow dark gaps.
    grain_edge : ndarray of bool
        Misregistration contributes more to the variance than noise.
    """

    mineral: np.ndarray
    smooth_mineral: np.ndarray
    difference: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray
    matched: np.ndarray
    score: np.ndarray
    significance: np.ndarray
    outline: np.ndarray
    mask: np.ndarray
    sample: np.ndarray
    ground: np.ndarray
    grain_edge: np.ndarray


def context_of(fwhm):
    """Context (px) that a tile needs on every side, for a filter width in px."""
    return max(CONTEXT + int(np.ceil(CONTEXT_WIDTHS * fwhm)), GAP_CONTEXT + RIM)


def significance_tile(photometry, window, post, pre, coverage, area=None):
    """Significance in a window.

    Parameters
    ----------
    photometry : Photometry
        Scale, dark levels and noise of the pair.
    window : tuple of int
        ``(y0, y1, x0, x1)`` in the padded-post frame, with `context_of` the filter's width on
        every side of what will be used.
    post : ndarray, shape (height, width)
        Padded post.
    pre : ndarray of float32, same shape
        Aligned pre.
    coverage : ndarray of bool, same shape
        Both images show something.
    area : ndarray of bool, same shape, optional
        Where sample may be; everywhere if not given.

    Returns
    -------
    SignificanceTile
    """
    scale = photometry.scale_in(window)
    scaled, difference = _scale_and_subtract(photometry, scale, post, pre, coverage)
    level, gradient_squared = predict_mineral(scaled, 1.0)
    # What one scale leaves of the mineral where the true one varies over the sample.
    uneven = 0.0
    if photometry.scale_spread:
        uneven = np.square(np.float32(photometry.scale_spread) * level)
    fine = smooth_finely(scaled)
    curved = curvature_of(fine) if photometry.minds_curvature else None
    variance = photometry.pixel_noise.variance(
        level, gradient_squared, _smooth_curvature(curved, MODEL_SIGMA)
    )
    if photometry.scale_spread:
        variance += uneven
    sigma = np.sqrt(variance, out=variance)
    sample = coverage & (level > photometry.sample_level * scale)
    if area is not None:
        sample &= area
    mask = mask_pixels(photometry, post, pre, coverage, scaled, sigma)
    good = (mask & (UNCOVERED | BLIND)) == 0
    ground = close_gaps(sample, (window[0], window[2])) & coverage
    if not ground.all():
        beside = (dilate(sample, RIM) == 0) & ~ground
        mask |= beside.view(np.uint8) * np.uint8(UNCOVERED)
    seen = (mask & (UNCOVERED | BLIND)) == 0
    residual = take_shift_off(difference, scaled, coverage, photometry.shift, fine)
    smooth = cv2.GaussianBlur(scaled, (0, 0), photometry.fwhm / FWHM_PER_SIGMA)
    matched, score, grain_edge = _score(photometry, residual, good, level, smooth, curved, uneven)
    score *= seen
    scored = score != 0
    outline, profile = (
        smooth_good(residual, good, part * photometry.fwhm)[0] * scored
        for part in (FLANK_FILTER, PROFILE_FILTER)
    )
    significance = hold_flanks_down(score, profile, photometry.fwhm)
    return SignificanceTile(
        mineral=scaled,
        smooth_mineral=smooth,
        difference=difference,
        sigma=sigma,
        residual=residual,
        matched=matched,
        score=score,
        significance=significance,
        outline=outline,
        mask=mask,
        sample=sample,
        ground=ground,
        grain_edge=grain_edge,
    )


def _scale_and_subtract(photometry, scale, post, pre, coverage):
    """Scaled mineral, and the difference where both images show something; float32."""
    scaled = pre - np.float32(photometry.dark_pre)
    scaled *= np.asarray(scale, np.float32)
    difference = post - np.float32(photometry.dark_post)
    difference -= scaled
    if not coverage.all():
        scaled *= coverage
        difference *= coverage
    return scaled, difference


def _score(photometry, difference, good, level, mineral, curved, uneven):
    """Matched-filtered difference, its score, and where misregistration rules its noise."""
    smooth, fill, effective = matched_filter(difference, good, photometry.fwhm)
    slope = square_gradient(mineral)
    curvature = _smooth_curvature(curved, photometry.fwhm / FWHM_PER_SIGMA)
    noise = photometry.matched_noise
    variance = noise.variance(level, slope, curvature)
    if not good.all():
        variance *= effective
    if photometry.scale_spread:
        variance += uneven
    score = np.maximum(variance, np.float32(1e-20))
    np.divide(smooth, np.sqrt(score, out=score), out=score)
    if not good.all():
        score *= fill >= MIN_FILL
    slope *= noise.registration_px**2
    curvature *= noise.interpolation**2
    slope += curvature
    variance *= 0.5
    return smooth, score, slope > variance


def _smooth_curvature(curved, sigma):
    """Mean of `noise.curvature_of` under a Gaussian; nothing where the noise minds none."""
    return np.float32(0) if curved is None else smooth_curvature(curved, sigma)


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
    sources = significance > SOURCE
    if not sources.any():
        return significance
    reach = 2 * max(1, round(FLANK_REACH * fwhm)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    highest = cv2.dilate(cv2.copyTo(profile, sources.view(np.uint8)), disc).ravel()
    near = np.flatnonzero((highest > 0) & (significance.ravel() > 0))
    own = significance.ravel()[near]
    part = np.clip(profile.ravel()[near] / np.maximum(highest[near], 1e-12), 0, 1)
    inside = (own - SOURCE) * (part - FLANK) / (1 - FLANK)
    held = np.where(part < FLANK, SOURCE * part / FLANK, SOURCE + np.maximum(inside, 0))
    found = significance.copy()
    found.ravel()[near] = np.minimum(own, held)
    return found
