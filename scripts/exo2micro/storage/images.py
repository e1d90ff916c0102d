"""Checkpoint images: opened, written whole from a stream of tiles, converted."""

from pathlib import Path

import numpy as np

from exo2micro.errors import ImageReadError, ImageWriteError
from exo2micro.storage.atomic import atomic_path, write_faults
from exo2micro.storage.fits import write_fits
from exo2micro.storage.image_file import FitsImageFile, ImageFile, TiffImageFile
from exo2micro.storage.segments import CACHE_BYTES
from exo2micro.storage.tiff import encode_tile, write_tiff
from exo2micro.storage.windows import tile_windows

TIFF_SUFFIXES = (".tif", ".tiff")
FITS_SUFFIXES = (".fits", ".fit")
FORGOTTEN_BYTES = 512 * 1024**2  # of pixels, from which on an image is large
WRITABLE_TYPES = ("uint8", "uint16", "float32", "float64")


def open_image(path, cache_bytes: int = CACHE_BYTES) -> ImageFile:
    """Open a checkpoint image, TIFF or FITS by its suffix.

    Parameters
    ----------
    path : path
        The file.
    cache_bytes : int
        Decoded tiles to keep in memory for windows that cross them, bytes; less where fewer will
        do.

    Raises
    ------
    ImageReadError
        If the file is missing, damaged, or not an image of one channel.
    """
    path = Path(path)
    if path.suffix.lower() in TIFF_SUFFIXES:
        return TiffImageFile(path, cache_bytes)
    if path.suffix.lower() in FITS_SUFFIXES:
        return FitsImageFile(path)
    raise ImageReadError(f"{path}: expected a name that ends in .tiff or .fits.")


def write_image(
    path,
    shape,
    dtype,
    tiles,
    *,
    channel_name=None,
    pixel_size_um=None,
    header=None,
    tile=512,
    threads=1,
    forget=False,
) -> None:
    """Write a checkpoint image from a stream of tiles, whole or not at all.

    The suffix chooses the format: ``.tiff`` is an OME-TIFF pyramid (tiled, deflate, BigTIFF when
    needed), ``.fits`` a plain FITS. Both keep every pixel as it is.

    Parameters
    ----------
    path : path
        Target.
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        uint8, uint16, float32 or float64.
    tiles : iterable of (2-D ndarray or None)
        As `tile_windows` cuts the image, in that order, cropped at the lower and right edge;
        None for an all-zero tile. They may be packed already, see `packing`.
    channel_name : str, optional
        Name of the channel (TIFF).
    pixel_size_um : tuple of float, optional
        Physical size of a pixel, ``(x, y)``, micrometres (TIFF).
    header : dict, optional
        FITS cards: key to value, or to (value, comment).
    tile : int
        Side of a tile, px; a multiple of 16.
    threads : int
        Threads that compress (TIFF).
    forget : bool
        Whether no other job will read it soon, so that the system need not keep it in memory
        where it is large.

    Raises
    ------
    ImageWriteError
        If the disk is full, the folder not writable, or a FITS card not valid.
    ValueError
        If the tiles do not fit the shape.
    """
    path = Path(path)
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.name not in WRITABLE_TYPES:
        raise ValueError(f"cannot write pixels of type {dtype}; one of {WRITABLE_TYPES}")
    checked = _checked(tiles, shape, dtype, tile)
    expected_bytes = shape[0] * shape[1] * dtype.itemsize
    forget = forget and expected_bytes >= FORGOTTEN_BYTES
    with (
        write_faults(path, expected_bytes),
        atomic_path(path, large=True, forget=forget) as temporary,
    ):
        if path.suffix.lower() in FITS_SUFFIXES:
            write_fits(temporary, shape, dtype, checked, header=header, tile=tile)
        elif path.suffix.lower() in TIFF_SUFFIXES:
            write_tiff(
                temporary,
                shape,
                dtype,
                checked,
                channel_name=channel_name,
                pixel_size_um=pixel_size_um,
                tile=tile,
                threads=threads,
            )
        else:
            raise ImageWriteError(f"{path}: expected a name that ends in .tiff or .fits.")


def _checked(tiles, shape, dtype, tile: int):
    """Pass tiles on; raise ValueError at the first that does not fit, or is one too many."""
    places = tile_windows(shape, tile)
    for place, pixels in zip(places, tiles, strict=True):
        if pixels is not None and (pixels.shape != place.shape or pixels.dtype != dtype):
            raise ValueError(
                f"tile {tuple(place)} has shape {pixels.shape} and type {pixels.dtype}, "
                f"expected {place.shape} and {dtype}"
            )
        yield pixels


def packing(path):
    """How tiles are to be packed for an image before they are given to `write_image`.

    Packing may be done anywhere; it takes most of the time of writing.

    Parameters
    ----------
    path : path
        The image, of tiles of 512 px.

    Returns
    -------
    callable
        Takes a tile, an ndarray or None, and gives what to write of it.
    """
    return encode_tile if Path(path).suffix.lower() in TIFF_SUFFIXES else _as_it_is


def _as_it_is(pixels):
    return pixels


def convert_image(
    source, target, *, channel_name=None, pixel_size_um=None, header=None, threads=1
) -> None:
    """Stream a checkpoint into another file, TIFF or FITS by suffix; pixels stay identical.

    Parameters
    ----------
    source, target : path
        Existing and new file.
    channel_name, pixel_size_um, header, threads
        As for `write_image`; what is None is taken from the source.
    """
    with open_image(source) as image:
        write_image(
            target,
            image.shape,
            image.dtype,
            (image.read(window) for window in tile_windows(image.shape)),
            channel_name=channel_name or image.channel_name,
            pixel_size_um=pixel_size_um or image.pixel_size_um,
            header=image.header if header is None else header,
            threads=threads,
        )
