"""What a raw TIFF holds: which page, which samples are colours, and whether it can be used."""

import logging
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from exo2micro.errors import ImageReadError
from exo2micro.storage.pixel_size import physical_pixel_size
from exo2micro.storage.segments import segment_shape

# Of a damaged file it says much and names nothing; what is wrong is said here. Not to the terminal,
# therefore, but to those who keep a log of it.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

USABLE_TYPES = ("uint8", "uint16", "float16", "float32", "float64")
MAX_COLOURS = 3
# Deflate packs at best 1:1032 and LZW 1:1400; a small file that claims more is damaged.
MAX_PACKING = 5000
SMALL_BYTES = 256 * 1024**2
PHOTOMETRICS = ("MINISBLACK", "MINISWHITE", "RGB", "YCBCR")
YCBCR_CODECS = ("JPEG", "OJPEG", "JPEG_2000_LOSSY", "APERIO_JP2000_YCBC")  # decoded to RGB
ALPHA = (1, 2)  # TIFF ExtraSamples: associated and unassociated alpha


@dataclass(frozen=True)
class RawLayout:
    """Where the pixels of a raw image lie.

    Attributes
    ----------
    tiff : tifffile.TiffFile
        The open file.
    pages : list of tifffile.TiffPage
        The full-resolution pages: one, or one a channel.
    colours : list of (int, int or None, int)
        For each colour channel its page, its plane (None: interleaved) and its sample.
    shape : tuple of int
        ``(height, width)``, px.
    dtype : dtype
        As stored, native byte order.
    inverted : bool
        Zero means white.
    pixel_size_um : tuple of float or None
        Physical size of a pixel, ``(x, y)``, micrometres.
    """

    tiff: tifffile.TiffFile
    pages: list
    colours: list
    shape: tuple[int, int]
    dtype: np.dtype
    inverted: bool
    pixel_size_um: tuple[float, float] | None


def examine(path: Path) -> RawLayout:
    """Open a raw TIFF and find its full-resolution image; decodes nothing.

    Raises
    ------
    ImageReadError
        If the file is no TIFF, is truncated, or holds pixels that cannot be used.
    """
    tiff = _open_tiff(path)
    try:
        return _layout_of(path, tiff)
    except ImageReadError:
        tiff.close()
        raise
    except Exception as fault:  # the parser meets damage in many ways
        tiff.close()
        raise ImageReadError(
            f"{path}: the description of its pages is damaged or truncated ({fault}). "
            "Copy or export it again."
        ) from fault


def _layout_of(path: Path, tiff: tifffile.TiffFile) -> RawLayout:
    pages = _full_resolution_pages(path, tiff)
    first = pages[0]
    _check_pixels(path, first)
    for page in pages:
        _check_storage(path, page, tiff.filehandle.size)
    return RawLayout(
        tiff=tiff,
        pages=pages,
        colours=_colour_channels(path, pages),
        shape=(first.imagelength, first.imagewidth),
        dtype=np.dtype(first.dtype).newbyteorder("="),
        inverted=first.photometric == tifffile.PHOTOMETRIC.MINISWHITE,
        pixel_size_um=physical_pixel_size(tiff, first),
    )


def _open_tiff(path: Path) -> tifffile.TiffFile:
    try:
        status = path.stat()
    except OSError as fault:
        raise ImageReadError(f"Cannot open the image {path}: {fault.strerror}.") from fault
    if not stat.S_ISREG(status.st_mode):
        raise ImageReadError(f"{path} is a folder, expected a TIFF image.")
    try:
        tiff = tifffile.TiffFile(path, _multifile=False)
    except OSError as fault:
        raise ImageReadError(f"Cannot open the image {path}: {fault.strerror or fault}.") from fault
    except Exception as fault:  # the parser has exceptions of many kinds for damaged files
        raise ImageReadError(
            f"{path} is not a TIFF image, or its start is damaged "
            f"({status.st_size} bytes: {fault}). "
            "Expected a .tif or .tiff as the microscope wrote it. Copy or export it again."
        ) from fault
    return tiff


def _full_resolution_pages(path: Path, tiff: tifffile.TiffFile) -> list:
    if len(tiff.pages) == 0:
        raise ImageReadError(
            f"{path} is a TIFF without any image in it: it is truncated, or its export was "
            "cut short. Copy or export it again."
        )
    series = max(tiff.series, key=_area)
    _check_alone(path, tiff, series)
    pages = list(series.pages)
    if any(page is None for page in pages):
        raise ImageReadError(
            f"{path} is one part of an OME-TIFF in several files. Export it as one file."
        )
    return [page.aspage() for page in pages]


def _area(series) -> int:
    return series.keyframe.imagelength * series.keyframe.imagewidth


def _check_alone(path: Path, tiff: tifffile.TiffFile, series) -> None:
    """Refuse several images of similar size, and stacks: which one is meant is not known."""
    rivals = [s for s in tiff.series if s is not series and 2 * _area(s) >= _area(series)]
    if rivals:
        sizes = ", ".join(
            f"{s.keyframe.imagewidth} x {s.keyframe.imagelength}" for s in [series, *rivals]
        )
        raise ImageReadError(
            f"{path} holds {1 + len(rivals)} images ({sizes} px), expected one. "
            "Export the one that is meant into a file of its own."
        )
    stacked = {
        axis: size
        for axis, size in zip(series.axes, series.shape, strict=True)
        if axis not in "CSYX" and size > 1
    }
    if stacked or series.is_truncated:
        named = {"Z": "focus planes", "T": "time points"}
        what = ", ".join(f"{size} {named.get(a, 'pages')}" for a, size in stacked.items())
        raise ImageReadError(
            f"{path} is a stack ({what or 'several pages'}), expected one image: grey, RGB, or "
            "channels that are marked as such. Export the plane that is meant (or a projection) "
            "into a file of its own."
        )


def _check_pixels(path: Path, page) -> None:
    stored = "unknown" if page.dtype is None else np.dtype(page.dtype).name
    bits = page.bitspersample
    if stored not in USABLE_TYPES or bits != 8 * np.dtype(page.dtype).itemsize:
        raise ImageReadError(
            f"{path} holds pixels of type {stored} ({bits} bits), expected 8- or 16-bit unsigned "
            "integers or floats. Export it as 8- or 16-bit."
        )
    compression = _name_of(page.compression)
    if page.compression != 1 and page.compression not in tifffile.TIFF.DECOMPRESSORS:
        raise ImageReadError(
            f"{path} is compressed with {compression}, which cannot be read here. "
            "Export it uncompressed or with LZW or deflate."
        )
    photometric = _name_of(page.photometric)
    white_float = photometric == "MINISWHITE" and np.dtype(page.dtype).kind == "f"
    foreign_ycbcr = photometric == "YCBCR" and compression not in YCBCR_CODECS
    if photometric not in PHOTOMETRICS or white_float or foreign_ycbcr:
        meant = {"PALETTE": "indexed colours", "SEPARATED": "CMYK inks"}.get(photometric)
        raise ImageReadError(
            f"{path} stores its colours as {meant or photometric}, expected grey or RGB. "
            "Export it as grey or RGB."
        )


def _name_of(code) -> str:
    return getattr(code, "name", str(code))


def _colour_channels(path: Path, pages: list) -> list:
    if len(pages) == 1:
        count = _colours_of(pages[0])
        planar = pages[0].planarconfig == tifffile.PLANARCONFIG.SEPARATE
        colours = [
            (0, c, 0) if planar and pages[0].samplesperpixel > 1 else (0, None, c)
            for c in range(count)
        ]
    else:
        count = len(pages) * _colours_of(pages[0])
        colours = [(number, None, 0) for number in range(len(pages))]
    if count > MAX_COLOURS:
        raise ImageReadError(
            f"{path} holds {count} channels, expected one, or up to {MAX_COLOURS} (and alpha). "
            "Export the dye's channel into a file of its own."
        )
    return colours


def _colours_of(page) -> int:
    """Count the samples of a pixel that are colours.

    Alpha never is one. Grey with three or four samples whose extra ones are not said to be
    alpha is how several programs write colours: three of them count. A single extra sample
    of a grey image, whatever it is said to be, counts as alpha.
    """
    samples = page.samplesperpixel
    if page.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR):
        return min(samples, 3)
    alphas = sum(int(extra) in ALPHA for extra in page.extrasamples)
    colours = samples - alphas
    if alphas == 0 and samples in (2, 4):
        colours -= 1
    return colours


def _check_storage(path: Path, page, file_bytes: int) -> None:
    """Refuse what cannot be whole: pixels beyond the end of the file, absurd sizes."""
    height, width = page.imagelength, page.imagewidth
    planes = page.samplesperpixel if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE else 1
    pixel_bytes = height * width * page.samplesperpixel * np.dtype(page.dtype).itemsize
    size = f"{width} x {height} px"
    if pixel_bytes == 0:
        raise ImageReadError(f"{path} claims {size}: there is no image in it. Export it again.")
    if pixel_bytes > max(SMALL_BYTES, MAX_PACKING * file_bytes):
        raise ImageReadError(
            f"{path} claims {size} ({pixel_bytes / 1e9:.3g} GB) but has only {file_bytes} bytes: "
            "its header is damaged. Copy or export it again."
        )
    block_height, block_width = segment_shape(page)
    needed = planes * -(-height // block_height) * -(-width // block_width)
    offsets, counts = page.dataoffsets, page.databytecounts
    end = max((o + c for o, c in zip(offsets, counts, strict=False)), default=0)
    stored = sum(counts)
    too_few = len(offsets) < needed or len(counts) < needed
    hollow = (
        page.compression == tifffile.COMPRESSION.NONE
        and 0 < stored < pixel_bytes
        and not page.is_tiled
    )
    if too_few or end > file_bytes or stored == 0 or hollow:
        raise ImageReadError(
            f"{path} is truncated: its {size} need {needed} strips or tiles, up to byte "
            f"{max(end, pixel_bytes if hollow else 0)}; found {len(offsets)}, in {file_bytes} "
            "bytes. "
            "Copy or export it again."
        )
