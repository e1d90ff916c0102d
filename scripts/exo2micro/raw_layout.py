"""What can be wrong with the raw folder as a whole, and what is expected instead."""

import os

from .raw_names import find_stains

SHOWN = 5  # names in a message before it says how many more


def expected_layout(raw_dir):
    """Draw the expected layout."""
    root = f"{raw_dir}/"
    rows = [
        (root, ""),
        ("  CD070/", "one folder for each sample"),
        ("    CD070_PreStain_SybrGld.tif", "'pre' or 'post' before the last underscore,"),
        ("    CD070_PostStain_SybrGld.tif", "the dye after it; one of each for each dye"),
    ]
    width = max(len(left) for left, _ in rows) + 3
    drawn = "\n".join(f"  {left:{width}}{right}".rstrip() for left, right in rows)
    return f"Expected layout:\n{drawn}"


def layout_fault(folder):
    """Say what is fatally wrong with the raw folder.

    Parameters
    ----------
    folder : RawFolder
        Its listing.

    Returns
    -------
    str
        With the expected layout; empty where nothing is fatally wrong.
    """
    fault = _fault(folder)
    return f"{fault}\n{expected_layout(folder.path)}" if fault else ""


def layout_warnings(folder):
    """List what is odd about the raw folder, but stops nobody."""
    warnings = []
    if folder.loose_tiffs and folder.samples:
        warnings.append(
            f"{len(folder.loose_tiffs)} TIFF(s) lie loose in {folder.path}/, beside the sample "
            f"folders, and are not used: {shortened(folder.loose_tiffs)}. Move each into its "
            "sample's folder."
        )
    for sample, listing in folder.samples.items():
        if not listing.tiffs:
            warnings.append(f"{folder.path}/{sample}/ is passed over; it {why_no_tiff(listing)}.")
    return warnings


def why_no_tiff(listing):
    """Say why a sample's folder gives no photographs ('its folder ...')."""
    if listing.fault:
        return f"cannot be listed: {listing.fault}"
    if listing.deeper:
        inside = ", ".join(f"{name}/" for name in listing.deeper)
        return f"holds no TIFF itself; they lie one level too deep, in {inside}: move them up"
    if listing.broken_links:
        return f"holds only broken links: {', '.join(listing.broken_links)}"
    types = f" (only {', '.join(listing.other_types)} files)" if listing.other_types else ""
    return f"holds no TIFF{types}"


def shortened(names):
    """List names, the first few of them where they are many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _fault(folder):
    if folder.state == "missing":
        return (
            f"The raw folder {folder.path!r} does not exist (looked for "
            f"{os.path.abspath(folder.path)}). Put the photographs there, or set raw_dir in the "
            "config to where they are."
        )
    if folder.state == "not a folder":
        return (
            f"raw_dir is {folder.path!r}, which is not a folder. Set it to the folder that holds "
            "one folder for each sample."
        )
    if folder.state == "unreadable":
        return (
            f"The raw folder {folder.path!r} cannot be listed: {folder.others[0]}. "
            "Ask for the right to read it."
        )
    if not folder.samples:
        return _no_sample_folders(folder)
    if not any(listing.tiffs for listing in folder.samples.values()):
        return _no_tiffs(folder)
    return ""


def _no_sample_folders(folder):
    if folder.loose_tiffs:
        first = folder.loose_tiffs[0]
        guess = first.split("_")[0] if "_" in first and not find_stains(first.split("_")[0]) else ""
        example = f" (such as {folder.path}/{guess or '<sample>'}/{first})"
        return (
            f"{len(folder.loose_tiffs)} TIFF(s) lie loose in the raw folder {folder.path!r}, with "
            f"no sample folders: {shortened(folder.loose_tiffs)}. Make a folder for each sample "
            f"and move its files into it{example}."
        )
    if folder.others:
        return (
            f"The raw folder {folder.path!r} holds no sample folders and no TIFF, only "
            f"{shortened(folder.others)}."
        )
    return f"The raw folder {folder.path!r} is empty. Put one folder for each sample into it."


def _no_tiffs(folder):
    listings = folder.samples.items()
    reasons = "; ".join(
        f"{name}/ {why_no_tiff(listing)}" for name, listing in list(listings)[:SHOWN]
    )
    more = f"; and {len(listings) - SHOWN} more" if len(listings) > SHOWN else ""
    loose = ""
    if folder.loose_tiffs:
        loose = (
            f" {len(folder.loose_tiffs)} TIFF(s) lie loose beside the folders: "
            f"{shortened(folder.loose_tiffs)}; move each into its sample's folder."
        )
    return (
        f"None of the {len(listings)} sample folder(s) in the raw folder {folder.path!r} holds a "
        f"TIFF (.tif or .tiff): {reasons}{more}.{loose}"
    )
