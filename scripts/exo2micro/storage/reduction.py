"""Area averages: an image made smaller so that each new pixel is the mean of what it covers."""

import cv2
import numpy as np


def reduced_shape(shape, factor: float) -> tuple[int, int]:
    """Return the size of an image reduced by `factor`, rounded, at least one pixel."""
    return tuple(max(1, round(side * factor)) for side in shape)


class AreaAverage:
    """Averages an image, given in blocks, over the pixels of a smaller one.

    Each pixel counts by the share of it that lies in the new pixel, so any factor is exact: a
    new pixel ``(row, col)`` covers ``row / fy .. (row + 1) / fy`` of the image, and the
    like in x, pixels being unit squares.

    Parameters
    ----------
    extent : tuple of float
        Height and width of the image in the pixels of the blocks; may end within a pixel, of
        which then only that share counts.
    shape : tuple of int
        ``(height, width)`` of the reduced image, px; not larger than the image.
    dtype : dtype
        float32 or float64, of the result.
    """

    def __init__(self, extent, shape, dtype=np.float32):
        self._edges = [np.linspace(0, e, n + 1) for e, n in zip(extent, shape, strict=True)]
        self._mean = np.zeros(shape, dtype)
        self._area = extent[0] / shape[0] * extent[1] / shape[1]

    def add(self, block: np.ndarray, y0: int, x0: int) -> None:
        """Add the block whose top left pixel is at (`y0`, `x0`); blocks must not overlap."""
        if not block.any():
            return
        if block.dtype.kind == "f":
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        rows, y_cuts = _cuts(self._edges[0], y0, block.shape[0])
        columns, x_cuts = _cuts(self._edges[1], x0, block.shape[1])
        # Sums of a block of bytes have room in 32 bits: the same numbers in half the time.
        small = block.dtype == np.uint8 and block.size < 2**31 // 255
        sums = cv2.integral(block, sdepth=cv2.CV_32S if small else cv2.CV_64F)
        sums = _interpolate(_interpolate(sums, y_cuts).T, x_cuts).T
        self._mean[rows, columns] += np.diff(np.diff(sums, axis=0), axis=1) / self._area

    def mean(self) -> np.ndarray:
        """Return the reduced image of what was added; what was not counts as 0."""
        return self._mean


def _cuts(edges: np.ndarray, start: int, length: int) -> tuple[slice, np.ndarray]:
    """Return which new pixels a block touches, and where their edges cut it (block pixels)."""
    first = max(np.searchsorted(edges, start, side="right") - 1, 0)
    last = min(np.searchsorted(edges, start + length, side="left"), len(edges) - 1)
    return slice(first, last), np.clip(edges[first : last + 1] - start, 0, length)


def _interpolate(sums: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return the running sums at fractional rows `cuts`."""
    below = np.minimum(cuts.astype(int), len(sums) - 2)
    share = (cuts - below)[:, None]
    return sums[below] * (1 - share) + sums[below + 1] * share
