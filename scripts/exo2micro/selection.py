"""Which of the pairs that were found are asked for, and what to say of those that are missing."""

import difflib
from dataclasses import dataclass, field

from .errors import MissingPairsError
from .raw_names import dye_fault, name_fault

ALL = "all"
MOST_GUESSES = 100  # missing pairs for which the nearest existing name is looked for


@dataclass(frozen=True)
class Selection:
    """The requested pairs.

    Attributes
    ----------
    pairs : list of Pair
        Those that are there.
    skipped : list of (str, str, str)
        Sample, dye and reason of those that are not (lenient mode). The dye is 'all' where
        nothing at all is known of the sample.
    warnings : list of str
        What is odd about the files of the samples in question.
    """

    pairs: list
    skipped: list = field(default_factory=list)
    warnings: list = field(default_factory=list)


def select_pairs(found, samples=ALL, dyes=ALL, strict_dyes=True, chosen=ALL):
    """Take the requested pairs from what was found.

    Parameters
    ----------
    found : Inventory
        What was found.
    samples, dyes : 'all' or list of str
        What is requested: each of the samples with each of the dyes. 'all' is whatever is found;
        where both are, a pair of which only a part is found counts as requested.
    strict_dyes : bool
        Whether a missing pair is an error, or is skipped.
    chosen : 'all' or list of (str, str)
        Sample and dye of single pairs, in place of `samples` and `dyes`.

    Returns
    -------
    Selection

    Raises
    ------
    MissingPairsError
        One message with every missing pair, why, and the ways out. Also, whatever `strict_dyes`,
        when there is nothing to choose from.
    """
    pairs, missing = [], []
    wanted = requested_pairs(found, samples, dyes) if chosen == ALL else chosen
    for sample, dye in wanted:
        if (sample, dye) in found.pairs:
            pairs.append(found.pairs[sample, dye])
        else:
            missing.append((sample, dye))
    # Looking for the nearest name takes time, and a long list has one cause, not many.
    guess = len(missing) <= MOST_GUESSES
    missing = [(*key, why_missing(found, *key, guess=guess)) for key in missing]
    warnings = _warnings_about(found, {sample for sample, _ in wanted}, samples == chosen == ALL)
    if (missing and strict_dyes) or not wanted:
        raise MissingPairsError(_missing_message(found, missing, len(wanted), warnings))
    return Selection(pairs, missing, warnings)


def requested_pairs(found, samples, dyes):
    """List sample and dye of each requested pair, in the order of the request.

    Where a sample is asked for by name, all its dyes are wanted, and none is found, the dye is
    'all'.
    """
    wanted = []
    for sample in found.dyes if samples == ALL else samples:
        if dyes != ALL:
            wanted += [(sample, dye) for dye in dyes]
        elif found.dyes.get(sample):
            wanted += [(sample, dye) for dye in found.dyes[sample]]
        elif samples != ALL:
            wanted.append((sample, ALL))
    return wanted


def why_missing(found, sample, dye, guess=True):
    """Say why there is no such pair.

    Parameters
    ----------
    found : Inventory
        What was found.
    sample, dye : str
        Names.
    guess : bool
        Whether to look for the nearest name that exists.

    Returns
    -------
    str
        With what there is instead.
    """
    if (sample, dye) in found.faults:
        return found.faults[sample, dye]
    if sample in found.sample_faults:
        return found.sample_faults[sample]
    if sample not in found.dyes:
        return _no_such_sample(found, sample, guess)
    there = found.dyes[sample]
    if not there:
        return "no file of this sample has a usable name"
    because = f" ({_why_no_dye(dye)})" if dye_fault(dye) else ""
    listed = ", ".join(there)
    return f"no such dye{because}{_nearest(dye, there, guess)}; dyes of this sample: {listed}"


def _why_no_dye(dye):
    """Say why no file can ever be of this dye."""
    if "_" not in dye:
        return f"{dye!r} {dye_fault(dye)}"
    return (
        f"{dye!r} {dye_fault(dye)}: the dye is what follows the last underscore of a file's name, "
        f"so it would be found as {dye.rsplit('_', 1)[1]!r}"
    )


def _no_such_sample(found, sample, guess):
    known = [*found.dyes, *found.sample_faults]
    fault = name_fault(sample)
    if fault:
        return f"no such sample (the name {fault})"
    number = (
        "; a number with leading zeros must stand in quotes in the config"
        if sample.isdigit()
        else ""
    )
    what = (
        f"sample in {found.source}" if found.is_sheet else f"sample folder {found.source}/{sample}"
    )
    return f"no such {what}{_nearest(sample, known, guess)}{number}"


def _nearest(name, known, guess):
    """Complete 'no such x' by the nearest that exists."""
    if not guess:
        return ""
    cases = [other for other in known if other.lower() == name.lower()]
    if cases:
        return f", but there is {cases[0]!r} (names are case-sensitive)"
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def _warnings_about(found, samples, everything):
    """Collect the warnings of the requested samples, and of all where all are requested."""
    return [
        warning
        for sample, warnings in found.warnings.items()
        if everything or not sample or sample in samples
        for warning in warnings
    ]


def _missing_message(found, missing, n_wanted, warnings):
    """Write the one message that lists every missing pair."""
    if missing:
        lines = [
            f"{len(missing)} of {n_wanted} requested pair(s) cannot be had from {found.source}:",
            *(f"  {sample} / {dye}: {why}" for sample, dye, why in missing),
        ]
    else:
        lines = [f"No pair of a pre and a post photograph was found in {found.source}."]
    if warnings:
        lines += ["Also found there:", *(f"  {warning}" for warning in warnings)]
    samples = list(found.dyes)
    dyes = sorted({dye for there in found.dyes.values() for dye in there})
    lines += ["Ways out:", *_ways_out(found.is_sheet)]
    if samples:
        lines.append(f"Samples found: {_some(samples)}. Dyes found: {_some(dyes) or 'none'}.")
    return "\n".join(lines)


def _ways_out(is_sheet):
    if is_sheet:
        first = "  - correct the sample sheet, or put the files where it says"
    else:
        first = (
            "  - correct the file names: <sample>/<...pre or post...>_<Dye>.tif, "
            "one pre and one post file for each dye"
        )
    ways = [
        first,
        "  - ask for other samples or dyes (samples: and dyes: in the config)",
        "  - strict_dyes: false runs the pairs that are there and skips the others",
    ]
    if not is_sheet:
        ways.append(
            "  - sample_sheet: a table that names each pair's files, however they are called"
        )
    return ways


def _some(names, most=30):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
