"""Reduced levels of an image, made tile by tile while the image streams by."""

from collections import deque
from collections.abc import Callable

import cv2
import numpy as np

from exo2micro.storage.atomic import scratch_file
from exo2micro.storage.windows import tile_grid

SMALLEST_LEVEL = 1024  # the pyramid stops when the longest side is at most this, px


def level_shapes(shape, smallest: int = SMALLEST_LEVEL) -> list[tuple[int, int]]:
    """Return the shapes of all levels, the full image first.

    Each is half the one before, rounded up: so ``x_full = (x_level + 0.5) * 2**level - 0.5``
    holds exactly on every level.
    """
    shapes = [tuple(int(side) for side in shape)]
    while max(shapes[-1]) > smallest:
        shapes.append(tuple(-(-side // 2) for side in shapes[-1]))
    return shapes


def halve(block: np.ndarray) -> np.ndarray:
    """Average 2 x 2 pixels.

    Integers are rounded to the nearest, ties to even: so no bias adds up over the levels. The
    last row or column of an odd size is averaged alone.

    Parameters
    ----------
    block : ndarray of shape (h, w)
        uint8, uint16 or float.

    Returns
    -------
    ndarray of shape (ceil(h / 2), ceil(w / 2))
        Same type.
    """
    height, width = block.shape
    if height % 2 or width % 2:
        block = np.pad(block, ((0, height % 2), (0, width % 2)), mode="edge")
    if block.dtype.kind == "f":
        size = block.shape[1] // 2, block.shape[0] // 2
        return cv2.resize(block, size, interpolation=cv2.INTER_AREA)
    wide = np.uint16 if block.dtype == np.uint8 else np.uint32
    rows = np.add(block[0::2], block[1::2], dtype=wide)
    total = rows[:, 0::2] + rows[:, 1::2]
    total += 1 + ((total >> 2) & 1)
    return (total >> 2).astype(block.dtype)


class PyramidSpool:
    """Puts the halved tiles of an image together and keeps its reduced levels, encoded, on disk.

    Tiles must come in row-major order. Of each level half a row of tiles is held in memory, and a
    few that are being encoded.

    Parameters
    ----------
    shapes : list of tuple of int
        Level shapes, the full image first.
    dtype : dtype
        Type of the pixels.
    tile : int
        Side of a tile, px; even.
    encode : callable
        Takes a 2-D array (None: all zero) and begins to encode it. Returns an object whose
        ``result()`` is the encoded bytes and the halved tile (None: all zero).
    ahead : int
        Tiles that may be being encoded.
    folder : path
        On which disk the scratch file lies.
    """

    def __init__(self, shapes, dtype, tile: int, encode: Callable, ahead: int, folder):
        self._shapes = shapes
        self._dtype = dtype
        self._tile = tile
        self._encode = encode
        self._ahead = ahead
        self._spool = scratch_file(folder) if len(shapes) > 1 else None
        self._places: list[list[tuple[int, int]]] = [[] for _ in shapes]
        # By level and column: the halved tiles, each with its place among the four of a tile.
        self._parts: list[dict] = [{} for _ in shapes]
        self._encoding: deque = deque()

    def close(self) -> None:
        """Remove the scratch file."""
        if self._spool is not None:
            self._spool.close()

    def add(self, row: int, column: int, halved: np.ndarray | None) -> None:
        """Take the halved tile (`row`, `column`) of the full image; None for an all-zero one."""
        self._put(0, row, column, halved)
        self._keep_encoded(self._ahead)

    def _put(self, level: int, row: int, column: int, halved: np.ndarray | None) -> None:
        """Take a halved tile of a level; begin to encode the tile of the next that it completes."""
        target = level + 1
        if target == len(self._shapes):
            return
        parts = self._parts[target]
        if halved is not None:
            parts.setdefault(column // 2, []).append((row % 2, column % 2, halved))
        rows, columns = tile_grid(self._shapes[level], self._tile)
        if (row % 2 or row == rows - 1) and (column % 2 or column == columns - 1):
            place = row // 2, column // 2
            pixels = self._put_together(target, *place, parts.pop(column // 2, None))
            self._encoding.append((target, *place, self._encode(pixels)))

    def _put_together(self, level: int, row: int, column: int, parts) -> np.ndarray | None:
        """Tile of up to four halved ones; None for an all-zero one."""
        if parts is None:
            return None
        size = [
            min(self._tile, side - number * self._tile)
            for side, number in zip(self._shapes[level], (row, column), strict=True)
        ]
        pixels = np.zeros(size, self._dtype)
        half = self._tile // 2
        for lower, right, halved in parts:
            y, x = lower * half, right * half
            pixels[y : y + halved.shape[0], x : x + halved.shape[1]] = halved
        return pixels

    def _keep_encoded(self, ahead: int) -> None:
        """Write what is encoded until no more than `ahead` tiles are being so."""
        while len(self._encoding) > ahead:
            level, row, column, answer = self._encoding.popleft()
            encoded, halved = answer.result()
            self._places[level].append((self._spool.tell(), len(encoded)))
            self._spool.write(encoded)
            self._put(level, row, column, halved)

    def encoded_tiles(self, level: int):
        """Yield the encoded tiles of a reduced level, in row-major order; all tiles were added."""
        self._keep_encoded(0)
        for start, count in self._places[level]:
            self._spool.seek(start)
            yield self._spool.read(count)
