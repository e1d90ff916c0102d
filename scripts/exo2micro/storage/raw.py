"""Raw photographs, read window by window whatever way their TIFF stores them."""

import os
import threading
from pathlib import Path

import numpy as np

from exo2micro.storage.channels import ChannelTally
from exo2micro.storage.layout import RawLayout, examine
from exo2micro.storage.segments import (
    CACHE_BYTES,
    TALLEST_READ,
    RowPixels,
    SegmentCache,
    SegmentPixels,
    segment_shape,
)
from exo2micro.storage.unpacking import unpack_to_scratch, unpacking_bytes
from exo2micro.storage.windows import Window, check_inside, tile_windows
from exo2micro.streaming import ordered_map

LARGEST_SEGMENT_BYTES = 128 * 1024**2  # beyond this a strip or tile is unpacked to disk
LARGEST_CACHE_BYTES = 512 * 1024**2
STREAM_BLOCK_ROWS = 256
# For a first look: so many strips or tiles, or so many bands of rows where they are plain.
GLANCES, GLANCE_ROWS = 64, 16


def open_raw(path) -> "RawImage":
    """Open a raw TIFF; decodes nothing yet.

    Takes 8- and 16-bit unsigned and float pixels; grey, RGB, with or without alpha; strips,
    tiles, one strip; samples interleaved, in planes, or in a page each (OME-TIFF, ImageJ);
    uncompressed or any codec of tifffile with imagecodecs; classic and BigTIFF. Of a pyramid
    the full resolution is read.

    Raises
    ------
    ImageReadError
        If the file is no TIFF, is truncated, or holds pixels that cannot be used.
    """
    return RawImage(Path(path))


class RawImage:
    """A raw photograph. Use it as a context manager; threads may read side by side.

    Attributes
    ----------
    path : Path
        The file.
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        Type of the pixels that `read` gives (float16 is given as float32).
    n_channels : int
        Colour channels; alpha is not one.
    pixel_size_um : tuple of float or None
        Physical size of a pixel, ``(x, y)``, micrometres.
    windowed : bool
        Whether windows are decoded from the file itself. False for strips or tiles so big
        (one compressed strip for the whole image, above all) that they are unpacked to a
        scratch file once, at the first reading; that takes `scratch_bytes` of disk.
    decode_bytes : int
        Memory that reading takes at its peak, bytes, besides the windows themselves.
    scratch_bytes : int
        Size of that scratch file; 0 where none is needed.
    """

    def __init__(self, path: Path):
        self.path = path
        self._layout: RawLayout = examine(path)
        self.shape = self._layout.shape
        stored = self._layout.dtype
        self.dtype = np.dtype(np.float32) if stored == np.float16 else stored
        self.n_channels = len(self._layout.colours)
        self.pixel_size_um = self._layout.pixel_size_um
        self._plan_memory()
        self._sources: dict = {}
        self._open_sources = threading.Lock()
        self._scratch = []
        self._cache = SegmentCache(self._cache_bytes)

    def __enter__(self):
        """Return the open photograph."""
        return self

    def __exit__(self, *fault):
        """Close the file."""
        self.close()

    def stat(self) -> os.stat_result:
        """Size, time and identity of the file that is open, whatever its path leads to now."""
        return os.fstat(self._layout.tiff.filehandle.fileno())

    def close(self) -> None:
        """Close the file and remove the scratch file, if any."""
        for scratch in self._scratch:
            scratch.close()
        self._layout.tiff.close()

    def _plan_memory(self) -> None:
        """Decide whether windows can be decoded on their own, and what that takes."""
        page = self._layout.pages[0]
        height, width = segment_shape(page)
        interleaved = page.samplesperpixel if self._layout.colours[0][1] is None else 1
        pixel_bytes = interleaved * self._layout.dtype.itemsize
        segment_bytes = height * width * pixel_bytes
        row_of_segments = -(-self.shape[1] // width) * segment_bytes
        planes = len({source[:2] for source in self._layout.colours})
        band = (-(-TALLEST_READ // height) + 1) * row_of_segments * planes
        self._cache_bytes = max(CACHE_BYTES, band)
        self._plain = is_plain_rows(page)
        self.windowed = self._plain or (
            segment_bytes <= LARGEST_SEGMENT_BYTES and self._cache_bytes <= LARGEST_CACHE_BYTES
        )
        if self._plain:
            self.decode_bytes, self.scratch_bytes = 0, 0
        elif self.windowed:
            whole = self.shape[0] * self.shape[1] * pixel_bytes * planes
            self.decode_bytes = min(self._cache_bytes, whole) + 2 * segment_bytes
            self.scratch_bytes = 0
        else:
            self.decode_bytes = unpacking_bytes(page, segment_bytes)
            self.scratch_bytes = self.shape[0] * self.shape[1] * pixel_bytes * planes

    def _source(self, page_number: int, plane: int | None):
        """Return the reader of one page's plane, made at its first use."""
        with self._open_sources:
            if (page_number, plane) not in self._sources:
                self._sources[page_number, plane] = self._make_source(page_number, plane)
            return self._sources[page_number, plane]

    def _make_source(self, page_number: int, plane: int | None):
        page = self._layout.pages[page_number]
        descriptor = self._layout.tiff.filehandle.fileno()
        segments = SegmentPixels(self.path, descriptor, page, plane, self._cache)
        if self._plain:
            stored = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
            plane_bytes = int(np.prod(segments.shape)) * stored.itemsize
            start = page.dataoffsets[0] + (plane or 0) * plane_bytes
            return RowPixels(descriptor, start, segments.shape, stored, self.path)
        if self.windowed:
            return segments
        scratch = unpack_to_scratch(self.path, descriptor, page, plane)
        self._scratch.append(scratch)
        return RowPixels(scratch.fileno(), 0, segments.shape, self._layout.dtype, self.path)

    def make_plain(self) -> bool:
        """Unpack what has to be unpacked, so that processes forked from now on share it.

        Returns
        -------
        bool
            Whether windows are plain rows now. Otherwise they are decoded out of strips or tiles,
            which is done once only where those who read share this object's memory.
        """
        if self.windowed:
            return self._plain
        for page_number, plane, _ in self._layout.colours:
            self._source(page_number, plane)
        return True

    def read(self, window, channels=None) -> np.ndarray:
        """Read a window.

        Parameters
        ----------
        window : Window
            ``(y0, y1, x0, x1)``, inside the image.
        channels : tuple of int, optional
            Colour channels to take; several are summed, integers clipped to their range (a
            float has no range to clip to). All of them, side by side, when None.

        Returns
        -------
        ndarray
            (height, width), or (height, width, n_channels) when `channels` is None; of type
            `dtype`. NaN and infinities are read as 0. Where the file says that zero is white,
            the values are turned round.

        Raises
        ------
        ImageReadError
            If the file is damaged.
        """
        window = check_inside(window, self.shape)
        wanted = range(self.n_channels) if channels is None else channels
        samples = self._read_channels(window, wanted)
        _clear_nonfinite(samples)
        return samples if channels is None else _sum_clipped(samples, range(samples.shape[2]))

    def read_counted(self, window, channels) -> tuple[np.ndarray, ChannelTally]:
        """Read a window as `read` does, and count all colour channels of it."""
        samples, tally = self._count(check_inside(window, self.shape))
        return _sum_clipped(samples, channels), tally

    def _count(self, window: Window):
        """All colour channels of a window, and their tally."""
        samples = self._read_channels(window, range(self.n_channels))
        tally = ChannelTally(self.n_channels)
        _clear_nonfinite(samples)
        tally.add(samples)
        return samples, tally

    def _read_channels(self, window: Window, wanted) -> np.ndarray:
        """Return (height, width, len(wanted)), as stored but for inversion and float16."""
        sources = [self._layout.colours[channel] for channel in wanted]
        whole = [(*sources[0][:2], sample) for sample in range(len(sources))]
        if sources == whole:
            # As they lie in the file: nothing is to be put together.
            samples = self._source(*sources[0][:2]).read(window)[:, :, : len(sources)]
        else:
            samples = self._stack_channels(window, sources)
        samples = samples.astype(self.dtype, copy=False)
        if self._layout.inverted:
            samples = np.iinfo(self.dtype).max - samples
        return samples

    def _stack_channels(self, window: Window, sources) -> np.ndarray:
        """Return the channels of several pages, planes or samples side by side."""
        blocks = {}
        picked = []
        for page_number, plane, sample in sources:
            if (page_number, plane) not in blocks:
                blocks[page_number, plane] = self._source(page_number, plane).read(window)
            picked.append(blocks[page_number, plane][:, :, sample])
        return np.stack(picked, axis=-1)

    def count_channels(self, threads: int = 1) -> ChannelTally:
        """Count every sample of each colour channel, in one pass over the file.

        Parameters
        ----------
        threads : int
            Threads that read, decode and add up.
        """
        height, width = self._smallest_read(STREAM_BLOCK_ROWS)
        # Each strip or tile is decoded once.
        rows = height * max(1, STREAM_BLOCK_ROWS // height)
        return self._add_up(tile_windows(self.shape, (rows, width)), threads)

    def glance(self, threads: int = 1) -> ChannelTally:
        """Count samples here and there: of `GLANCES` places, or all of a small photograph.

        Parameters
        ----------
        threads : int
            Threads that read, decode and add up.
        """
        windows = list(tile_windows(self.shape, self._smallest_read(GLANCE_ROWS)))
        if len(windows) > GLANCES:
            # At random, always the same: a regular step might see one column of tiles alone.
            chosen = np.random.default_rng(0).choice(len(windows), GLANCES, replace=False)
            windows = [windows[number] for number in sorted(chosen)]
        return self._add_up(windows, threads)

    def _smallest_read(self, rows: int) -> tuple[int, int]:
        """Size of what is decoded as one; of plain rows, so many of them."""
        if self._plain or not self.windowed:
            return rows, self.shape[1]
        return segment_shape(self._layout.pages[0])

    def _add_up(self, windows, threads: int) -> ChannelTally:
        total = ChannelTally(self.n_channels)
        for tally in ordered_map(lambda window: self._count(window)[1], windows, threads):
            total.merge(tally)
        return total


def is_plain_rows(page) -> bool:
    """Tell whether a page's pixels lie uncompressed, row after row, in one piece."""
    if page.is_tiled or page.compression != 1 or page.predictor != 1 or page.fillorder != 1:
        return False
    offsets, counts = page.dataoffsets, page.databytecounts
    whole = page.imagelength * page.imagewidth * page.samplesperpixel * page.dtype.itemsize
    following = zip(offsets[1:], offsets, counts, strict=False)
    return sum(counts) == whole and all(b == a + n for b, a, n in following)


def _clear_nonfinite(samples: np.ndarray) -> None:
    """Put zeros for NaN and infinities, in place."""
    if samples.dtype.kind == "f":
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _sum_clipped(samples: np.ndarray, wanted) -> np.ndarray:
    """Sum of some channels, integers clipped to their range."""
    channels = [samples[:, :, number] for number in wanted]
    if len(channels) == 1:
        return np.ascontiguousarray(channels[0])
    wide = samples.dtype if samples.dtype.kind == "f" else np.uint32
    total = channels[0].astype(wide)
    for channel in channels[1:]:
        total += channel
    if samples.dtype.kind == "u":
        np.minimum(total, np.iinfo(samples.dtype).max, out=total)
    return total.astype(samples.dtype, copy=False)
