"""Checkpoint images, read in windows, from OME-TIFF pyramids and plain FITS."""

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np

from exo2micro.errors import ImageReadError
from exo2micro.storage import fits
from exo2micro.storage.layout import examine
from exo2micro.storage.reduction import AreaAverage, reduced_shape
from exo2micro.storage.segments import (
    CACHE_BYTES,
    RowPixels,
    SegmentCache,
    SegmentPixels,
    segment_shape,
)
from exo2micro.storage.windows import Window, check_inside, intersect, tile_windows
from exo2micro.streaming import ordered_map

# Tiles that are kept at most: two rows of an image 40000 px wide. That is what a pass over the
# image comes back to, be it rotated or not.
CACHE_SEGMENTS = 160
STREAM_TILE = (512, 2048)  # blocks in which a whole image is read, px
# Levels of integers that are not used although they would be large enough: what rounding does to
# the pixels of the level that is read is then averaged over 16 of them at least.
SPARE_LEVELS = 2


class ImageFile:
    """A checkpoint image. Use it as a context manager; threads may read side by side.

    Attributes
    ----------
    path : Path
        The file.
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        Type of the pixels, native byte order.
    levels : list of tuple of int
        Shapes of the pyramid's levels, the full image first. A pixel of level k lies at
        ``x_full = (x_level + 0.5) * 2**k - 0.5``.
    pixel_size_um : tuple of float or None
        Physical size of a pixel, ``(x, y)``, micrometres.
    channel_name : str or None
        Name of the channel.
    header : dict
        FITS cards, without those that say how pixels are stored; empty for TIFF.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype
    levels: list[tuple[int, int]]
    pixel_size_um: tuple[float, float] | None
    channel_name: str | None
    header: dict

    def __enter__(self):
        """Return the open image."""
        return self

    def __exit__(self, *fault):
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError

    def _pixels(self, window: Window, level: int) -> np.ndarray:
        raise NotImplementedError

    def _forget(self) -> None:
        """Free the memory of what was decoded and kept."""

    def read(self, window, level: int = 0) -> np.ndarray:
        """Read a window of a level.

        Parameters
        ----------
        window : Window
            ``(y0, y1, x0, x1)`` in pixels of that level, inside it.
        level : int
            Level of the pyramid; 0 is the full image.

        Returns
        -------
        ndarray of shape (y1 - y0, x1 - x0)
            Of type `dtype`.
        """
        return self._pixels(check_inside(window, self.levels[level]), level)

    def read_padded(self, window) -> np.ndarray:
        """Read a window of the full image that may stick out of it: outside is 0."""
        window = Window(*window)
        inside = intersect(window, (0, self.shape[0], 0, self.shape[1]))
        if inside == window:
            return self.read(window)
        pixels = np.zeros(window.shape, self.dtype)
        if inside is not None:
            pixels[inside.within(window)] = self.read(inside)
        return pixels

    def read_reduced(self, factor: float, dtype=np.float32, exact: bool = True, threads=None):
        """Read the whole image, made smaller by area averages, in one pass.

        No more than a block of it is in memory. NaN and infinities count as 0.

        Floats start from the smallest level of the pyramid that is not smaller than what is
        asked for. Integers start from two levels finer when `exact` is False: levels of integers
        are rounded again and again, which the average evens out, but which costs an image of
        less than a grey level all it shows.

        Parameters
        ----------
        factor : float
            Reduced size by full size, above 0 and up to 1.
        dtype : dtype
            float32 or float64, of the result.
        exact : bool
            Average integers from the full image. False is faster, and fit for looking at.
        threads : int, optional
            Threads that read and decode; as many as OpenCV was told to use if not given.

        Returns
        -------
        image : ndarray
            Each side is the full one times `factor`, rounded.
        factors : tuple of float
            ``(fx, fy)``, reduced by full size on each axis, exactly:
            ``x_full = (x_reduced + 0.5) / fx - 0.5``.
        """
        if not 0 < factor <= 1:
            raise ValueError(f"factor {factor} is not above 0 and up to 1")
        shape = reduced_shape(self.shape, factor)
        level = self._level_for(shape)
        if self.dtype.kind == "u":
            level = 0 if exact else max(level - SPARE_LEVELS, 0)
        average = AreaAverage([side / 2**level for side in self.shape], shape, dtype)

        def read(window):
            return window, self.read(window, level)

        windows = tile_windows(self.levels[level], STREAM_TILE)
        for window, block in ordered_map(read, windows, threads or cv2.getNumThreads()):
            average.add(block, window.y0, window.x0)
        self._forget()  # each was needed once
        return average.mean(), (shape[1] / self.shape[1], shape[0] / self.shape[0])

    def _level_for(self, shape) -> int:
        """Return the smallest level that has at least the pixels of `shape` on each axis."""
        enough = [
            level
            for level in range(len(self.levels))
            if all(n <= side / 2**level for n, side in zip(shape, self.shape, strict=True))
        ]
        return max(enough, default=0)


class TiffImageFile(ImageFile):
    """A checkpoint in OME-TIFF."""

    def __init__(self, path: Path, cache_bytes: int = CACHE_BYTES):
        layout = examine(path)
        self._tiff = layout.tiff
        page = layout.pages[0]
        if len(layout.colours) != 1 or page.samplesperpixel != 1:
            self.close()
            raise ImageReadError(
                f"{path} holds {page.samplesperpixel * len(layout.pages)} channels, expected an "
                "image of one channel. Delete it; the next run makes it anew."
            )
        self.path, self.shape, self.dtype = path, layout.shape, layout.dtype
        self.pixel_size_um = layout.pixel_size_um
        self.channel_name = _ome_channel_name(self._tiff)
        self.header = {}
        pages = _pyramid_pages(page)
        self.levels = [(page.imagelength, page.imagewidth) for page in pages]
        height, width = segment_shape(page)
        tile_bytes = height * width * self.dtype.itemsize
        self._cache = SegmentCache(min(cache_bytes, CACHE_SEGMENTS * tile_bytes))
        descriptor = self._tiff.filehandle.fileno()
        self._sources = [SegmentPixels(path, descriptor, page, None, self._cache) for page in pages]

    def _forget(self) -> None:
        """Free the memory of what was decoded and kept."""
        self._cache.clear()

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()

    def _pixels(self, window: Window, level: int) -> np.ndarray:
        return self._sources[level].read(window)[:, :, 0]


def _pyramid_pages(page) -> list:
    """Return the full page and its reduced ones, as long as each is half the one before."""
    pages = [page]
    for reduced in page.pages or []:
        expected = tuple(-(-side // 2) for side in pages[-1].shape)
        if reduced.aspage().shape != expected:
            break
        pages.append(reduced.aspage())
    return pages


def _ome_channel_name(tiff) -> str | None:
    if not tiff.ome_metadata:
        return None
    channel = ElementTree.fromstring(tiff.ome_metadata).find(".//{*}Channel")
    return None if channel is None else channel.get("Name")


class FitsImageFile(ImageFile):
    """A checkpoint in FITS."""

    def __init__(self, path: Path):
        self.path = path
        self.shape, self.dtype, stored, offset, self.header = fits.read_layout(path)
        self.levels = [self.shape]
        self.pixel_size_um = None
        self.channel_name = self.header.get("DYE")
        self._descriptor = os.open(path, os.O_RDONLY)
        self._source = RowPixels(self._descriptor, offset, (*self.shape, 1), stored, path)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _pixels(self, window: Window, level: int) -> np.ndarray:
        return fits.restore(self._source.read(window)[:, :, 0], self.dtype)
