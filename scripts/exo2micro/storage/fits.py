"""Plain FITS: written as a stream of row bands, read in windows. Never compressed or scaled."""

from pathlib import Path

import numpy as np

from exo2micro.errors import ImageReadError, ImageWriteError
from exo2micro.storage.windows import tile_grid, tile_windows

BLOCK = 2880
UNSIGNED_ZERO = 32768  # BZERO by which FITS stores unsigned 16-bit integers
BITPIX = {"uint8": 8, "uint16": 16, "float32": -32, "float64": -64}
STRUCTURE = {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BZERO", "BSCALE"}


def write_fits(path, shape, dtype, tiles, *, header=None, tile=512) -> None:
    """Write a plain FITS image.

    Row 0 of the image is the first row of the file. Unsigned 16-bit integers are stored as the
    standard has it, signed with BZERO = 32768.

    Parameters
    ----------
    path : path
        Target; written in place (see `exo2micro.storage.atomic_path`).
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        uint8, uint16, float32 or float64.
    tiles : iterable of (2-D ndarray or None)
        As for `exo2micro.storage.tiff.write_tiff`. One row of tiles is held in memory.
    header : dict, optional
        Cards: key to value, or to (value, comment).
    tile : int
        Side of a tile, px.
    """
    dtype = np.dtype(dtype)
    with open(path, "wb") as stream:
        stream.write(_header_bytes(path, shape, dtype, header or {}))
        for band in _row_bands(shape, dtype, tiles, tile):
            stream.write(_stored_form(band).data)
        stream.write(bytes(-stream.tell() % BLOCK))


def _header_bytes(path, shape, dtype, cards: dict) -> bytes:
    from astropy.io import fits

    header = fits.Header()
    header["SIMPLE"] = (True, "conforms to FITS standard")
    header["BITPIX"] = (BITPIX[dtype.name], "array data type")
    header["NAXIS"] = (2, "number of array dimensions")
    header["NAXIS1"] = (int(shape[1]), "width, px")
    header["NAXIS2"] = (int(shape[0]), "height, px")
    if dtype == np.uint16:
        header["BZERO"] = (UNSIGNED_ZERO, "unsigned 16-bit integers")
        header["BSCALE"] = (1, "default scaling factor")
    try:
        for key, value in cards.items():
            header[key] = value
        return header.tostring(padding=True).encode("ascii")
    except ValueError as fault:
        raise ImageWriteError(
            f"Cannot write {path}: a FITS card is not valid ({fault})."
        ) from fault


def _row_bands(shape, dtype, tiles, tile: int):
    """Put tiles together to bands of full rows."""
    columns = tile_grid(shape, tile)[1]
    band = np.zeros((tile, shape[1]), dtype)
    places = tile_windows(shape, tile)
    for number, (place, pixels) in enumerate(zip(places, tiles, strict=True)):
        rows = band[: place.height]
        rows[:, place.x0 : place.x1] = 0 if pixels is None else pixels
        if number % columns == columns - 1:
            yield rows


def _stored_form(band: np.ndarray) -> np.ndarray:
    """Return native pixels as FITS stores them: big-endian, uint16 moved by BZERO."""
    if band.dtype == np.uint16:
        band = (band ^ UNSIGNED_ZERO).view(np.int16)
    return np.ascontiguousarray(band, band.dtype.newbyteorder(">"))


def restore(stored: np.ndarray, dtype) -> np.ndarray:
    """Return pixels read from a FITS file as `dtype`; undoes `_stored_form`."""
    if np.dtype(dtype) == np.uint16:
        return stored.view(np.uint16) ^ np.uint16(UNSIGNED_ZERO)
    return stored


def read_layout(path: Path):
    """Read the header of a plain FITS image.

    Returns
    -------
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        Type of the pixels, native byte order.
    stored : dtype
        Type in the file.
    offset : int
        Where the pixels start, bytes.
    cards : dict
        All cards but those that say how the pixels are stored.

    Raises
    ------
    ImageReadError
        If the file is not such an image, or is truncated.
    """
    from astropy.io import fits

    try:
        with open(path, "rb") as stream:
            header = fits.Header.fromfile(stream)
            offset = stream.tell()
    except (OSError, EOFError, ValueError) as fault:
        raise ImageReadError(f"{path} is not a FITS file, or is damaged ({fault}).") from fault
    shape = (header.get("NAXIS2", 0), header.get("NAXIS1", 0))
    names = {bitpix: name for name, bitpix in BITPIX.items()}
    name = names.get(header.get("BITPIX"))
    zero = UNSIGNED_ZERO if name == "uint16" else 0
    scaling = header.get("BZERO", 0), header.get("BSCALE", 1)
    if header.get("NAXIS") != 2 or name is None or scaling != (zero, 1):
        raise ImageReadError(
            f"{path} is not an image of this workflow: NAXIS {header.get('NAXIS')}, BITPIX "
            f"{header.get('BITPIX')}, BZERO and BSCALE {scaling}; expected one plain image, "
            "8- or 16-bit unsigned or float. Delete it; the next run makes it anew."
        )
    stored = np.dtype("i2" if name == "uint16" else name).newbyteorder(">")
    needed = offset + shape[0] * shape[1] * stored.itemsize
    if path.stat().st_size < needed:
        raise ImageReadError(
            f"{path} is truncated: {path.stat().st_size} bytes, expected {needed}. "
            "Delete it; the next run makes it anew."
        )
    cards = {key: header[key] for key in header if key and key not in STRUCTURE}
    return shape, np.dtype(name), stored, offset, cards
