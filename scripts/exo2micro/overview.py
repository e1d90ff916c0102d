"""A reduced picture of one padded image with what the coarse alignment needs of it."""

from dataclasses import dataclass

import cv2
import numpy as np

from .footprint import Footprint, erode, find_footprint

# Band of the detail that is compared: finer is noise, coarser is the lamp's evenness and the stain.
FINE_SIGMA = 1.0
COARSE_SIGMA = 5.0
CLIP = 3.0


@dataclass(frozen=True)
class Overview:
    """Reduced image, its factors, the sample's footprint and the band-passed detail in it.

    Attributes
    ----------
    image : ndarray of float32, shape (h, w)
        Area-averaged image.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    footprint : Footprint
        Sample on this image.
    detail : ndarray of float32, shape (h, w)
        Band-passed image in units of its own spread, clipped, zero outside the footprint.
    interior : ndarray of bool, shape (h, w)
        Footprint without its rim, where `detail` is free of the outline.
    """

    image: np.ndarray
    factors: tuple
    footprint: Footprint
    detail: np.ndarray
    interior: np.ndarray


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
    image, factors = padded.read_reduced(factor)
    return overview_of(image.astype(np.float32), factors, raw_box)


def overview_of(image, factors, raw_box):
    """Overview of an image that is reduced already; see `make_overview`."""
    raw_area = _area_of_box(image.shape, factors, raw_box)
    footprint = find_footprint(image, raw_area)
    interior = erode(footprint.mask & raw_area, round(2 * FINE_SIGMA) + 1)
    return Overview(image, factors, footprint, band_pass(image, footprint.mask, interior), interior)


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
    spread = 1.4826 * np.median(np.abs(values - centre))
    if spread <= 0:
        return np.zeros(image.shape, dtype=np.float32)
    detail = np.clip((detail - centre) / spread, -CLIP, CLIP)
    detail[~interior] = 0
    return detail.astype(np.float32)


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
        The correlation in units of what unrelated textures of this size would give.
    overlap : float
        Common interior as a share of the smaller one (in post pixels).
    """
    size = post.image.shape[::-1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    detail = cv2.warpPerspective(pre.detail, pre_from_post, size, flags=flags)
    inside = cv2.warpPerspective(pre.interior.astype(np.float32), pre_from_post, size, flags=flags)
    common = post.interior & (inside > 0.99)
    smaller = min(post.interior.sum(), max((inside > 0.5).sum(), 1))
    overlap = float(common.sum() / max(smaller, 1))
    a, b = post.detail[common], detail[common]
    if a.size < 100:
        return 0.0, 0.0, overlap
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum(dtype=np.float64) * (b * b).sum(dtype=np.float64)))
    correlation = float((a * b).sum(dtype=np.float64) / norm) if norm > 0 else 0.0
    # The band's correlation length is about two fine sigmas: so many pixels tell one thing.
    independent = a.size / (np.pi * (2 * FINE_SIGMA) ** 2)
    return correlation, correlation * float(np.sqrt(independent)), overlap


def _area_of_box(shape, factors, box):
    """Reduced pixels that lie wholly inside a full-resolution box."""
    fx, fy = factors
    y0, y1, x0, x1 = box
    area = np.zeros(shape, dtype=bool)
    rows = slice(int(np.ceil(y0 * fy - 1e-6)), int(np.floor(y1 * fy + 1e-6)))
    columns = slice(int(np.ceil(x0 * fx - 1e-6)), int(np.floor(x1 * fx + 1e-6)))
    area[rows, columns] = True
    return area


def _masked_blur(image, weight, sigma):
    """Gaussian mean over the sample's own pixels, so that its rim is not darkened."""
    total = cv2.GaussianBlur(image * weight, (0, 0), sigma)
    return total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)
