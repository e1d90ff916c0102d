"""Which of a checkpoint's two formats is computed, which converted, which read.

A checkpoint may lie on disk as TIFF, as FITS, or both. The pixels are the same, so whatever exists
serves; only what exists in neither format is computed. Of two existing files the older one is the
original and the newer one its conversion: that order does not change by looking, so the workflow's
plan is the same at every start.
"""

import os

FORMATS = ("tiff", "fits")

# What is written together with an image: its folder, its extension, the image.
COMPANIONS = {
    "01_padding": ("transforms", "json", "01_padded_post"),
    "04_joint": ("measurements", "npz", "03_interior_aligned_pre"),
    "04_detected": ("measurements", "npz", "04_difference_difference"),
}


def image_path(folder, name, fmt):
    """Path of a checkpoint: ``{folder}/{fmt}/{name}.{fmt}``."""
    return f"{folder}/{fmt}/{name}.{fmt}"


def other_format(fmt):
    """The format that `fmt` is converted from."""
    return FORMATS[1 - FORMATS.index(fmt)]


def primary_format(checkpoint_format):
    """The format in which a checkpoint that exists nowhere is computed."""
    return "fits" if checkpoint_format == "fits" else "tiff"


def readable(folder, name, checkpoint_format, begun=True):
    """Path of the checkpoint that a later stage reads.

    Parameters
    ----------
    folder : str
        ``{output_dir}/{sample}/{dye}``.
    name : str
        Name without extension.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.
    begun : bool
        Whether there are results at all; where there are none, no file is looked for.

    Returns
    -------
    str
        The original where it exists, else the path at which it will be computed.
    """
    paths = {fmt: image_path(folder, name, fmt) for fmt in FORMATS}
    fmt = _oldest(paths) if begun else None
    return paths[fmt or primary_format(checkpoint_format)]


def companion_path(folder, name, fmt, end):
    """Path of what is written together with an image, and is kept by the image's format.

    Parameters
    ----------
    folder : str
        See `readable`.
    name : str
        One of `COMPANIONS`.
    fmt : {'tiff', 'fits'}
        Format of the image.
    end : str
        Suffix of both.

    Returns
    -------
    str
        Such as ``{folder}/measurements/04_joint_tiff{end}.npz``.
    """
    place, extension, _ = COMPANIONS[name]
    return f"{folder}/{place}/{name}_{fmt}{end}.{extension}"


def readable_companion(folder, name, end, checkpoint_format, begun=True):
    """Path of what was written together with an image, as a later step reads it.

    Parameters
    ----------
    folder, checkpoint_format, begun
        See `readable`.
    name, end : str
        See `companion_path`.

    Returns
    -------
    str
        What came with the original of the image. Where the image is not kept, the older one;
        where there is none, the path at which it will be.
    """
    image, fmt = COMPANIONS[name][2], None
    paths = {fmt: companion_path(folder, name, fmt, end) for fmt in FORMATS}
    if begun:
        images = {fmt: image_path(folder, f"{image}{end}", fmt) for fmt in FORMATS}
        fmt = _oldest(images) or _oldest(paths)
    return paths[fmt or primary_format(checkpoint_format)]


def is_conversion(folder, name, fmt, checkpoint_format, begun=True):
    """Say whether a checkpoint is made from its twin of the other format.

    Parameters
    ----------
    folder, name : str
        See `readable`.
    fmt : {'tiff', 'fits'}
        Format of the checkpoint in question.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.
    begun : bool
        See `readable`.

    Returns
    -------
    bool
    """
    mine = _modified(image_path(folder, name, fmt)) if begun else None
    twin = _modified(image_path(folder, name, other_format(fmt))) if begun else None
    if mine is None and twin is None:
        return checkpoint_format == "both" and fmt != primary_format(checkpoint_format)
    if mine is None or twin is None:
        return mine is None
    return mine > twin


def _oldest(paths):
    """Format of the older one of two files; None where there is none."""
    times = {fmt: _modified(path) for fmt, path in paths.items()}
    return min((fmt for fmt in times if times[fmt] is not None), key=times.get, default=None)


def _modified(path):
    """Time of last change in nanoseconds, None where there is no file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
