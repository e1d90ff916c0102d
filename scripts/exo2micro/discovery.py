"""From the names in the raw folder to pairs of photographs.

Everything here is decided by names; the folder is listed by `storage.rawfolder`, and no image is
opened.
"""

import os
from collections import defaultdict
from dataclasses import dataclass

from .errors import ConfigError, LayoutError
from .inventory import Inventory, Pair
from .raw_layout import layout_fault, layout_warnings, why_no_tiff
from .raw_names import STAINS, judge_raw_name, name_fault
from .selection import select_pairs
from .storage.rawfolder import SampleFolder, list_raw_folder


@dataclass(frozen=True)
class RawFiles:
    """The files of one sample, classified.

    Attributes
    ----------
    dyes : dict of str to dict of str to list of str
        ``{dye: {"pre": [file names], "post": [file names]}}``, sorted by dye.
    warnings : list of str
        One for each file whose name does not tell what it is, saying what to rename it to.
    """

    dyes: dict
    warnings: list


@dataclass(frozen=True)
class LayoutDiagnosis:
    """What `diagnose_raw_layout` found; printed, it is a report.

    Attributes
    ----------
    fault : str
        What is fatally wrong with the layout, and the expected one; empty where nothing is.
    warnings : list of str
        What is wrong with single files and folders.
    inventory : Inventory
        Pairs, and what is missing to others.
    """

    fault: str
    warnings: list
    inventory: Inventory

    @property
    def ok(self):
        """Whether there is nothing to complain about."""
        return not (self.fault or self.warnings or self.inventory.faults)

    def __str__(self):
        """Write the report."""
        if self.fault:
            return self.fault
        found = self.inventory
        lines = [f"{found.source}/: {len(found.pairs)} complete pair(s)"]
        lines += [f"  {sample} / {dye}" for sample, dye in found.pairs]
        if found.faults:
            lines += [f"{len(found.faults)} pair(s) that cannot be used:"]
            lines += [f"  {sample} / {dye}: {why}" for (sample, dye), why in found.faults.items()]
        if self.warnings:
            lines += ["Warnings:", *(f"  {warning}" for warning in self.warnings)]
        return "\n".join(lines)


def classify_raw_files(names, sample=""):
    """Sort one sample's file names by dye and stain.

    Parameters
    ----------
    names : iterable of str
        TIFF file names, without folder.
    sample : str
        The sample's name, which is set aside before markers are looked for.

    Returns
    -------
    RawFiles
    """
    dyes, warnings = {}, []
    for name in sorted(names):
        judged = judge_raw_name(name, sample)
        if judged.fault:
            where = f"{sample}/{name}" if sample else name
            warnings.append(f"{judged.fault}: {where}: {judged.advice}.")
        else:
            stains = dyes.setdefault(judged.dye, {stain: [] for stain in STAINS})
            stains[judged.stain].append(name)
    return RawFiles(dict(sorted(dyes.items())), warnings)


def take_inventory(raw_dir, planned=(), leave_out=()):
    """Find the pairs in the raw folder.

    Parameters
    ----------
    raw_dir : path
        The raw folder.
    planned : iterable of path
        Raw files ``{raw_dir}/{sample}/{name}`` that count as there although they may not be made
        yet.
    leave_out : iterable of path
        Folders that are no samples.

    Returns
    -------
    Inventory

    Raises
    ------
    LayoutError
        If the folder is missing, no folder, empty, or not laid out as one folder a sample.
    """
    folder = _with_planned(list_raw_folder(raw_dir, leave_out), planned)
    fault = layout_fault(folder)
    if fault:
        raise LayoutError(fault)
    return _inventory(folder)


def diagnose_raw_layout(raw_dir):
    """Say how the raw folder is laid out, and what is wrong with it; raises nothing.

    Parameters
    ----------
    raw_dir : path
        The raw folder.

    Returns
    -------
    LayoutDiagnosis
        Its text is a report; ``.fault`` is the fatal fault, if any.
    """
    folder = list_raw_folder(raw_dir)
    fault = layout_fault(folder)
    if fault:
        return LayoutDiagnosis(fault, layout_warnings(folder), Inventory(folder.path))
    found = _inventory(folder)
    return LayoutDiagnosis("", [w for group in found.warnings.values() for w in group], found)


def discover_tasks(raw_dir, samples="all", dyes="all", strict_dyes=True):
    """Find the requested pairs.

    Parameters
    ----------
    raw_dir : path
        The raw folder.
    samples, dyes : 'all' or list of str
        What is requested; 'all' is whatever is found.
    strict_dyes : bool
        Whether a requested pair that is not there is an error, or is left out.

    Returns
    -------
    list of Pair

    Raises
    ------
    LayoutError
        See `take_inventory`.
    MissingPairsError
        If requested pairs are missing (strict), or there is no pair at all.
    """
    return select_pairs(take_inventory(raw_dir), samples, dyes, strict_dyes).pairs


def _inventory(folder):
    """Classify all samples' files."""
    found = Inventory(folder.path)
    warnings = layout_warnings(folder)
    if warnings:
        found.warnings[""] = warnings
    for sample, listing in folder.samples.items():
        _add_sample(found, folder.path, sample, listing)
    return found


def _add_sample(found, raw_dir, sample, listing):
    """Add one sample's pairs, and what is wrong with its files, to the inventory."""
    if not listing.tiffs:
        found.sample_faults[sample] = f"its folder {why_no_tiff(listing)}"
        return
    files = classify_raw_files(listing.tiffs, sample)
    warnings = files.warnings + [
        f"BROKEN LINK: {sample}/{name}: the file it points to is gone; mend or delete the link."
        for name in listing.broken_links
    ]
    if warnings:
        found.warnings[sample] = warnings
    found.dyes[sample] = list(files.dyes)
    unusable = name_fault(sample)
    for dye, stains in files.dyes.items():
        if unusable:
            fault = f"the sample folder's name {sample!r} {unusable}; rename the folder"
        else:
            fault = _pair_fault(dye, stains, files.dyes)
        if fault:
            found.faults[sample, dye] = fault
        else:
            folder = sample if raw_dir == os.curdir else f"{raw_dir}/{sample}"
            pre, post = (f"{folder}/{stains[stain][0]}" for stain in STAINS)
            found.pairs[sample, dye] = Pair(sample, dye, pre, post)


def _pair_fault(dye, stains, dyes):
    """Say what one dye of a sample lacks, or has too much of."""
    faults = []
    for stain in STAINS:
        if len(stains[stain]) > 1:
            faults.append(
                f"{len(stains[stain])} {stain} files, expected one: {', '.join(stains[stain])}"
            )
        elif not stains[stain]:
            other = [d for d in dyes if d != dye and d.lower() == dye.lower() and dyes[d][stain]]
            hint = (
                f"; {dyes[other[0]][stain][0]} is one for {other[0]!r} (dyes are case-sensitive)"
                if other
                else ""
            )
            there = [name for names in stains.values() for name in names]
            faults.append(f"no {stain} file (there is {', '.join(there)}){hint}")
    return "; ".join(faults)


def _with_planned(folder, planned):
    """Add files that the workflow itself will make to what is on disk."""
    planned_names = defaultdict(set)
    for path in planned:
        parts = os.path.relpath(path, folder.path).split(os.sep)
        if len(parts) != 2 or os.pardir in parts:
            raise ConfigError(f"{path} is planned, but does not lie at {folder.path}/<sample>/.")
        planned_names[parts[0]].add(parts[1])
    if not planned_names:
        return folder
    samples = dict(folder.samples)
    for sample, names in planned_names.items():
        listing = samples.get(sample, SampleFolder())
        samples[sample] = listing._replace(tiffs=tuple(sorted(names.union(listing.tiffs))))
    return folder._replace(state="listed", samples=dict(sorted(samples.items())))
