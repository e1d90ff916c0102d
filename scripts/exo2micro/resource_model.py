"""What a pair will need of memory and disk, from the sizes in its files' headers.

TIFFs were measured on synthetic pairs (rock grains that fill two thirds of the frame, 8 and 16
bit): bytes per pixel of the larger raw image, pyramid included. FITS files are not compressed:
every pixel of the canvas at its full size.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from .parameters import suffix
from .progress import cost_of
from .targets import formats_asked, image_names, image_stem

# Padded images: of each byte of a pixel, what is left after compression: 0.49 (8 bit), 0.84 (16).
PADDED = 0.85
# float32 images, by kind: 3.4 aligned, 3.6 (8 bit) to 4.0 (16 bit) differences and significance.
ALIGNED, DIFFERENCE, MASK = 3.5, 4.0, 0.5
# Figures, measurements and records of a pair, MB.
SMALL_FILES_MB = 8.0
# Memory of the largest job, MB, at any size: images are streamed. The rules reserve no more than
# this (checked by a test); `memory_per_task` may allow more.
LARGEST_JOB_MB = 1800.0
# Only a raw file of one compressed strip may need more: what decoding it takes is known from its
# header, and a job that reads raw files takes this besides, MB.
RAW_READER_MB = 300.0

# Minutes that a job on a cluster is given: so many at any size, and so many times what its work
# took where it was measured. Its node may be slower, and its disk shared; SLURM ends what is late.
LEAST_MINUTES, TIMES_MEASURED = 10, 10
# The images of each rule that writes some.
IMAGES_OF_RULE = {
    "pad": ("01_padded_post", "01_padded_pre"),
    "warp_boundary": ("02_icp_aligned_pre",),
    "measure_pair": ("03_interior_aligned_pre",),
    "difference": ("04_difference_difference", "04_significance", "04_mask"),
    "other_difference": ("04_difference_difference",),
}


@dataclass(frozen=True)
class RawSize:
    """What a raw file's header says.

    Attributes
    ----------
    height, width : int
        px.
    itemsize : int
        Bytes of a pixel of one channel.
    decode_bytes, scratch_bytes : int
        Memory and scratch space that decoding takes at its peak (`storage.RawImage`).
    """

    height: int
    width: int
    itemsize: int
    decode_bytes: int = 0
    scratch_bytes: int = 0


def reading_mb(sizes, least_mb):
    """Memory that a job takes which reads raw files one after the other, MB.

    Parameters
    ----------
    sizes : list of RawSize
        Of the files.
    least_mb : float
        What it takes for files that can be read window by window.

    Returns
    -------
    int
    """
    decoding = max((size.decode_bytes for size in sizes), default=0) / 1e6
    return round(max(least_mb, RAW_READER_MB + decoding))


def minutes_of_job(rule, sizes):
    """Time that a job is given on a cluster, min.

    Parameters
    ----------
    rule : str
        Its rule.
    sizes : list of RawSize
        Of its pair's raw files.

    Returns
    -------
    int
    """
    mpx = max((size.height * size.width for size in sizes), default=0) / 1e6
    return LEAST_MINUTES + ceil(TIMES_MEASURED * cost_of(rule, mpx) / 60)


def disk_mb_of_job(rule, sizes, pad, fmt):
    """Room that a job's files take, MB: its images, small files, and scratch files.

    Parameters
    ----------
    rule : str
        Its rule.
    sizes : list of RawSize
        Of its pair's raw files.
    pad : int
        Border of its pair, px.
    fmt : {'tiff', 'fits'}
        Format of its images.

    Returns
    -------
    int
    """
    if not sizes:
        return ceil(SMALL_FILES_MB)
    images = sum(_bytes_of(name, fmt, sizes, pad) for name in IMAGES_OF_RULE.get(rule, ()))
    scratch = max(size.scratch_bytes for size in sizes) if rule == "pad" else 0
    return ceil(SMALL_FILES_MB + (images + scratch) / 1e6)


def _bytes_of(name, fmt, sizes, pad):
    """Size of an image on disk, bytes."""
    height, width = (max(getattr(size, side) for size in sizes) for side in ("height", "width"))
    itemsize = max(size.itemsize for size in sizes) if name.startswith("01_") else 4
    if name == "04_mask":
        itemsize = 1
    if fmt == "fits":
        return (height + 2 * pad) * (width + 2 * pad) * itemsize
    return height * width * _tiff_bytes(name, itemsize)


def _tiff_bytes(name, itemsize):
    """Size of a TIFF by its kind, bytes per raw pixel."""
    if name.startswith("01_"):
        return PADDED * itemsize
    if name == "04_mask":
        return MASK
    return ALIGNED if name[:2] in ("02", "03") else DIFFERENCE


@lru_cache(1024)
def _images_of(values, checkpoint_format):
    """Suffix of a variant, and path, name and format of its images: the same for many pairs."""
    values = dict(values)
    images = [
        (f"{fmt}/{image_stem(name, values)}.{fmt}", name, fmt)
        for name in image_names(values)
        for fmt in formats_asked(checkpoint_format)
    ]
    return suffix(values, 4), images


def disk_of_pair(sizes, variants, checkpoint_format, exists):
    """Bytes that a pair has yet to write.

    Parameters
    ----------
    sizes : list of RawSize
        Of its raw files.
    variants : iterable of dict
        Parameter values of the variants; what they share is counted once.
    checkpoint_format : {'tiff', 'fits', 'both'}
        Format of the images.
    exists : callable
        Says of a path relative to the pair's folder whether it is there already.

    Returns
    -------
    float
    """
    missing, ends = {}, set()
    for values in variants:
        end, images = _images_of(tuple(values.items()), checkpoint_format)
        ends.add(end)
        for path, name, fmt in images:
            if not exists(path):
                missing[path] = _bytes_of(name, fmt, sizes, values["pad"])
    return sum(missing.values()) + (SMALL_FILES_MB * 1e6 * len(ends) if missing else 0.0)
