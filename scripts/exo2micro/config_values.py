"""What the values of the configuration's keys may be, and how they are read.

Each function gives the checked value; a ValueError says what is expected.
"""

import difflib
import os
from collections.abc import Mapping

from .raw_names import name_fault
from .selection import ALL

FIGURE_FORMATS = ("png", "pdf", "svg")
NOTHING = ("", "none", "null", "~")


def is_nothing(value):
    """Say whether a value stands for none."""
    return value is None or (isinstance(value, str) and value.strip().lower() in NOTHING)


def accept_folder(value):
    """Check the path of a folder."""
    if not isinstance(value, str | os.PathLike) or is_nothing(value):
        raise ValueError("expected the path of a folder")
    return _path(value)


def _path(value):
    path = os.fspath(value)
    for character in "{}\n":
        if character in path:
            raise ValueError(f"a path with {character!r} in it cannot be used by Snakemake")
    return os.path.normpath(os.path.expanduser(path.strip()))


def accept_optional_file(value):
    """Check the path of a file, or none."""
    if is_nothing(value):
        return None
    if not isinstance(value, str | os.PathLike):
        raise ValueError("expected the path of a file, or null")
    return _path(value)


def accept_names(value):
    """Check a list of names; a single name is a list of one."""
    names = value if isinstance(value, list | tuple) else [value]
    if is_nothing(value) or not names:
        raise ValueError("it names nothing; expected all, or a list of names")
    wrong = [name for name in names if not isinstance(name, str | int) or isinstance(name, bool)]
    if wrong:
        raise ValueError(
            f"{wrong[0]!r} was not read as a name ({type(wrong[0]).__name__}); put it in quotes"
        )
    # A sample called 12 needs no quotes.
    names = [str(name) for name in names]
    if [name.lower() for name in names] == [ALL]:
        return ALL
    faults = [f"the name {name!r} {name_fault(name)}" for name in names if name_fault(name)]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    faults += [f"{name!r} is listed more than once" for name in twice]
    if faults:
        raise ValueError("; ".join(faults))
    return names


def accept_pairs(value):
    """Check a list of ``sample/dye``; gives (sample, dye) each."""
    texts = _listed(value)
    if texts == ALL:
        return ALL
    pairs = [tuple(str(text).split("/")) for text in texts]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("expected all, or a list of sample/dye, as in [CD070/DAPI, ER22/DAPI]")
    faults = [
        f"the name {name!r} {name_fault(name)}"
        for pair in pairs
        for name in pair
        if name_fault(name)
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return list(dict.fromkeys(pairs))


def _listed(value):
    """Give a list of one or several values, or 'all'."""
    values = value if isinstance(value, list | tuple) else [value]
    if is_nothing(value) or not values:
        raise ValueError("it names nothing; expected all, or a list")
    return ALL if [str(entry).lower() for entry in values] == [ALL] else values


def accept_boolean(value):
    """Check true or false, also as a word."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError("expected true or false")


def accept_channel(value):
    """Check ``auto``, a number, or a mapping of dyes to those; 'auto' becomes None."""
    if isinstance(value, Mapping):
        return {str(dye): _one_channel(number) for dye, number in value.items()}
    return _one_channel(value)


def _one_channel(value):
    text = str(value).strip().lower()
    if text == "auto":
        return None
    if isinstance(value, bool) or not text.isdecimal():
        raise ValueError(
            "expected auto, a channel's number (0 is the first: red in RGB), or such a value for "
            "each dye, as in {DAPI: 2}"
        )
    return int(text)


def accept_one_of(*words):
    """Check one of some words."""

    def accept(value):
        word = str(value).strip().lower()
        if word not in words:
            close = difflib.get_close_matches(word, words, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"expected {', '.join(words[:-1])} or {words[-1]}{hint}")
        return word

    return accept


def accept_stages(value):
    """Check ``all`` or a list of the stages 1 to 3; gives a tuple of numbers."""
    if str(value).strip().lower() == "all":
        return (1, 2, 3)
    listed = value if isinstance(value, list | tuple) else [value]
    numbers = [str(stage).strip() for stage in listed]
    if any(number not in ("1", "2", "3") for number in numbers):
        raise ValueError("expected all, or a list out of 1, 2 and 3, as in [1]; [] keeps none")
    return tuple(sorted({int(number) for number in numbers}))


def accept_figure_formats(value):
    """Check one or several of the figures' formats; PNG always is among them."""
    listed = value if isinstance(value, list | tuple) else [value]
    named = [str(name).strip().lower() for name in listed]
    if any(name not in FIGURE_FORMATS for name in named):
        raise ValueError(f"expected some of {', '.join(FIGURE_FORMATS)}, as in [png, pdf]")
    return tuple(name for name in FIGURE_FORMATS if name in {"png", *named})


def accept_mapping(what):
    """Check a mapping; none is an empty one."""

    def accept(value):
        if is_nothing(value):
            return {}
        if not isinstance(value, Mapping):
            raise ValueError(f"expected {what}")
        return dict(value)

    return accept


def accept_optional_mapping(value):
    """Check a mapping, or none."""
    return None if is_nothing(value) else accept_mapping("a mapping, or null")(value)


def accept_limits(unit, *words):
    """Check a limit of each job: a number, a word, null, or those by pair, rule or stage."""

    def accept(value):
        if isinstance(value, Mapping):
            return {_job_name(key): _one_limit(entry) for key, entry in value.items()}
        return _one_limit(value)

    def _one_limit(value):
        if is_nothing(value):
            return None
        if str(value).strip().lower() in words:
            return str(value).strip().lower()
        number = None if isinstance(value, bool) else _number(value)
        if number is None or not 0 < number < 1e9:
            expected = ", ".join([f"a number of {unit} above 0", *words, "null for no limit"])
            raise ValueError(
                f"expected {expected}; or such a value by stage, rule or pair, as in {{2: 600}}"
            )
        return number

    return accept


def accept_stage(value):
    """Check the number of a stage, or none."""
    if is_nothing(value):
        return None
    if isinstance(value, bool) or str(value).strip() not in ("1", "2", "3", "4"):
        raise ValueError(
            "expected a stage: 1 padding, 2 boundary alignment, 3 interior alignment, 4 scale and "
            "difference; or null"
        )
    return int(value)


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _job_name(key):
    """Check what a limit is for: a stage, a rule's name, or sample/dye."""
    text = str(key).strip()
    if text in ("1", "2", "3", "4") or text.isidentifier():
        return text
    parts = text.split("/")
    if len(parts) == 2 and not any(name_fault(part) for part in parts):
        return text
    raise ValueError(f"{key!r} is neither a stage (1 to 4), a rule's name, nor sample/dye")
