"""Which channels of the raw files carry signal."""

import pandas as pd

from .discovery import take_inventory
from .errors import ImageReadError
from .selection import ALL, select_pairs
from .storage import open_raw, signal_channels

COLUMNS = [
    "sample",
    "dye",
    "stain",
    "file",
    "height",
    "width",
    "dtype",
    "channel_means",
    "channels",
    "pixel_size_um",
    "fault",
]


def survey_raw_channels(raw_dir, samples=ALL, dyes=ALL, channel=None):
    """Look into every requested raw file: what it holds, and which channels would be taken.

    Reads each file once from end to end, a strip at a time.

    Parameters
    ----------
    raw_dir : path
        The raw folder.
    samples, dyes : 'all' or list of str
        What to look at; pairs that are not complete are left out.
    channel : int, optional
        The config's choice of a channel, in place of the means'.

    Returns
    -------
    DataFrame
        A row a file: sample, dye, stain, file (path), height and width (px), dtype, mean of each
        colour channel (grey levels), chosen channels (from 0), pixel size ``(x, y)`` (um) or
        None, and the fault of a file that cannot be read (else empty).

    Raises
    ------
    LayoutError, MissingPairsError
        If there is nothing to look at.
    """
    pairs = select_pairs(take_inventory(raw_dir), samples, dyes, strict_dyes=False).pairs
    rows = [
        {"sample": pair.sample, "dye": pair.dye, "stain": stain, **_look(path, channel)}
        for pair in pairs
        for stain, path in (("pre", pair.pre), ("post", pair.post))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _look(path, channel):
    """Describe one raw file."""
    try:
        with open_raw(path) as raw:
            means = raw.channel_means()
            return {
                "file": path,
                "height": raw.shape[0],
                "width": raw.shape[1],
                "dtype": str(raw.dtype),
                "channel_means": means,
                "channels": signal_channels(means, raw.dtype, channel, raw.peak),
                "pixel_size_um": raw.pixel_size_um,
                "fault": "",
            }
    except ImageReadError as fault:
        return {"file": path, "fault": str(fault)}
