"""Unpack strips or tiles that are too big to decode window by window into a scratch file."""

import os
import sys
import zlib

import numpy as np
import tifffile

from exo2micro.errors import ImageReadError
from exo2micro.storage.atomic import scratch_file, write_faults
from exo2micro.storage.segments import decode_segment, segment_shape
from exo2micro.storage.windows import tile_windows

DEFLATE = (8, 32946, 50013)  # TIFF Compression codes of zlib streams
NATIVE_ORDER = "<" if sys.byteorder == "little" else ">"
READ_BYTES = 4 * 1024**2


def unpack_to_scratch(path, descriptor: int, page, plane: int | None):
    """Decode a page's plane once, into plain rows in a scratch file.

    A single strip of deflate is decoded as a stream, in a few MB; other codecs hold one strip or
    tile at a time.

    Parameters
    ----------
    path : Path
        The file, for messages.
    descriptor : int
        The same file, open.
    page : tifffile.TiffPage
        The page.
    plane : int or None
        Which sample plane; None where the samples are interleaved.

    Returns
    -------
    file object
        Native byte order, samples interleaved; nameless, gone when closed.
    """
    dtype = np.dtype(page.dtype).newbyteorder("=")
    samples = page.samplesperpixel if plane is None else 1
    row_bytes = page.imagewidth * samples * dtype.itemsize
    scratch = scratch_file()
    try:
        with write_faults("the scratch file for unpacking", row_bytes * page.imagelength):
            if _can_stream(page):
                _stream_deflate(path, descriptor, page, plane or 0, scratch)
            else:
                _unpack_segments(path, descriptor, page, plane, scratch)
    except BaseException:
        scratch.close()
        raise
    return scratch


def unpacking_bytes(page, segment_bytes: int) -> int:
    """Return the memory that `unpack_to_scratch` takes at its peak, bytes.

    `segment_bytes` is the size of one strip or tile, decoded.
    """
    if _can_stream(page):
        row_bytes = segment_bytes // page.imagelength
        return 6 * max(READ_BYTES, 2 * row_bytes)
    in_place = page.predictor in (1, 2) and page.parent.byteorder == NATIVE_ORDER
    return max(page.databytecounts) + (1 if in_place else 2) * segment_bytes


def _can_stream(page) -> bool:
    one_strip = not page.is_tiled and page.rowsperstrip >= page.imagelength
    predicted = page.predictor == tifffile.PREDICTOR.HORIZONTAL
    summable = page.predictor == 1 or (predicted and np.dtype(page.dtype).kind == "u")
    return one_strip and page.compression in DEFLATE and page.fillorder == 1 and summable


def _stream_deflate(path, descriptor, page, plane, scratch) -> None:
    stored = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    samples = page.samplesperpixel if page.planarconfig == tifffile.PLANARCONFIG.CONTIG else 1
    row = (page.imagewidth, samples)
    row_bytes = page.imagewidth * samples * stored.itemsize
    left = page.imagelength
    for unpacked in _whole_rows(path, descriptor, page, plane, row_bytes):
        rows = np.frombuffer(unpacked, stored).reshape(-1, *row)[:left]
        rows = rows.astype(stored.newbyteorder("="))
        if page.predictor == tifffile.PREDICTOR.HORIZONTAL:
            rows = np.cumsum(rows, axis=1, dtype=rows.dtype)
        scratch.write(rows.tobytes())
        left -= len(rows)
        if left == 0:
            break
    if left:
        raise ImageReadError(
            f"{path} is truncated: {left} of {page.imagelength} rows are missing. "
            "Copy or export it again."
        )
    scratch.flush()


def _whole_rows(path, descriptor, page, plane, row_bytes):
    """Unpack one strip bit by bit; yields bytes that hold whole rows."""
    unpacker = zlib.decompressobj()
    position = page.dataoffsets[plane]
    end = position + page.databytecounts[plane]
    at_once = max(READ_BYTES, 2 * row_bytes)
    rest = b""
    while position < end or unpacker.unconsumed_tail:
        packed = unpacker.unconsumed_tail
        if not packed:
            packed = os.pread(descriptor, min(READ_BYTES, end - position), position)
            position += len(packed)
        try:
            rest += unpacker.decompress(packed, at_once)
        except zlib.error as fault:
            raise ImageReadError(
                f"{path}: its compressed strip is damaged ({fault}). Copy or export it again."
            ) from fault
        whole = len(rest) // row_bytes * row_bytes
        if whole:
            yield rest[:whole]
            rest = rest[whole:]
        if unpacker.eof:
            return


def _unpack_segments(path, descriptor, page, plane, scratch) -> None:
    height, width = segment_shape(page)
    samples = page.samplesperpixel if plane is None else 1
    dtype = np.dtype(page.dtype).newbyteorder("=")
    places = list(tile_windows((page.imagelength, page.imagewidth), (height, width)))
    scratch.truncate(page.imagelength * page.imagewidth * samples * dtype.itemsize)
    for index, place in enumerate(places, start=(plane or 0) * len(places)):
        segment = decode_segment(path, descriptor, page, index)
        if segment is None:
            continue
        segment = segment[: place.height, : place.width]
        for line, y in enumerate(range(place.y0, place.y1)):
            scratch.seek((y * page.imagewidth + place.x0) * samples * dtype.itemsize)
            scratch.write(np.ascontiguousarray(segment[line], dtype).data)
    scratch.flush()
