"""The sample's footprint on a reduced image, and the ring along its boundary."""

from dataclasses import dataclass

import cv2
import numpy as np

# Background is accepted when its texture is at most this share of the sample's: dark mineral in a
# frame-filling texture is as rough as bright mineral, background holds but averaged noise.
BACKGROUND_ROUGHNESS = 0.4
BACKGROUND_SHARE = 0.01
FRAGMENT_SHARE = 0.01
SMOOTHING = 1.5
# Dark gaps narrower than twice this share of the longer side belong to the sample's area.
GAP_SHARE = 0.02
EDGE_BAND = 3


@dataclass(frozen=True)
class Footprint:
    """Where the sample lies on a reduced image.

    Attributes
    ----------
    mask : ndarray of bool, shape (h, w)
        Inside the sample.
    level : float
        Grey level of the outline.
    smooth : ndarray of float32, shape (h, w)
        The image that was thresholded.
    fills_frame : bool
        True where no background was found: the sample has no boundary in this image.
    raw_area : ndarray of bool, shape (h, w)
        Pixels that show the raw image (not padding).
    area : ndarray of bool, shape (h, w)
        The mask with the dark gaps between its parts: sparse structure (fibres, cells, veins) is
        told by the gaps as much as by itself.
    """

    mask: np.ndarray
    level: float
    smooth: np.ndarray
    fills_frame: bool
    raw_area: np.ndarray
    area: np.ndarray

    def boundary_area(self):
        """Pixels whose outline is the sample's own, not the photograph's edge."""
        return erode(self.raw_area, EDGE_BAND)


def find_footprint(image, raw_area):
    """Separate the sample from the dark background around it.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Reduced image.
    raw_area : ndarray of bool, shape (h, w)
        Pixels that show the raw image.

    Returns
    -------
    Footprint

    Notes
    -----
    Otsu's threshold on the square root of the smoothed image separates two classes; the outline is
    then set a quarter of the way from the background's level to the sample's, at least five
    background spreads up. Where the dark class is as rough as the bright one it is dark mineral,
    not background: the sample fills the frame.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), SMOOTHING)
    values = smooth[raw_area]
    if values.size == 0 or values.max() <= values.min():
        return Footprint(raw_area.copy(), 0.0, smooth, True, raw_area, raw_area)
    threshold = _otsu_of_root(values)
    dark = erode(raw_area & (smooth <= threshold), EDGE_BAND)
    bright = erode(raw_area & (smooth > threshold), EDGE_BAND)
    filled = Footprint(raw_area.copy(), float(values.min()), smooth, True, raw_area, raw_area)
    if dark.sum() < BACKGROUND_SHARE * raw_area.sum() or not bright.any():
        return filled
    # The square root evens out textures whose contrast grows with their brightness.
    root = np.sqrt(np.maximum(smooth, 0))
    gradient = cv2.magnitude(cv2.Sobel(root, cv2.CV_32F, 1, 0), cv2.Sobel(root, cv2.CV_32F, 0, 1))
    if np.median(gradient[dark]) > BACKGROUND_ROUGHNESS * np.median(gradient[bright]):
        return filled
    background = np.median(smooth[dark])
    spread = 1.4826 * np.median(np.abs(smooth[dark] - background))
    sample = np.median(smooth[bright])
    level = background + max(0.25 * (sample - background), min(5 * spread, sample - background))
    mask = _keep_fragments(raw_area & (smooth > level))
    return Footprint(mask, float(level), smooth, False, raw_area, _close_gaps(mask, raw_area))


def draw_footprint(image, raw_area, level, fills_frame):
    """Draw a sample's mask whose outline's level was found before, on a picture of the same size.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Reduced image.
    raw_area : ndarray of bool, shape (h, w)
        Pixels that show the raw image.
    level : float
        Grey level of the outline.
    fills_frame : bool
        The sample has no boundary in this image.

    Returns
    -------
    Footprint
        Its `area` is the mask: gaps between the sample's parts are not looked for.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), SMOOTHING)
    mask = raw_area.copy() if fills_frame else _keep_fragments(raw_area & (smooth > level))
    return Footprint(mask, level, smooth, fills_frame, raw_area, mask)


def boundary_ring(footprint, width, smooth):
    """Soft ring along the sample's outline.

    Parameters
    ----------
    footprint : Footprint
        Sample on the coarse image.
    width : float
        Thickness, px.
    smooth : float
        Gaussian sigma, px.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Zero everywhere when the sample has no boundary; the photograph's own edge is no part of it.
    """
    if footprint.fills_frame:
        return np.zeros(footprint.mask.shape, dtype=np.float32)
    mask = footprint.mask
    half = max(1, round(width / 2))
    ring = (dilate(mask, half) & ~erode(mask, half)) & footprint.boundary_area()
    return cv2.GaussianBlur(ring.astype(np.float32), (0, 0), max(smooth, 0.3))


def outline_points(footprint):
    """Sub-pixel points on the sample's outline.

    Parameters
    ----------
    footprint : Footprint

    Returns
    -------
    points : ndarray of float64, shape (N, 2)
        ``(x, y)`` where the smoothed image crosses the outline's level; none on the photograph's
        edge.
    normals : ndarray of float64, shape (N, 2)
        Unit normals, pointing out of the sample.
    """
    if footprint.fills_frame:
        return np.zeros((0, 2)), np.zeros((0, 2))
    mask = footprint.mask
    edge = mask & ~erode(mask, 1) & footprint.boundary_area()
    rows, columns = np.nonzero(edge)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0)
    gx = cv2.Sobel(soft, cv2.CV_32F, 1, 0)[rows, columns].astype(np.float64)
    gy = cv2.Sobel(soft, cv2.CV_32F, 0, 1)[rows, columns].astype(np.float64)
    length = np.hypot(gx, gy)
    usable = length > 1e-6
    rows, columns = rows[usable], columns[usable]
    normals = -np.stack([gx[usable], gy[usable]], axis=1) / length[usable, None]
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    return points + normals * _crossing(footprint, points, normals)[:, None], normals


def erode(mask, radius):
    """Mask without its rim of `radius` px; the image's edge counts as outside."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.erode(mask.astype(np.uint8), kernel, borderValue=0).astype(bool)


def dilate(mask, radius):
    """Mask with a rim of `radius` px added."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel, borderValue=0).astype(bool)


def _close_gaps(mask, raw_area):
    """Mask grown and shrunk again by the width of a gap; beyond the raw image nothing is dark."""
    rows, columns = np.nonzero(raw_area)
    radius = GAP_SHARE * max(np.ptp(rows), np.ptp(columns))
    outside = (~mask).astype(np.uint8)
    grown = (cv2.distanceTransform(outside, cv2.DIST_L2, 3) <= radius) | ~raw_area
    shrunk = cv2.distanceTransform(grown.astype(np.uint8), cv2.DIST_L2, 3) > radius
    return (shrunk & raw_area) | mask


def _otsu_of_root(values):
    """Otsu's threshold on the square root, which evens out photon noise."""
    low, high = np.percentile(values, [0.5, 99.0])
    root = np.sqrt(np.clip(values - low, 0, max(high - low, 1e-6)))
    scaled = np.round(255 * root / root.max()).astype(np.uint8)
    cut, _ = cv2.threshold(scaled.reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return low + (cut / 255 * root.max()) ** 2


def _keep_fragments(mask):
    """Drop specks (single microbes off the sample) and close pin-holes."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    keep = areas >= max(FRAGMENT_SHARE * areas.max(initial=0), 4)
    keep[0] = False
    holes = ~keep[labels]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(holes.astype(np.uint8), connectivity=4)
    pinholes = stats[:, cv2.CC_STAT_AREA] < 0.002 * max(areas.max(initial=0), 1)
    pinholes[0] = False
    return ~holes | pinholes[labels]


def _crossing(footprint, points, normals, reach=1.5, steps=7):
    """Distance along each normal at which the smoothed image passes the outline's level."""
    offsets = np.linspace(-reach, reach, steps)
    profiles = np.stack(
        [
            cv2.remap(
                footprint.smooth,
                (points[:, 0] + t * normals[:, 0]).astype(np.float32).reshape(-1, 1),
                (points[:, 1] + t * normals[:, 1]).astype(np.float32).reshape(-1, 1),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )[:, 0]
            for t in offsets
        ],
        axis=1,
    )
    below = profiles < footprint.level
    first = np.argmax(below, axis=1)
    rows = np.arange(len(points))
    before = np.maximum(first - 1, 0)
    a, b = profiles[rows, before], profiles[rows, first]
    share = np.where(a > b, (a - footprint.level) / np.maximum(a - b, 1e-9), 0.0)
    crossing = offsets[before] + np.clip(share, 0, 1) * (offsets[1] - offsets[0])
    return np.where(below.any(axis=1) & ~below[:, 0], crossing, 0.0)
