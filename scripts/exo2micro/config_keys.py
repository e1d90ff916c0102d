"""The keys of the configuration: names, defaults, and what each may say.

Values come from a YAML file, from a notebook, or from Snakemake's ``--config``, which gives most of
them as text (``strict_dyes=false`` arrives as the word 'false').
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .parameters import BY_NAME, nearest
from .raw_names import name_fault
from .selection import ALL

NOTHING = ("", "none", "null", "~")


@dataclass(frozen=True)
class ConfigKey:
    """One key of the configuration.

    Attributes
    ----------
    name : str
        Name.
    default : object
        Value where it is not given.
    accept : callable
        Gives the checked value; a ValueError says what is expected.
    schema : dict
        The same in the terms of JSON Schema.
    help : str
        What it is for.
    """

    name: str
    default: object
    accept: Callable
    schema: dict
    help: str


def check_keys(config):
    """Check a configuration key by key.

    Parameters
    ----------
    config : mapping
        As read from YAML.

    Returns
    -------
    values : dict
        Checked values of all keys; a faulty one is at its default.
    faults : list of str
        What is wrong, with unknown keys and the nearest known one.
    """
    values, faults = {}, []
    for key in CONFIG_KEYS:
        values[key.name] = key.default
        if key.name in config:
            try:
                values[key.name] = key.accept(config[key.name])
            except ValueError as fault:
                faults.append(f"{key.name}: {config[key.name]!r} cannot be used; {fault}.")
    known = [key.name for key in CONFIG_KEYS]
    unknown = [name for name in config if name not in known]
    faults += [_unknown_key(name, config[name], known) for name in unknown]
    if unknown:
        faults.append(f"Valid keys: {', '.join(known)}.")
    return values, faults


def _unknown_key(name, value, known):
    """Say what was probably meant by a key that does not exist."""
    if name in BY_NAME:
        return (
            f"{name} is a parameter and belongs under params: write\n"
            f"    params:\n      {name}: {value}"
        )
    close = difflib.get_close_matches(str(name).lower(), known, n=1)
    if close:
        return f"Unknown key {name!r}; did you mean {close[0]!r}?"
    parameter = nearest(name)
    if parameter != ".":
        return f"Unknown key {name!r}, which is no parameter either{parameter}"
    return f"Unknown key {name!r}."


def is_nothing(value):
    """Say whether a value stands for none."""
    return value is None or (isinstance(value, str) and value.strip().lower() in NOTHING)


def _folder(value):
    if not isinstance(value, str | os.PathLike) or is_nothing(value):
        raise ValueError("expected the path of a folder")
    return _path(value)


def _path(value):
    path = os.fspath(value)
    for character in "{}\n":
        if character in path:
            raise ValueError(f"a path with {character!r} in it cannot be used by Snakemake")
    return os.path.normpath(os.path.expanduser(path.strip()))


def _optional_file(value):
    if is_nothing(value):
        return None
    if not isinstance(value, str | os.PathLike):
        raise ValueError("expected the path of a file, or null")
    return _path(value)


def _names(value):
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


def _boolean(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError("expected true or false")


def _channel(value):
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


def _one_of(*words):
    def accept(value):
        word = str(value).strip().lower()
        if word not in words:
            close = difflib.get_close_matches(word, words, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"expected {', '.join(words[:-1])} or {words[-1]}{hint}")
        return word

    return accept


def _mapping(what):
    def accept(value):
        if is_nothing(value):
            return {}
        if not isinstance(value, Mapping):
            raise ValueError(f"expected {what}")
        return dict(value)

    return accept


def _optional_mapping(value):
    return None if is_nothing(value) else _mapping("a mapping, or null")(value)


_TEXT = {"type": "string", "minLength": 1}
_NAMES = {
    "anyOf": [
        {"type": ["string", "integer"]},
        {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1},
    ]
}
_BOOLEAN = {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]}
_NUMBERED = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": "^(auto|[0-9]+)$"},
    ]
}
_CHANNEL = {"anyOf": [*_NUMBERED["anyOf"], {"type": "object", "additionalProperties": _NUMBERED}]}

CONFIG_KEYS = (
    ConfigKey(
        "raw_dir", "raw", _folder, _TEXT, "folder of the photographs, one folder in it a sample"
    ),
    ConfigKey("output_dir", "processed", _folder, _TEXT, "folder of the results"),
    ConfigKey(
        "samples", ALL, _names, _NAMES, "`all` that are found, or a list; names are case-sensitive"
    ),
    ConfigKey(
        "dyes", ALL, _names, _NAMES, "`all` that are found, or a list; names are case-sensitive"
    ),
    ConfigKey(
        "strict_dyes",
        True,
        _boolean,
        _BOOLEAN,
        "`true`: a requested pair that is not there stops the run before any job; "
        "`false`: it is skipped and listed",
    ),
    ConfigKey(
        "sample_sheet",
        None,
        _optional_file,
        {"type": ["string", "null"]},
        "table that names each pair's files, in place of `raw_dir` and its rules for names",
    ),
    ConfigKey(
        "channel",
        None,
        _channel,
        _CHANNEL,
        "`auto` takes the channels that carry signal; or a channel's number (0 is the first, red "
        "in RGB), for all dyes or for each, as in `{DAPI: 2}`",
    ),
    ConfigKey(
        "checkpoint_format",
        "tiff",
        _one_of("tiff", "fits", "both"),
        {"enum": ["tiff", "fits", "both"]},
        "format of the images: `tiff`, `fits` or `both`; a change converts without aligning anew",
    ),
    ConfigKey(
        "on_failed_alignment",
        "stop",
        _one_of("stop", "keep"),
        {"enum": ["stop", "keep"]},
        "`stop`: a pair whose alignment failed gets no difference image; `keep`: it gets one all "
        "the same, and the summary says that it is not to be trusted",
    ),
    ConfigKey(
        "params",
        {},
        _mapping("a mapping of parameters to values, as in {pad: 500}"),
        {},
        "parameters that are not to be at their default; a list of values makes variants",
    ),
    ConfigKey(
        "demo",
        None,
        _optional_mapping,
        {"type": ["object", "null", "string"]},
        "makes synthetic photographs with known truth to run on (see `config/demo.yaml`)",
    ),
)
