"""Looking at raw folders by the original's function names, arguments and results.

The functions behind them, which the workflow uses, are in `discovery` and `survey`.
"""

import os
from pathlib import Path

from . import discovery, survey
from .errors import LayoutError
from .selection import select_pairs
from .storage.rawfolder import list_raw_folder


def discover_tasks(samples="all", dyes="all", raw_dir="raw"):
    """Find which of the requested pairs are there; raises nothing for those that are not.

    Parameters
    ----------
    samples, dyes : 'all' or list of str
        What is requested.
    raw_dir : path
        The raw folder.

    Returns
    -------
    dict
        ``present``: (sample, dye) of the pairs that are there; ``skipped``: (sample, dye, reason)
        of the others; ``warnings``: (sample, text), the sample being '(layout)' for a fatal fault
        of the folder; ``layout_ok``: whether there is none.
    """
    try:
        found = discovery.take_inventory(raw_dir)
    except LayoutError as fault:
        return {
            "present": [],
            "skipped": [],
            "warnings": [("(layout)", str(fault))],
            "layout_ok": False,
        }
    selection = select_pairs(found, samples, dyes, strict_dyes=False)
    return {
        "present": [(pair.sample, pair.dye) for pair in selection.pairs],
        "skipped": list(selection.skipped),
        "warnings": [(sample, text) for sample, texts in found.warnings.items() for text in texts],
        "layout_ok": True,
    }


def classify_raw_files(sample_dir):
    """Sort the TIFF files in one sample's folder.

    Parameters
    ----------
    sample_dir : path
        ``raw/<sample>``.

    Returns
    -------
    pairs : dict of str to dict of str to list of str
        ``{dye: {"pre": [paths], "post": [paths]}}``.
    warnings : list of str
        One for each file whose name does not tell what it is.
    """
    folder = Path(sample_dir)
    listing = list_raw_folder(folder.parent).samples.get(folder.name)
    if listing is None:
        raise LayoutError(f"There is no sample folder {sample_dir}.")
    files = discovery.classify_raw_files(listing.tiffs, folder.name)
    pairs = {
        dye: {
            stain: [os.path.join(folder, name) for name in names] for stain, names in stains.items()
        }
        for dye, stains in files.dyes.items()
    }
    return pairs, files.warnings


def diagnose_raw_layout(raw_dir="raw"):
    """Say how the raw folder is laid out; raises nothing (see `discovery.diagnose_raw_layout`)."""
    return discovery.diagnose_raw_layout(raw_dir)


def survey_raw_channels(raw_dir="raw", samples="all", dyes="all", channel=None):
    """Look into every requested raw file: which channels carry signal (see `survey`)."""
    return survey.survey_raw_channels(raw_dir, samples, dyes, channel)
