"""What a raw file's name tells: the stain, the dye, or what is wrong with it."""

import re
from typing import NamedTuple

STAINS = ("pre", "post")
LONGEST_NAME = 255  # bytes, on the file systems of Linux and macOS
UNUSABLE = "{}"  # Snakemake takes what stands between them for a wildcard
# A word that is a marker by itself: pre, Post2, PreStain, poststained.
_MARKER_WORD = re.compile(r"(pre|post)(?:stain(?:ed|ing)?)?")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z\u00c0-\uffff]+|[A-Z]+|[0-9]+")
# .ome.tif is the suffix of OME-TIFFs, not a part of the dye.
_SUFFIX = re.compile(r"(\.ome)?\.tiff?$", re.IGNORECASE)


class RawName(NamedTuple):
    """One file name, judged.

    Attributes
    ----------
    file : str
        The name.
    stain : {'pre', 'post', ''}
        Which photograph it is.
    dye : str
        What follows the last underscore.
    fault : str
        'AMBIGUOUS', 'NO STAIN MARKER', 'NO UNDERSCORE', 'EMPTY DYE', 'UNUSABLE DYE',
        'UNUSABLE NAME', or empty.
    advice : str
        What is wrong, and what to rename it to.
    """

    file: str
    stain: str = ""
    dye: str = ""
    fault: str = ""
    advice: str = ""


def judge_raw_name(file, sample=""):
    """Read stain and dye from a raw file's name.

    The dye follows the last underscore. The stain is looked for before it: first among the
    name's own words (parted by anything but letters, by digits and by capitals), the sample's
    name set aside; where no word is a marker, anywhere in the rest; at last among the words of
    the sample's name.

    Parameters
    ----------
    file : str
        File name with its suffix, without folder.
    sample : str
        Name of the sample, that is of the folder.

    Returns
    -------
    RawName
    """
    stem = _SUFFIX.sub("", file)
    ending = file[len(stem) :]
    sample = sample or "<sample>"
    if set(file) & set(UNUSABLE):
        advice = f"Snakemake cannot use a file with {' or '.join(UNUSABLE)} in its name; rename it"
        return RawName(file, fault="UNUSABLE NAME", advice=advice)
    if "_" not in stem:
        return RawName(file, fault="NO UNDERSCORE", advice=_no_underscore(stem, ending, sample))
    head, dye = stem.rsplit("_", 1)
    dye = dye.strip()
    if not dye:
        advice = (
            f"nothing follows the last underscore; the dye belongs there: "
            f"rename it to '{head}_<Dye>{ending}'"
        )
        return RawName(file, fault="EMPTY DYE", advice=advice)
    fault = name_fault(dye)
    if fault:
        return RawName(file, dye=dye, fault="UNUSABLE DYE", advice=f"the dye '{dye}' {fault}")
    stains = find_stains(head, sample)
    if len(stains) == 1:
        return RawName(file, stains[0], dye)
    if stains:
        advice = (
            "it holds both 'pre' and 'post' before the dye; rename it so that one is left, as in "
            f"'{sample}_pre_{dye}{ending}' or '{sample}_post_{dye}{ending}'"
        )
        return RawName(file, dye=dye, fault="AMBIGUOUS", advice=advice)
    advice = _no_marker(head, dye, ending)
    return RawName(file, dye=dye, fault="NO STAIN MARKER", advice=advice)


def find_stains(head, sample=""):
    """List the stain markers in the part of a name that is before the dye's underscore."""
    rest = _without_sample(head, sample)
    for stains in (_marker_words(rest), _marker_letters(rest)):
        if stains:
            return stains
    return _marker_words(head)


def name_fault(name):
    """Say why a sample or dye cannot be called so (it names folders); empty where it can."""
    if not name or not name.strip():
        return "is empty"
    if name != name.strip():
        return "begins or ends with a blank"
    if not name.isprintable():
        return "holds a line break or another character that cannot be printed"
    for character in "/\\{}":
        if character in name:
            return f"holds '{character}', which cannot be part of an output folder's name"
    if name[0] in ".-":
        return f"begins with '{name[0]}', which cannot begin an output folder's name"
    length = len(name.encode(errors="replace"))
    if length > LONGEST_NAME:
        return f"is {length} bytes long; an output folder's name may have {LONGEST_NAME}"
    return ""


def dye_fault(name):
    """Say why a dye cannot be called so; empty where it can."""
    if "_" in name:
        return "holds an underscore, which a dye cannot have"
    return name_fault(name)


def _without_sample(head, sample):
    """Cut the sample's name out where it stands as a word of its own, at the beginning first."""
    place = head.lower().find(sample.lower()) if sample else -1
    while place >= 0:
        before, after = head[:place], head[place + len(sample) :]
        if not _joined(before, sample) and not _joined(sample, after):
            return f"{before} {after}"
        place = head.lower().find(sample.lower(), place + 1)
    return head


def _joined(left, right):
    """Say whether two texts side by side run together into one word."""
    if not left or not right or not left[-1].isalpha() or not right[0].isalpha():
        return bool(left and right and left[-1].isdigit() and right[0].isdigit())
    return not (right[0].isupper() and left[-1].islower()) and not (
        right[0].isupper() and right[1:2].islower()
    )


def _marker_words(text):
    found = {m[1] for word in _WORD.findall(text) if (m := _MARKER_WORD.fullmatch(word.lower()))}
    return [stain for stain in STAINS if stain in found]


def _marker_letters(text):
    return [stain for stain in STAINS if stain in text.lower()]


def _no_underscore(stem, ending, sample):
    parts = re.split(r"[\s.-]+(?=[^\s.-]+$)", stem)
    if len(parts) == 2 and len(_marker_letters(parts[0])) == 1:
        example = f"'{parts[0]}_{parts[1]}{ending}'"
    else:
        example = f"'{sample}_pre_<Dye>{ending}' or '{sample}_post_<Dye>{ending}'"
    return f"the dye must follow an underscore; rename it to {example}"


def _no_marker(head, dye, ending):
    """Propose a name; the marker is often put after the dye."""
    stains = _marker_words(dye)
    if len(stains) == 1 and "_" in head:
        before, real_dye = head.rsplit("_", 1)
        return (
            f"neither 'pre' nor 'post' stands before the last underscore (after it stands the "
            f"dye); rename it to '{before}_{stains[0]}_{real_dye}{ending}'"
        )
    return (
        "neither 'pre' nor 'post' stands before the dye; rename it to "
        f"'{head}_pre_{dye}{ending}' or '{head}_post_{dye}{ending}'"
    )
