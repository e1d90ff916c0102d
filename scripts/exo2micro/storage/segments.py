"""Windows out of pixels stored on disk: as plain rows, or as strips and tiles to be decoded."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np

from exo2micro.errors import ImageReadError
from exo2micro.storage.windows import Window, intersect

CACHE_BYTES = 64 * 1024**2
TALLEST_READ = 512  # rows of the windows that are read side by side, left to right, px


class SegmentCache:
    """Decoded strips and tiles, the least recently used dropped first; safe among threads.

    Parameters
    ----------
    capacity : int
        Bytes of decoded pixels to keep.
    """

    def __init__(self, capacity: int = CACHE_BYTES):
        self.capacity = capacity
        self._segments: OrderedDict = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, key):
        """Return the segment kept under `key`, or None."""
        with self._lock:
            if key not in self._segments:
                return None
            self._segments.move_to_end(key)
            return self._segments[key]

    def keep(self, key, segment: np.ndarray) -> None:
        """Keep `segment` under `key`, and drop what is too much."""
        with self._lock:
            if key in self._segments:
                return
            self._segments[key] = segment
            self._bytes += segment.nbytes
            while self._bytes > self.capacity and len(self._segments) > 1:
                self._bytes -= self._segments.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._segments.clear()
            self._bytes = 0


class RowPixels:
    """Uncompressed rows, one after the other in a file.

    Read with `os.pread`: no shared file position, so threads may read side by side, and no
    memory map, whose pages would count as memory of the job.

    Parameters
    ----------
    descriptor : int
        Open file.
    offset : int
        Where the first row starts, bytes.
    shape : tuple of int
        ``(height, width, samples)``, samples interleaved.
    dtype : dtype
        Type of the pixels as stored, byte order included.
    path : Path
        The file, for messages.
    """

    def __init__(self, descriptor: int, offset: int, shape, dtype, path: Path):
        self.shape = shape
        self._path = path
        self.block = (64, shape[1])
        self._descriptor = descriptor
        self._offset = offset
        self._dtype = np.dtype(dtype)

    def read(self, window: Window) -> np.ndarray:
        """Return the pixels of `window` as (height, width, samples), native byte order."""
        _, width, samples = self.shape
        pixel_bytes = samples * self._dtype.itemsize
        if 2 * window.width >= width:
            start = self._offset + window.y0 * width * pixel_bytes
            rows = np.empty((window.height, width, samples), self._dtype)
            self._fill(rows, start)
            rows = rows[:, window.x0 : window.x1]
        else:
            rows = np.empty((*window.shape, samples), self._dtype)
            for line, y in enumerate(range(window.y0, window.y1)):
                self._fill(rows[line], self._offset + (y * width + window.x0) * pixel_bytes)
        return rows.astype(self._dtype.newbyteorder("="), copy=False)

    def _fill(self, target: np.ndarray, start: int) -> None:
        buffer = memoryview(target).cast("B") if target.size else memoryview(b"")
        done = 0
        while done < len(buffer):
            count = os.preadv(self._descriptor, [buffer[done:]], start + done)
            if count == 0:
                raise ImageReadError(
                    f"{self._path} ends in the middle of its pixels: it is truncated. Copy or "
                    "export it again."
                )
            done += count


class SegmentPixels:
    """Strips or tiles of one plane of a TIFF page, decoded when a window needs them.

    Parameters
    ----------
    path : Path
        The file, for messages.
    descriptor : int
        The same file, open.
    page : tifffile.TiffPage
        The page.
    plane : int or None
        Which sample plane where the samples are stored one after the other; None where they
        are interleaved.
    cache : SegmentCache
        Where to keep what was decoded.
    """

    def __init__(self, path: Path, descriptor: int, page, plane: int | None, cache: SegmentCache):
        samples = page.samplesperpixel if plane is None else 1
        self.shape = (page.imagelength, page.imagewidth, samples)
        self.block = segment_shape(page)
        self._path, self._descriptor, self._page, self._cache = path, descriptor, page, cache
        self._columns = -(-page.imagewidth // self.block[1])
        rows = -(-page.imagelength // self.block[0])
        self._first = (plane or 0) * rows * self._columns

    def read(self, window: Window) -> np.ndarray:
        """Return the pixels of `window` as (height, width, samples), native byte order."""
        pixels = np.empty((*window.shape, self.shape[2]), self._page.dtype.newbyteorder("="))
        if pixels.size == 0:
            return pixels
        height, width = self.block
        for row in range(window.y0 // height, -(-window.y1 // height)):
            for column in range(window.x0 // width, -(-window.x1 // width)):
                place = Window(
                    row * height, (row + 1) * height, column * width, (column + 1) * width
                )
                shared = intersect(place, window)
                segment = self._segment(self._first + row * self._columns + column)
                pixels[shared.within(window)] = (
                    0 if segment is None else segment[shared.within(place)]
                )
        return pixels

    def _segment(self, index: int) -> np.ndarray | None:
        """Return one decoded segment, or None where the file holds none (all zero)."""
        key = (self._page.offset, index)
        segment = self._cache.find(key)
        if segment is None:
            segment = decode_segment(self._path, self._descriptor, self._page, index)
            if segment is not None:
                self._cache.keep(key, segment)
        return segment


def segment_shape(page) -> tuple[int, int]:
    """Return the size of a page's tiles, or of its strips: ``(height, width)``, px."""
    if page.is_tiled:
        return page.tilelength, page.tilewidth
    return min(page.rowsperstrip, page.imagelength), page.imagewidth


def decode_segment(path, descriptor: int, page, index: int) -> np.ndarray | None:
    """Read and decode one strip or tile.

    Returns
    -------
    ndarray of shape (height, width, samples), or None
        None for a segment that the file leaves out (all zero).

    Raises
    ------
    ImageReadError
        If the segment is damaged or its codec is unknown.
    """
    count = page.databytecounts[index]
    if count == 0:
        return None
    encoded = os.pread(descriptor, count, page.dataoffsets[index])
    tables = {} if page.jpegtables is None else {"jpegtables": page.jpegtables}
    try:
        decoded = page.decode(encoded, index, **tables)[0]
    except Exception as fault:  # each codec has exceptions of its own
        codec = getattr(page.compression, "name", page.compression)
        raise ImageReadError(
            f"{path}: strip or tile {index} of {len(page.dataoffsets)} cannot be decoded "
            f"({codec}: {fault}). The file is damaged or its compression is "
            "not supported. Copy it again, or export it uncompressed or with LZW or deflate."
        ) from fault
    return decoded[0]
