"""Which of a checkpoint's two formats is computed, which converted, which read.

A checkpoint may lie on disk as TIFF, as FITS, or both. The pixels are the same, so whatever exists
serves; only what exists in neither format is computed. Of two existing files the older one is the
original and the newer one its conversion: that order does not change by looking, so the workflow's
plan is the same at every start.
"""

import os

FORMATS = ("tiff", "fits")


def image_path(folder, name, fmt):
    """Path of a checkpoint: ``{folder}/{fmt}/{name}.{fmt}``."""
    return f"{folder}/{fmt}/{name}.{fmt}"


def other_format(fmt):
    """The format that `fmt` is converted from."""
    return FORMATS[1 - FORMATS.index(fmt)]


def primary_format(checkpoint_format):
    """The format in which a checkpoint that exists nowhere is computed."""
    return "fits" if checkpoint_format == "fits" else "tiff"


def readable(folder, name, checkpoint_format):
    """Path of the checkpoint that a later stage reads.

    Parameters
    ----------
    folder : str
        ``{output_dir}/{sample}/{dye}``.
    name : str
        Name without extension.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.

    Returns
    -------
    str
        The original where it exists, else the path at which it will be computed.
    """
    times = {fmt: _modified(image_path(folder, name, fmt)) for fmt in FORMATS}
    found = [fmt for fmt in FORMATS if times[fmt] is not None]
    fmt = min(found, key=times.get) if found else primary_format(checkpoint_format)
    return image_path(folder, name, fmt)


def is_conversion(folder, name, fmt, checkpoint_format):
    """Say whether a checkpoint is made from its twin of the other format.

    Parameters
    ----------
    folder, name : str
        See `readable`.
    fmt : {'tiff', 'fits'}
        Format of the checkpoint in question.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.

    Returns
    -------
    bool
    """
    mine = _modified(image_path(folder, name, fmt))
    twin = _modified(image_path(folder, name, other_format(fmt)))
    if mine is None and twin is None:
        return checkpoint_format == "both" and fmt != primary_format(checkpoint_format)
    if mine is None or twin is None:
        return mine is None
    return mine > twin


def _modified(path):
    """Time of last change in nanoseconds, None where there is no file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
