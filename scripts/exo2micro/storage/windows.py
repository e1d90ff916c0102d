"""Rectangles of an image, in pixels: rows ``y0 <= y < y1``, columns ``x0 <= x < x1``."""

from collections.abc import Iterator
from typing import NamedTuple


class Window(NamedTuple):
    """A half-open rectangle of an image, in whole pixels.

    Compares equal to the plain tuple ``(y0, y1, x0, x1)``.
    """

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.y1 - self.y0

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.x1 - self.x0

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)``, the shape of the array that the window cuts out."""
        return self.height, self.width

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index that cuts the window out of a whole image."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def within(self, outer) -> tuple[slice, slice]:
        """Index that cuts the window out of the array of a window around it."""
        y0, _, x0, _ = outer
        return slice(self.y0 - y0, self.y1 - y0), slice(self.x0 - x0, self.x1 - x0)

    def shifted(self, dy: int, dx: int) -> "Window":
        """Return the window moved by ``dy`` rows and ``dx`` columns."""
        return Window(self.y0 + dy, self.y1 + dy, self.x0 + dx, self.x1 + dx)


def intersect(first, second) -> Window | None:
    """Return the rectangle that two windows share, or None where they do not meet."""
    y0, y1 = max(first[0], second[0]), min(first[1], second[1])
    x0, x1 = max(first[2], second[2]), min(first[3], second[3])
    return Window(y0, y1, x0, x1) if y0 < y1 and x0 < x1 else None


def tile_windows(shape, tile=512) -> Iterator[Window]:
    """Cut an image into tiles, row by row from the top left.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)`` of the image, px.
    tile : int or tuple of int
        Side of the square tiles, or their ``(height, width)``, px.

    Yields
    ------
    Window
        Tiles in row-major order, cropped at the lower and right edge.
    """
    height, width = shape
    tile_height, tile_width = (tile, tile) if isinstance(tile, int) else tile
    for y in range(0, height, tile_height):
        for x in range(0, width, tile_width):
            yield Window(y, min(y + tile_height, height), x, min(x + tile_width, width))


def tile_grid(shape, tile: int) -> tuple[int, int]:
    """Return how many tiles cover an image: ``(rows, columns)`` of tiles."""
    return -(-shape[0] // tile), -(-shape[1] // tile)


def check_inside(window, shape) -> Window:
    """Return `window` as a `Window`; raise ValueError unless it lies inside `shape`."""
    window = Window(*(int(edge) for edge in window))
    y0, y1, x0, x1 = window
    if not (0 <= y0 <= y1 <= shape[0] and 0 <= x0 <= x1 <= shape[1]):
        raise ValueError(f"window {tuple(window)} is not inside an image of shape {tuple(shape)}")
    return window
