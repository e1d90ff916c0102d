"""OME-TIFF pyramids, written from a stream of tiles without ever holding the image."""

import pickle
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import tifffile

from exo2micro.storage.pyramid import PyramidSpool, halve, level_shapes
from exo2micro.storage.windows import tile_grid

# Lossless codecs on 512 x 512 tiles of a fluorescence slide, one core, Mpx/s to write and size
# in % of the raw bytes (uint8 | uint8 + camera noise | uint16 | float32 difference):
#   deflate 1 (libdeflate)  213 42% | 184 61% | 82 65% | 34 93%
#   deflate 6 (libdeflate)  143 41% |  60 59% | 32 65% | 25 93%
#   zlib 1                   98 43% |  70 63% | 30 68% | 10 93%
#   zlib 6                   57 42% |  15 59% |  8 65% |  9 93%
#   zstd 3                  329 42% | 205 59% |100 63% |164 93%
# Reading: deflate 870 | 600 | 280 | 128 Mpx/s. Predictors: uint8 and uint16 grow by 2-6 points,
# float32 shrinks by 3.5 but is not read everywhere. Fiji opens deflate but not zstd at once.
DEFLATE_LEVEL = 1
# Warped float32 pixels lose a tenth by deflate, which takes most of the time of writing them. So
# tiles of a pyramid's reduced levels, which together are a quarter of the bytes, are stored as they
# are where a few rows in their middle lose less than this: a full-size pair writes 4 % more bytes,
# a fifth of that time is saved, and who looks at them need not unpack them.
STORED_LEVEL, WORTH_PACKING, PROBED_ROWS = 0, 0.15, 16
CLASSIC_TIFF_LIMIT = 3.9e9  # bytes; offsets of classic TIFF end at 4 GiB
PYRAMID_SHARE = 4 / 3


def write_tiff(
    path, shape, dtype, tiles, *, channel_name=None, pixel_size_um=None, tile=512, threads=1
) -> None:
    """Write an OME-TIFF pyramid (deflate, tiled; BigTIFF when needed).

    Parameters
    ----------
    path : path
        Target; written in place (see `exo2micro.storage.atomic_path`).
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        uint8, uint16, float32 or float64.
    tiles : iterable of (2-D ndarray, EncodedTile or None)
        As `exo2micro.storage.tile_windows` cuts the image, in that order, cropped at the lower
        and right edge; None for an all-zero tile.
    channel_name : str, optional
        Name of the channel.
    pixel_size_um : tuple of float, optional
        Physical size of a pixel, ``(x, y)``, micrometres.
    tile : int
        Side of a tile, px; a multiple of 16.
    threads : int
        Threads that compress.
    """
    dtype = np.dtype(dtype)
    shapes = level_shapes(shape)
    encoder = TileEncoder(dtype, tile, threads)
    ahead = 2 * threads if threads > 1 else 0
    spool = PyramidSpool(shapes, dtype, tile, encoder.begin_reduced, ahead, Path(path).parent)
    big = int(np.prod(shape)) * dtype.itemsize * PYRAMID_SHARE > CLASSIC_TIFF_LIMIT
    layout = {
        "dtype": dtype,
        "tile": (tile, tile),
        "compression": "adobe_deflate",
        "photometric": "minisblack",
        "software": "exo2micro",
    }
    try:
        with tifffile.TiffWriter(path, bigtiff=big, ome=True) as writer:
            # In a chain, which the writer cannot close when it has what it needs.
            full = chain(_full_level(tiles, shape, tile, encoder, spool))
            writer.write(
                full,
                shape=shapes[0],
                subifds=len(shapes) - 1,
                metadata=_ome_metadata(channel_name, pixel_size_um),
                resolution=_pixels_per_centimetre(pixel_size_um),
                resolutionunit="CENTIMETER" if pixel_size_um else "NONE",
                **layout,
            )
            next(full, None)  # the writer stops at the last tile; this finds one too many
            for level in range(1, len(shapes)):
                writer.write(
                    spool.encoded_tiles(level),
                    shape=shapes[level],
                    subfiletype=1,
                    metadata=None,
                    **layout,
                )
    finally:
        encoder.close()
        spool.close()


def _ome_metadata(channel_name, pixel_size_um) -> dict:
    metadata = {"axes": "YX", "Channel": {"Name": channel_name or "signal"}}
    if channel_name:
        metadata["Name"] = channel_name
    if pixel_size_um:
        for axis, size in zip("XY", pixel_size_um, strict=True):
            metadata[f"PhysicalSize{axis}"] = float(size)
            metadata[f"PhysicalSize{axis}Unit"] = "µm"
    return metadata


def _pixels_per_centimetre(pixel_size_um):
    return tuple(1e4 / size for size in pixel_size_um) if pixel_size_um else None


def _full_level(tiles, shape, tile: int, encoder: "TileEncoder", spool: PyramidSpool):
    """Yield the encoded tiles of the full image, feeding the pyramid on the way."""
    columns = tile_grid(shape, tile)[1]
    for number, (encoded, halved) in enumerate(encoder.encode_stream(tiles)):
        spool.add(number // columns, number % columns, halved)
        yield encoded


@dataclass(frozen=True)
class EncodedTile:
    """A tile that is ready to be written, made where it was computed.

    Attributes
    ----------
    encoded : bytes
        The whole tile, compressed.
    halved : ndarray of shape (ceil(h / 2), ceil(w / 2))
        For the pyramid.
    shape : tuple of int
        ``(h, w)``; tiles at the lower and right edge are smaller.
    dtype : dtype
        Type of its pixels.
    """

    encoded: bytes
    halved: np.ndarray
    shape: tuple[int, int]
    dtype: np.dtype

    def __reduce__(self):
        """Pickle the compressed bytes apart from the rest, where the pickler can do that."""
        return EncodedTile, (pickle.PickleBuffer(self.encoded), self.halved, self.shape, self.dtype)


def encode_tile(pixels, tile: int = 512) -> EncodedTile | None:
    """Make a tile ready to be written by `write_tiff`; None stays None, and zeros become it."""
    if pixels is None or not cv2.hasNonZero(pixels):
        return None
    dtype = pixels.dtype.newbyteorder("<")
    encoded = _deflate_whole(pixels, (tile, tile), dtype)
    return EncodedTile(encoded, halve(pixels), pixels.shape, pixels.dtype)


class TileEncoder:
    """Compresses tiles, several at a time.

    Parameters
    ----------
    dtype : dtype
        Type of the pixels.
    tile : int
        Side of a tile, px.
    threads : int
        How many tiles to compress at a time.
    """

    def __init__(self, dtype, tile: int, threads: int):
        self._shape = (tile, tile)
        self._dtype = dtype.newbyteorder("<")
        self._zero = _deflate(np.zeros(self._shape, self._dtype))
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def encode_stream(self, tiles):
        """Yield (encoded bytes, halved tile or None) for each tile, in order.

        A few tiles more than threads are taken ahead, so that memory stays bounded.
        """
        if self._pool is None:
            yield from map(self._encode_and_halve, tiles)
            return
        waiting = deque()
        for pixels in tiles:
            waiting.append(self._pool.submit(self._encode_and_halve, pixels))
            if len(waiting) > 2 * self._threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def begin_reduced(self, pixels):
        """Begin to encode a tile of a reduced level; ``result()`` is as of `encode_stream`."""
        if self._pool is None:
            return _Done(self._encode_and_halve(pixels, reduced=True))
        return self._pool.submit(self._encode_and_halve, pixels, reduced=True)

    def _encode_and_halve(self, pixels, reduced=False):
        if isinstance(pixels, EncodedTile):
            return pixels.encoded, pixels.halved
        encoded = self.encode(pixels, reduced)
        return encoded, None if encoded is self._zero else halve(pixels)

    def encode(self, pixels, reduced: bool = False) -> bytes:
        """Return the encoded bytes of a tile, of a reduced level or the full one.

        None is all zero.
        """
        if pixels is None or not cv2.hasNonZero(pixels):
            return self._zero
        level = STORED_LEVEL if reduced and _resists(pixels) else DEFLATE_LEVEL
        return _deflate_whole(pixels, self._shape, self._dtype, level)


class _Done:
    """Stands in for a future where there is one thread."""

    def __init__(self, value):
        self._value = value

    def result(self):
        """What was made."""
        return self._value


def _resists(pixels) -> bool:
    """Whether pixels hardly become smaller by being packed."""
    if pixels.dtype.kind != "f":
        return False
    first = max(0, (pixels.shape[0] - PROBED_ROWS) // 2)
    probe = np.ascontiguousarray(pixels[first : first + PROBED_ROWS])
    return len(_deflate(probe)) > (1 - WORTH_PACKING) * probe.nbytes


def _deflate_whole(pixels, shape, dtype, level=DEFLATE_LEVEL) -> bytes:
    """Compress a tile, filled up with zeros to its whole size."""
    if pixels.shape != shape:
        full = np.zeros(shape, dtype)
        full[: pixels.shape[0], : pixels.shape[1]] = pixels
        pixels = full
    return _deflate(np.ascontiguousarray(pixels, dtype), level)


def _deflate(pixels: np.ndarray, level: int = DEFLATE_LEVEL) -> bytes:
    return bytes(imagecodecs.deflate_encode(pixels, level, raw=False))
