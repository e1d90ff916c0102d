"""Warp the padded pre image into the post frame, window by window, in one interpolation."""

import cv2
import numpy as np

# Nodes at which the transform is evaluated exactly; in between the source position is linear.
# A bending of 4 px with a wavelength of 1000 px is followed to 0.0013 px.
NODE_STEP = 8

# Filters for the value half-way between two pixels. "cubic" is the four-point Lagrange (and
# Catmull-Rom) value; "lanczos" the eight-point Lanczos window, normalised.
HALFWAY = {
    "cubic": np.array([-1, 9, 9, -1]) / 16.0,
    "lanczos": np.array([-1, 5, -21, 81, 81, -21, 5, -1]) / 128.0,
}
MARGIN = 8


def source_positions(transform, window):
    """Padded-pre position shown by each pixel of a padded-post window.

    Parameters
    ----------
    transform : Transform
        Padded post to padded pre.
    window : Window
        Padded-post window.

    Returns
    -------
    x, y : ndarray of float64, shape (height, width)
        Padded-pre positions.
    """
    y0, y1, x0, x1 = window
    node_y, weight_y = _nodes(y0, y1)
    node_x, weight_x = _nodes(x0, x1)
    grid_x, grid_y = np.meshgrid(node_x, node_y)
    mapped = transform.map_points(np.stack([grid_x.ravel(), grid_y.ravel()], axis=1))
    mapped = mapped.reshape(len(node_y), len(node_x), 2)
    return weight_y @ mapped[..., 0] @ weight_x.T, weight_y @ mapped[..., 1] @ weight_x.T


def warp_tile(pre, transform, window, interpolation="cubic", raw_box=None):
    """Aligned pre image in one window of the padded-post frame.

    Parameters
    ----------
    pre : ImageFile
        Padded pre image (anything with ``shape`` and ``read_padded(window)``).
    transform : Transform
        Padded post to padded pre.
    window : Window
        Padded-post window ``(y0, y1, x0, x1)``.
    interpolation : {'bilinear', 'cubic', 'lanczos'}
        'cubic' and 'lanczos' double the source by a half-way filter before the bilinear look-up:
        OpenCV's own cubic uses a kernel of low order and positions rounded to 1/32 px.
    raw_box : tuple of int, optional
        ``(y0, y1, x0, x1)`` of the raw image inside the padded pre image; the whole image if not
        given.

    Returns
    -------
    aligned : ndarray of float32, shape (height, width)
        Zero where the pre image shows nothing.
    coverage : ndarray of bool, shape (height, width)
        True where the position lies inside `raw_box`.
    """
    x, y = source_positions(transform, window)
    box = raw_box or (0, pre.shape[0], 0, pre.shape[1])
    coverage = (x >= box[2]) & (x <= box[3] - 1) & (y >= box[0]) & (y <= box[1] - 1)
    if not coverage.any():
        return np.zeros(coverage.shape, dtype=np.float32), coverage
    source = (
        max(int(np.floor(y.min())) - MARGIN, box[0] - MARGIN),
        min(int(np.ceil(y.max())) + MARGIN + 1, box[1] + MARGIN),
        max(int(np.floor(x.min())) - MARGIN, box[2] - MARGIN),
        min(int(np.ceil(x.max())) + MARGIN + 1, box[3] + MARGIN),
    )
    pixels = _extend_edge(pre, source, box)
    aligned = interpolate(pixels, x - source[2], y - source[0], interpolation)
    aligned[~coverage] = 0
    return aligned, coverage


def interpolate(pixels, x, y, interpolation):
    """Image values at fractional positions.

    Parameters
    ----------
    pixels : ndarray, shape (h, w)
        Source image, float32.
    x, y : ndarray of float64
        Positions in px of `pixels`.
    interpolation : {'bilinear', 'cubic', 'lanczos'}

    Returns
    -------
    ndarray of float32, shape of `x`
    """
    if interpolation != "bilinear":
        pixels = double(pixels, HALFWAY[interpolation])
        x, y = x * 2, y * 2
    return cv2.remap(
        pixels,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def double(pixels, halfway):
    """Double the sampling: pixels stay, values half-way between them are filtered in.

    Parameters
    ----------
    pixels : ndarray of float32, shape (h, w)
        Image.
    halfway : ndarray
        Even number of weights, summing to 1.

    Returns
    -------
    ndarray of float32, shape (2 h, 2 w)
        Pixel ``(2 i, 2 j)`` is pixel ``(i, j)`` of the source.
    """
    height, width = pixels.shape
    anchor = len(halfway) // 2 - 1
    row = np.asarray(halfway, dtype=np.float32)[None, :]
    wide = np.empty((height, 2 * width), dtype=np.float32)
    wide[:, ::2] = pixels
    wide[:, 1::2] = cv2.filter2D(
        pixels, cv2.CV_32F, row, anchor=(anchor, 0), borderType=cv2.BORDER_REPLICATE
    )
    doubled = np.empty((2 * height, 2 * width), dtype=np.float32)
    doubled[::2] = wide
    doubled[1::2] = cv2.filter2D(
        wide, cv2.CV_32F, row.T, anchor=(0, anchor), borderType=cv2.BORDER_REPLICATE
    )
    return doubled


def _nodes(start, stop):
    """Node positions along one axis and each pixel's linear weights on them."""
    count = max(2, -(-(stop - 1 - start) // NODE_STEP) + 1)
    position = np.arange(stop - start) / NODE_STEP
    left = np.minimum(position.astype(np.intp), count - 2)
    weight = np.zeros((stop - start, count))
    rows = np.arange(stop - start)
    weight[rows, left] = 1 - (position - left)
    weight[rows, left + 1] = position - left
    return start + NODE_STEP * np.arange(count), weight


def _extend_edge(pre, source, box):
    """Pixels of a source window; beyond the raw image its edge pixels are repeated.

    The padding's zeros must not reach into the interpolation of the raw image's rim.
    """
    inside = (
        max(source[0], box[0]),
        min(source[1], box[1]),
        max(source[2], box[2]),
        min(source[3], box[3]),
    )
    pixels = pre.read_padded(inside).astype(np.float32)
    top, bottom = inside[0] - source[0], source[1] - inside[1]
    left, right = inside[2] - source[2], source[3] - inside[3]
    if not (top or bottom or left or right):
        return pixels
    return cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REPLICATE)
