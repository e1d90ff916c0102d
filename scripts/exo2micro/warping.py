"""Warp the padded pre image into the post frame, window by window, in one interpolation."""

from dataclasses import dataclass

import cv2
import numpy as np

from .storage import tile_windows

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
# What is doubled and looked up at a time, rows and columns of the window, px: multiples of
# NODE_STEP, and the doubled source stays in a core's own memory. A pair rotated by 6 degrees, two
# processes at once, best of ten, ms a tile of 512 x 512 px: (128, 256) 5.4, (64, 512) 4.7,
# (96, 512) 4.4, (128, 512) 3.9, (192, 512) 3.9, (256, 512) 4.1, whole 6.6.
BLOCK = (128, 512)


@dataclass(frozen=True)
class SourceMap:
    """Where the pixels of a padded-post window lie in the padded-pre image.

    Attributes
    ----------
    x0, y0 : int
        Padded-pre pixel from which `x` and `y` count: small numbers keep float32 exact to 1e-4 px.
    x, y : ndarray of float32, shape (height, width)
        Positions, px.
    x_stop, y_stop : int
        All positions are below ``x0 + x_stop`` and ``y0 + y_stop``.
    """

    x0: int
    y0: int
    x: np.ndarray
    y: np.ndarray
    x_stop: int
    y_stop: int


def source_map(transform, window):
    """Padded-pre position shown by each pixel of a padded-post window.

    Parameters
    ----------
    transform : Transform
        Padded post to padded pre.
    window : Window
        Padded-post window.

    Returns
    -------
    SourceMap
    """
    return _between_nodes(_map_nodes(transform, window), window)


def _map_nodes(transform, window):
    """Padded-pre x and y of a window's nodes, shape (2, rows, columns)."""
    y0, y1, x0, x1 = window
    return transform.map_lattice(_nodes(x0, x1), _nodes(y0, y1))


def _between_nodes(mapped, window):
    """Source positions of all pixels of a window from those of its nodes."""
    low, stop = _source_range(*_extremes(mapped))
    x, y = _enlarge(_counted_from(mapped, low), window)
    return SourceMap(int(low[0]), int(low[1]), x, y, int(stop[0]), int(stop[1]))


def _extremes(mapped):
    """Least and greatest (x, y) of nodes."""
    return mapped.min(axis=(1, 2)), mapped.max(axis=(1, 2))


def _counted_from(mapped, origin):
    """Positions counted from a pixel (x, y)."""
    return mapped - np.asarray(origin)[:, None, None]


def _source_range(least, greatest):
    """Whole (x, y) that no node lies below, and how far beyond it all of them end."""
    low = np.floor(least).astype(int)
    return low, np.ceil(greatest - low).astype(int) + 1


def _enlarge(nodes, window):
    """Values (x, y) at all pixels of a window from those at its nodes, float32."""
    y0, y1, x0, x1 = window
    nodes = nodes.astype(np.float32)
    # Enlarged by cv2.resize, node k comes to lie half-way between pixels 8k + 3 and 8k + 4.
    size = (nodes.shape[2] * NODE_STEP, nodes.shape[1] * NODE_STEP)
    inner = (slice(NODE_STEP, NODE_STEP + y1 - y0), slice(NODE_STEP, NODE_STEP + x1 - x0))
    return [cv2.resize(axis, size)[inner] for axis in nodes]


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
    return _warp(pre, _map_nodes(transform, window), window, interpolation, raw_box)


def warp_pieces(pre, transform, window, side, interpolation="cubic", raw_box=None):
    """Aligned pre image in one window, cut into pieces that are warped one after the other.

    Parameters
    ----------
    pre, transform, window, interpolation, raw_box
        See `warp_tile`.
    side : int
        Side of the pieces, px; a multiple of `NODE_STEP`.

    Yields
    ------
    piece : Window
        Where it lies in the padded-post frame.
    aligned, coverage : ndarray
        What `warp_tile` gives there, to the last bit.
    """
    mapped = _map_nodes(transform, window)
    for piece in tile_windows(window.shape, side):
        nodes = mapped[:, *_nodes_within(piece)]
        place = piece.shifted(window.y0, window.x0)
        yield place, *_warp(pre, nodes, place, interpolation, raw_box)


def _warp(pre, mapped, window, interpolation, raw_box):
    """Aligned image and coverage of a window whose nodes are mapped."""
    box = raw_box or (0, pre.shape[0], 0, pre.shape[1])
    # More than half of a padded image is padding: it is told by the nodes alone.
    least, greatest = _extremes(mapped)
    if _misses(least, greatest, box):
        return _nothing(window)
    low, stop = _source_range(least, greatest)
    coverage = _covered(mapped, low, stop, window, box)
    if coverage is not None and not coverage.any():
        return _nothing(window)
    source = (
        max(low[1] - MARGIN, box[0] - MARGIN),
        min(low[1] + stop[1] + MARGIN, box[1] + MARGIN),
        max(low[0] - MARGIN, box[2] - MARGIN),
        min(low[0] + stop[0] + MARGIN, box[3] + MARGIN),
    )
    pixels = _extend_edge(pre, source, box)
    # Shifted (and doubled) at the nodes, which are 64 times fewer.
    nodes = _counted_from(mapped, (source[2], source[0]))
    if interpolation == "bilinear":
        aligned = _look_up(pixels, *_enlarge(nodes, window))
    else:
        aligned = _look_up_doubled(pixels, nodes, window, HALFWAY[interpolation])
    if coverage is None:
        return aligned, np.ones(aligned.shape, dtype=bool)
    aligned[~coverage] = 0
    return aligned, coverage


def _look_up(pixels, x, y, target=None):
    """Pixels at positions between them, bilinearly; written into a target if given."""
    return cv2.remap(pixels, x, y, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_REPLICATE)


def _look_up_doubled(pixels, nodes, window, halfway):
    """Pixels at positions between them, bilinearly on twice the sampling.

    Parameters
    ----------
    pixels : ndarray of float32, shape (h, w)
        Source.
    nodes : ndarray of float64, shape (2, rows, columns)
        x and y at the window's nodes, px of the source.
    window : Window
        Padded-post window.
    halfway : ndarray
        See `double`.

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    x, y = _enlarge(nodes * 2, window)
    aligned = np.empty(x.shape, dtype=np.float32)
    reach = len(halfway) // 2 + 1
    for block in tile_windows(x.shape, BLOCK):
        left, right, top, bottom = _source_of(nodes, block, pixels.shape, reach)
        own = block.slices
        # Whole numbers are taken off, which leaves float32 exact.
        _look_up(
            double(pixels[top:bottom, left:right], halfway),
            x[own] - np.float32(2 * left),
            y[own] - np.float32(2 * top),
            aligned[own],
        )
    return aligned


def _source_of(nodes, block, shape, reach):
    """Pixels that a block shows, and some around: ``(x0, x1, y0, y1)``, not empty."""
    edges = []
    for axis, side in zip(nodes[:, *_nodes_within(block)], reversed(shape), strict=True):
        start = min(max(int(np.floor(axis.min())) - reach, 0), side - 1)
        edges += [start, min(max(int(np.ceil(axis.max())) + reach + 1, start + 1), side)]
    return edges


def _misses(least, greatest, box):
    """Whether all positions between nodes lie on one side of the raw image."""
    (left, top), (right, bottom) = least, greatest
    return right < box[2] or left > box[3] - 1 or bottom < box[0] or top > box[1] - 1


def _nothing(window):
    """Aligned image and coverage of a window in which the pre image shows nothing."""
    y0, y1, x0, x1 = window
    shape = (y1 - y0, x1 - x0)
    return np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=bool)


def _covered(mapped, low, stop, window, box):
    """Pixels whose position lies inside the raw image; None where all do."""
    left, right = box[2] - low[0], box[3] - 1 - low[0]
    top, bottom = box[0] - low[1], box[1] - 1 - low[1]
    if left <= 0 and top <= 0 and right >= stop[0] and bottom >= stop[1]:
        return None
    x, y = _enlarge(_counted_from(mapped, low), window)
    return (x >= left) & (x <= right) & (y >= top) & (y <= bottom)


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
    weights, anchor = np.asarray(halfway, dtype=np.float32), len(halfway) // 2 - 1
    between = cv2.filter2D(
        pixels, cv2.CV_32F, weights[None, :], anchor=(anchor, 0), borderType=cv2.BORDER_REPLICATE
    )
    # Written where they belong, every other row, rather than copied there.
    doubled = np.empty((height, 2, 2 * width), dtype=np.float32)
    rows, rows_between = doubled[:, 0], doubled[:, 1]
    cv2.merge([pixels, between], rows.reshape(height, width, 2))
    cv2.filter2D(
        rows,
        cv2.CV_32F,
        weights[:, None],
        rows_between,
        anchor=(0, anchor),
        borderType=cv2.BORDER_REPLICATE,
    )
    return doubled.reshape(2 * height, 2 * width)


def _nodes_within(part):
    """Nodes of a part of a window, as slices of the window's; its edges lie on `NODE_STEP`."""
    y0, y1, x0, x1 = part
    return tuple(
        slice(start // NODE_STEP, -(-stop // NODE_STEP) + 2) for start, stop in ((y0, y1), (x0, x1))
    )


def _nodes(start, stop):
    """Node positions along one axis, one beyond the window at either end."""
    count = -(-(stop - start) // NODE_STEP) + 2
    return start - 0.5 - NODE_STEP / 2 + NODE_STEP * np.arange(count)


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
