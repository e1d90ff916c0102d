"""Reduced levels of an image, made band by band while the image streams by."""

from collections.abc import Callable

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
        rows = block[0::2] + block[1::2]
        return (rows[:, 0::2] + rows[:, 1::2]) * block.dtype.type(0.25)
    wide = np.uint16 if block.dtype == np.uint8 else np.uint32
    rows = np.add(block[0::2], block[1::2], dtype=wide)
    total = rows[:, 0::2] + rows[:, 1::2]
    total += 1 + ((total >> 2) & 1)
    return (total >> 2).astype(block.dtype)


class PyramidSpool:
    """Collects the halved tiles of an image and keeps its reduced levels, encoded, on disk.

    Tiles must come in row-major order. Of each level one row of tiles is held in memory.

    Parameters
    ----------
    shapes : list of tuple of int
        Level shapes, the full image first.
    dtype : dtype
        Type of the pixels.
    tile : int
        Side of a tile, px; even.
    encode_tiles : callable
        Takes a list of 2-D arrays (None: all zero), returns their encoded bytes in order.
    folder : path
        On which disk the scratch file lies.
    """

    def __init__(self, shapes, dtype, tile: int, encode_tiles: Callable, folder):
        self._shapes = shapes
        self._tile = tile
        self._encode_tiles = encode_tiles
        self._spool = scratch_file(folder) if len(shapes) > 1 else None
        self._places: list[list[tuple[int, int]]] = [[] for _ in shapes]
        self._bands = [None]
        self._touched = [None]
        for shape in shapes[1:]:
            columns = tile_grid(shape, tile)[1]
            self._bands.append(np.zeros((tile, columns * tile), dtype))
            self._touched.append(np.zeros(columns, bool))

    def close(self) -> None:
        """Remove the scratch file."""
        if self._spool is not None:
            self._spool.close()

    def add(self, level: int, row: int, column: int, halved: np.ndarray | None) -> None:
        """Take the halved tile (`row`, `column`) of `level`; None for an all-zero one."""
        target = level + 1
        if target == len(self._shapes):
            return
        if halved is not None:
            half = self._tile // 2
            y, x = row % 2 * half, column * half
            self._bands[target][y : y + halved.shape[0], x : x + halved.shape[1]] = halved
            self._touched[target][column // 2] = True
        rows, columns = tile_grid(self._shapes[level], self._tile)
        if column == columns - 1 and (row % 2 == 1 or row == rows - 1):
            self._finish_band(target, row // 2)

    def _finish_band(self, level: int, row: int) -> None:
        """Encode a full row of tiles to disk, and hand its halves on to the next level."""
        tile = self._tile
        height, width = self._shapes[level]
        band = self._bands[level][: height - row * tile]
        tiles = [
            band[:, x : min(x + tile, width)] if touched else None
            for x, touched in zip(range(0, width, tile), self._touched[level], strict=True)
        ]
        for encoded in self._encode_tiles(tiles):
            self._places[level].append((self._spool.tell(), len(encoded)))
            self._spool.write(encoded)
        for column, pixels in enumerate(tiles):
            self.add(level, row, column, None if pixels is None else halve(pixels))
        self._bands[level][:] = 0
        self._touched[level][:] = False

    def encoded_tiles(self, level: int):
        """Yield the encoded tiles of a reduced level, in row-major order."""
        for start, count in self._places[level]:
            self._spool.seek(start)
            yield self._spool.read(count)
