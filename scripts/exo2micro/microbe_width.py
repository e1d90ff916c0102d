"""How wide microbes are in this pair, from the brightest of them."""

import cv2
import numpy as np

DEFAULT_FWHM = 4.0  # px; where too few microbes are bright enough to measure
RANGE = (2.0, 12.0)  # px; what is narrower is no image of a thing, what is wider no microbe
SMOOTHING = 1.0  # px; sigma
MIN_PEAK = 10.0  # sigma of the smoothed residual
REACH = 16  # px around a peak that are looked at
SEPARATION = 4  # px; a peak is the highest within this radius
ENOUGH = 12
MOST = 600  # peaks measured
FWHM_PER_SIGMA = 2.3548


def measure_microbe_width(residual, usable, noise):
    """Median width of bright compact sources at half their maximum.

    Of elongated ones it is the width across, not the length.

    Parameters
    ----------
    residual : iterable of ndarray of float32, shape (side, side)
        Post minus scaled pre, grey levels, a patch each.
    usable : ndarray of bool, shape (N, side, side)
        Covered, unsaturated sample pixels.
    noise : float
        Standard deviation of a residual pixel.

    Returns
    -------
    float
        FWHM, px; `DEFAULT_FWHM` with fewer than `ENOUGH` sources.
    """
    least = MIN_PEAK * noise / (np.sqrt(4 * np.pi) * SMOOTHING)
    widths = []
    for image, inside in zip(residual, usable, strict=True):
        smooth = cv2.GaussianBlur(image, (0, 0), SMOOTHING)
        for row, column in _peaks(smooth, inside, least):
            part = np.s_[row - REACH : row + REACH + 1, column - REACH : column + REACH + 1]
            width = width_across(smooth[part])
            if width is not None:
                widths.append(width)
        if len(widths) >= MOST:
            break
    if len(widths) < ENOUGH:
        return DEFAULT_FWHM
    widened = float(np.median(widths))
    plain = np.sqrt(max(widened**2 - (FWHM_PER_SIGMA * SMOOTHING) ** 2, 0.0))
    return round(float(np.clip(plain, *RANGE)), 2)


def width_across(crop):
    """Width at half maximum, along its shorter axis, of the source in the middle of a crop.

    Parameters
    ----------
    crop : ndarray of float32, shape (2 r + 1, 2 r + 1)
        The source's maximum in its middle.

    Returns
    -------
    float or None
        px; None if the source reaches the crop's rim.
    """
    middle = crop.shape[0] // 2
    above = (crop >= crop[middle, middle] / 2).astype(np.uint8)
    _, labels = cv2.connectedComponents(above, connectivity=4)
    source = labels == labels[middle, middle]
    if source[[0, -1]].any() or source[:, [0, -1]].any():
        return None
    rows, columns = np.nonzero(source)
    if len(rows) < 3:
        return None
    # A uniform ellipse has an axis of four standard deviations; pixels add 1/12 to the variance.
    spread = np.linalg.eigvalsh(np.cov(rows, columns, bias=True))[0] + 1 / 12
    return float(4 * np.sqrt(max(spread, 0.0)))


def _peaks(smooth, inside, least):
    """Rows and columns of local maxima that are bright enough and clear of the patch's rim."""
    size = 2 * SEPARATION + 1
    highest = cv2.dilate(smooth, np.ones((size, size), np.uint8))
    found = (smooth == highest) & (smooth > least) & inside
    clear = np.zeros_like(found)
    clear[REACH:-REACH, REACH:-REACH] = True
    return np.argwhere(found & clear)
