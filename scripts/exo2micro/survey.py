"""Which channels of the raw files carry signal."""

import pandas as pd

from .discovery import take_inventory
from .errors import ImageReadError
from .selection import ALL, select_pairs
from .storage import open_raw, signal_channels

SAME_SIZE = 0.02  # of the pixel size: differences below are a stage's or a program's rounding
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
    return survey_pairs(pairs, lambda dye: channel)


def survey_pairs(pairs, channel_of):
    """Look into the raw files of pairs.

    Parameters
    ----------
    pairs : list of Pair
        `sample`, `dye`, and the paths `pre` and `post`.
    channel_of : callable
        Takes a dye; gives the config's choice of its channel, or None.

    Returns
    -------
    DataFrame
        See `survey_raw_channels`.
    """
    rows = [
        {
            "sample": pair.sample,
            "dye": pair.dye,
            "stain": stain,
            **_look(path, channel_of(pair.dye)),
        }
        for pair in pairs
        for stain, path in (("pre", pair.pre), ("post", pair.post))
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def find_disagreements(table):
    """Say where pre and post of a pair are not alike, or cannot be read.

    Parameters
    ----------
    table : DataFrame
        From `survey_pairs`.

    Returns
    -------
    dict of (str, str) to list of str
        What is to be said, by sample and dye; pairs that are alike are not in it.
    """
    found = {}
    for whose, files in table.groupby(["sample", "dye"], sort=False):
        pre, post = (files[files["stain"] == stain].iloc[0] for stain in ("pre", "post"))
        faults = [file["fault"] for file in (pre, post) if file["fault"]]
        said = faults or list(_compare(pre, post))
        if said:
            found[whose] = said
    return found


def tell_disagreements(disagreements, written):
    """Put disagreements into words for the terminal.

    Parameters
    ----------
    disagreements : dict
        From `find_disagreements`.
    written : iterable of path
        The files that hold the survey.

    Returns
    -------
    str
    """
    lines = [
        f"WARNING {sample} / {dye}: {said}"
        for (sample, dye), all_said in disagreements.items()
        for said in all_said
    ]
    lines = lines or ["Pre and post of every pair are alike."]
    return "\n".join([*lines, f"Written: {', '.join(str(path) for path in written)}"])


def _compare(pre, post):
    """Yield what differs between the two files of a pair."""
    if list(pre["channels"]) != list(post["channels"]):
        numbers = [" + ".join(map(str, file["channels"])) for file in (pre, post)]
        yield (
            f"the signal is in channel {numbers[0]} of pre, but in {numbers[1]} of post (from 0). "
            "Set channel: in the configuration to the one that shows the mineral in both."
        )
    if pre["dtype"] != post["dtype"]:
        yield (
            f"pre is {pre['dtype']}, post is {post['dtype']}: their grey levels do not compare. "
            "Export both alike."
        )
    sizes = [file["pixel_size_um"] for file in (pre, post)]
    if all(sizes) and abs(sizes[0][0] / sizes[1][0] - 1) > SAME_SIZE:
        yield (
            f"a pixel of pre is {sizes[0][0]:g} µm, one of post {sizes[1][0]:g} µm: taken with "
            "different lenses? Magnifications beyond scale_min and scale_max are not found."
        )


def _look(path, channel):
    """Describe one raw file."""
    try:
        with open_raw(path) as raw:
            tally = raw.count_channels()
            return {
                "file": path,
                "height": raw.shape[0],
                "width": raw.shape[1],
                "dtype": str(raw.dtype),
                "channel_means": tally.means,
                "channels": signal_channels(tally.means, raw.dtype, channel, tally.peak),
                "pixel_size_um": raw.pixel_size_um,
                "fault": "",
            }
    except ImageReadError as fault:
        return {"file": path, "fault": str(fault)}
