"""A reduced picture of one padded image with what the coarse alignment needs of it."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from scipy import fft

from .footprint import erode, find_footprint
from .geometry import local_affine, translation
from .side_by_side import run_together
from .view import View, area_of_box

# Band of the detail that is compared: finer is noise, coarser is the lamp's evenness and the stain.
FINE_SIGMA = 1.0
COARSE_SIGMA = 5.0
CLIP = 3.0
# Rim around the raw image that is looked at with it, px: more than any filter here reaches.
RIM = 32
# Grey levels of a photograph, on average, from which the pyramid will do for its overview. That
# differs from the mean of all pixels by less than a tenth of a grey level then, by rounding and by
# pixels that are cut; a quarter is what the noise of 40 photons a pixel leaves.
BRIGHT = 8.0
# Least spread of detail as a share of its standard deviation; see `spread_of`.
SPARSE = 0.25


@dataclass(frozen=True)
class Overview(View):
    """View of an image with the band-passed detail of the sample.

    Attributes
    ----------
    detail : ndarray of float32, shape (h, w)
        Band-passed image in units of its own spread, clipped, zero outside the footprint.
    interior : ndarray of bool, shape (h, w)
        Footprint without its rim, where `detail` is free of the outline.
    cell : float
        Area (px) of `detail` that varies as one thing; see `cell_area`.
    """

    detail: np.ndarray
    interior: np.ndarray
    cell: float


def make_overview(padded, raw_box, factor):
    """Reduce a padded image and find the sample on it.

    Parameters
    ----------
    padded : ImageFile
        Padded image (``read_reduced(factor)``).
    raw_box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw image in the padded one.
    factor : float
        Reduced size over full size.

    Returns
    -------
    Overview
    """
    image, factors = padded.read_reduced(factor, exact=_is_dim(padded, raw_box))
    return overview_of(image.astype(np.float32), factors, raw_box)


def make_overviews(post, pre, boxes, factor, threads=1):
    """Overviews of both padded images, made side by side; see `make_overview`."""
    return run_together(
        threads,
        *(partial(make_overview, *pair, factor) for pair in zip((post, pre), boxes, strict=True)),
    )


def _is_dim(padded, raw_box):
    """Whether a photograph shows so little light that rounded levels of its pyramid lose of it."""
    last = len(padded.levels) - 1
    shape = padded.levels[last]
    side = 2**last
    y0, y1, x0, x1 = (edge // side for edge in raw_box)
    smallest = padded.read((0, shape[0], 0, shape[1]), last) if last else np.zeros(shape)
    return float(smallest[y0 : y1 + 1, x0 : x1 + 1].mean()) < BRIGHT


def overview_of(image, factors, raw_box):
    """Overview of an image that is reduced already; see `make_overview`."""
    raw_area = area_of_box(image.shape, factors, raw_box)
    # The padding round a small photograph may be fifty times its size.
    near = _surroundings(raw_area)
    small = find_footprint(image[near], raw_area[near])
    inner = erode(small.area, round(2 * FINE_SIGMA) + 1)
    detail = _put_back(band_pass(image[near], small.area, inner), near, image.shape)
    interior = _put_back(inner, near, image.shape)
    names = ("mask", "smooth", "area")
    footprint = replace(
        small,
        raw_area=raw_area,
        **{name: _put_back(getattr(small, name), near, image.shape) for name in names},
    )
    return Overview(image, factors, footprint, detail, interior, cell_area(detail))


def band_pass(image, mask, interior, fine=FINE_SIGMA, coarse=COARSE_SIGMA):
    """Relative detail of the mineral, evened out and clipped so that microbes have little say.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Image.
    mask, interior : ndarray of bool, shape (h, w)
        Sample, and sample without its rim.
    fine, coarse : float
        Gaussian sigmas of the band, px.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Mean 0 and spread about 1 in `interior`, zero outside it.
    """
    if not interior.any():
        return np.zeros(image.shape, dtype=np.float32)
    weight = mask.astype(np.float32)
    inner = _masked_blur(image, weight, fine)
    outer = _masked_blur(image, weight, coarse)
    detail = np.sqrt(np.maximum(inner, 0)) - np.sqrt(np.maximum(outer, 0))
    values = detail[interior]
    centre = np.median(values)
    spread = spread_of(values - centre)
    # A constant image's detail is but rounding.
    if spread <= 1e-4 * np.sqrt(max(float(inner[interior].max()), 0.0)):
        return np.zeros(image.shape, dtype=np.float32)
    detail = np.clip((detail - centre) / spread, -CLIP, CLIP)
    detail[~interior] = 0
    return detail.astype(np.float32)


def spread_of(values):
    """Standard deviation of detail, robust against microbes but never zero for sparse structure.

    Parameters
    ----------
    values : ndarray
        Detail about zero.

    Returns
    -------
    float
        From the median of the magnitudes; where most of the pixels are empty this tells of the
        empty ones only, and a quarter of the plain standard deviation is taken.
    """
    robust = 1.4826 * float(np.median(np.abs(values)))
    return max(robust, SPARSE * float(np.std(values)))


def similarity_of(post, pre, pre_from_post):
    """Correlation of the two interiors' detail under a transform, and its significance.

    Parameters
    ----------
    post, pre : Overview
        Overviews.
    pre_from_post : ndarray, shape (3, 3)
        Transform between the two overviews' pixels.

    Returns
    -------
    correlation : float
        Normalised cross-correlation over the common interior, -1 to 1.
    significance : float
        Fisher's z of the correlation in units of what unrelated textures of this extent and
        coarseness give by chance.
    overlap : float
        Common interior as a share of the smaller one (in post pixels).
    """
    near = _surroundings(post.interior)
    interior = post.interior[near]
    moved = pre_from_post @ translation(near[1].start or 0, near[0].start or 0)
    size, flags = interior.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    detail = cv2.warpPerspective(pre.detail, moved, size, flags=flags)
    inside = cv2.warpPerspective(pre.interior.astype(np.float32), moved, size, flags=flags)
    common = interior & (inside > 0.99)
    centre = (near[1].start or 0) + size[0] / 2, (near[0].start or 0) + size[1] / 2
    stretch = max(abs(np.linalg.det(local_affine(pre_from_post, centre))), 1e-6)
    smaller = min(interior.sum(), max(pre.interior.sum() / stretch, 1))
    overlap = float(common.sum() / max(smaller, 1))
    a, b = post.detail[near][common], detail[common]
    if a.size < 100:
        return 0.0, 0.0, overlap
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum(dtype=np.float64) * (b * b).sum(dtype=np.float64)))
    correlation = float((a * b).sum(dtype=np.float64) / norm) if norm > 0 else 0.0
    independent = a.size / np.sqrt(post.cell * pre.cell)
    significance = np.arctanh(np.clip(correlation, -0.9999, 0.9999)) * np.sqrt(independent)
    return correlation, float(significance), overlap


def cell_area(detail):
    """Sum of the squared autocorrelation over all shifts.

    Parameters
    ----------
    detail : ndarray of float32, shape (h, w)
        Band-passed image, zero outside the sample.

    Returns
    -------
    float
        px. The correlation of two unrelated textures over N px has the variance of N divided by
        this (Bartlett's formula, with the geometric mean of the two textures' areas): coarse
        textures are alike by chance far more easily than fine ones.
    """
    shape = [fft.next_fast_len(n, real=True) for n in detail.shape]
    power = np.abs(fft.rfft2(detail, s=shape)) ** 2
    total = float(power.sum(dtype=np.float64))
    if total <= 0:
        return 1.0
    # The square of one texture's power is on average twice that of its kind's mean power, and half
    # of the spectrum is stored: over all of it both sums are twice as large.
    squares = 0.5 * float((power**2).sum(dtype=np.float64))
    return max(shape[0] * shape[1] * 2 * squares / (2 * total) ** 2, 1.0)


def _surroundings(area):
    """Index of the rectangle of an area with a rim; of the whole where the area is empty."""
    if not area.any():
        return np.s_[:, :]
    spans = []
    for axis in (1, 0):
        where = np.flatnonzero(area.any(axis=axis))
        spans.append(slice(max(where[0] - RIM, 0), where[-1] + 1 + RIM))
    return tuple(spans)


def _put_back(part, index, shape):
    """An array of a shape that is zero but for one part."""
    whole = np.zeros(shape, dtype=part.dtype)
    whole[index] = part
    return whole


def _masked_blur(image, weight, sigma):
    """Gaussian mean over the sample's own pixels, so that its rim is not darkened."""
    total = cv2.GaussianBlur(image * weight, (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
