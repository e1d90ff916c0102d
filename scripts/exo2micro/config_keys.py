"""The keys of the configuration: names, defaults, and what each may say.

Values come from a YAML file, from a notebook, or from Snakemake's ``--config``, which gives most of
them as text (``strict_dyes=false`` arrives as the word 'false').
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from .comparison import accept_comparison
from .config_values import (
    FIGURE_FORMATS,
    NOTHING,
    accept_boolean,
    accept_channel,
    accept_figure_formats,
    accept_folder,
    accept_limits,
    accept_mapping,
    accept_names,
    accept_one_of,
    accept_optional_file,
    accept_optional_mapping,
    accept_pairs,
    accept_stage,
    accept_stages,
)
from .parameters import BY_NAME, nearest
from .selection import ALL


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
_STAGE = {"enum": [*NOTHING, None, 1, 2, 3, 4, "1", "2", "3", "4"]}
_PAIR = {"type": "string", "pattern": r"^[^/\\{}.\s-][^/\\{}]*/[^/\\{}._\s-][^/\\{}_]*$"}
_PAIRS = {"anyOf": [{"enum": [ALL]}, _PAIR, {"type": "array", "items": _PAIR, "minItems": 1}]}


def _limit(*words):
    """Schema of a limit of each job: for all, or by stage or rule."""
    numeral = r"[0-9]+(\.[0-9]*)?"
    one = [
        {"type": "number", "exclusiveMinimum": 0},
        {"enum": [None, *NOTHING, *words]},
        {"type": "string", "pattern": f"^{numeral}$"},
    ]
    pair = r"[^/\\{}.\s-][^/\\{}]*/[^/\\{}._\s-][^/\\{}_]*"
    by_name = {f"^([1-4]|[A-Za-z_][A-Za-z0-9_]*|{pair})$": {"anyOf": one}}
    by_job = {"type": "object", "patternProperties": by_name, "additionalProperties": False}
    return {"anyOf": [*one, by_job]}


_CHANNEL = {"anyOf": [*_NUMBERED["anyOf"], {"type": "object", "additionalProperties": _NUMBERED}]}

CONFIG_KEYS = (
    ConfigKey(
        "raw_dir",
        "raw",
        accept_folder,
        _TEXT,
        "folder of the photographs, one folder in it a sample",
    ),
    ConfigKey("output_dir", "processed", accept_folder, _TEXT, "folder of the results"),
    ConfigKey(
        "samples",
        ALL,
        accept_names,
        _NAMES,
        "`all` that are found, or a list; names are case-sensitive",
    ),
    ConfigKey(
        "dyes",
        ALL,
        accept_names,
        _NAMES,
        "`all` that are found, or a list; names are case-sensitive",
    ),
    ConfigKey(
        "pairs",
        ALL,
        accept_pairs,
        _PAIRS,
        "`all` of `samples` x `dyes`, or in their place a list of single pairs: `[CD070/DAPI]`",
    ),
    ConfigKey(
        "strict_dyes",
        True,
        accept_boolean,
        _BOOLEAN,
        "`true`: a requested pair that is not there stops the run before any job; "
        "`false`: it is skipped and listed",
    ),
    ConfigKey(
        "sample_sheet",
        None,
        accept_optional_file,
        {"type": ["string", "null"]},
        "table that names each pair's files, in place of `raw_dir` and its rules for names",
    ),
    ConfigKey(
        "channel",
        None,
        accept_channel,
        _CHANNEL,
        "`auto` takes the channels that carry signal; or a channel's number (0 is the first, red "
        "in RGB), for all dyes or for each, as in `{DAPI: 2}`",
    ),
    ConfigKey(
        "checkpoint_format",
        "tiff",
        accept_one_of("tiff", "fits", "both"),
        {"enum": ["tiff", "fits", "both"]},
        "format of the images: `tiff`, `fits` or `both`; a change converts without aligning anew",
    ),
    ConfigKey(
        "keep_images",
        (1, 2, 3),
        accept_stages,
        {
            "anyOf": [
                {"enum": [ALL, 1, 2, 3]},
                {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True},
            ]
        },
        "stages whose full-resolution images are kept: `all`, or a list out of 1 (padded), 2 and 3 "
        "(aligned); those of stage 4 always are",
    ),
    ConfigKey(
        "figure_formats",
        ("png",),
        accept_figure_formats,
        {
            "anyOf": [
                {"enum": list(FIGURE_FORMATS)},
                {"type": "array", "items": {"enum": list(FIGURE_FORMATS)}, "uniqueItems": True},
            ]
        },
        "formats of the figures besides `png`, which is always written: `[png, pdf, svg]`",
    ),
    ConfigKey(
        "on_failed_alignment",
        "stop",
        accept_one_of("stop", "keep"),
        {"enum": ["stop", "keep"]},
        "`stop`: a pair whose alignment failed gets no difference image; `keep`: it gets one all "
        "the same, and the summary says that it is not to be trusted",
    ),
    ConfigKey(
        "timeout_per_task",
        None,
        accept_limits("seconds"),
        _limit(),
        "longest time that one job may take, seconds; or by stage, rule or pair, as in "
        "`{2: 600, measure_pair: 900, CD070/DAPI: 1200}`",
    ),
    ConfigKey(
        "memory_per_task",
        "auto",
        accept_limits("GB", "auto"),
        _limit("auto"),
        "most memory that one job may take, GB, before it is ended; `auto` is half as much again "
        "as its rule reserves",
    ),
    ConfigKey(
        "memory_debug",
        False,
        accept_boolean,
        _BOOLEAN,
        "`true` keeps the course of each job's memory in `logs/*.memory.tsv`",
    ),
    ConfigKey(
        "force_run",
        False,
        accept_boolean,
        _BOOLEAN,
        "`true` runs although memory or disk will not do, with a warning in place of the error",
    ),
    ConfigKey(
        "from_stage",
        None,
        accept_stage,
        _STAGE,
        "run this stage (1 to 4) and the later ones again",
    ),
    ConfigKey("to_stage", None, accept_stage, _STAGE, "stop after this stage (1 to 4)"),
    ConfigKey(
        "force",
        False,
        accept_boolean,
        _BOOLEAN,
        "`true` runs everything again, or with `from_stage` everything from there on",
    ),
    ConfigKey(
        "params",
        {},
        accept_mapping("a mapping of parameters to values, as in {pad: 500}"),
        {},
        "parameters that are not to be at their default; a list of values makes variants",
    ),
    ConfigKey(
        "compare",
        None,
        accept_comparison,
        {},
        "one or more parameters with the values to compare, and `pairs` to compare them on, as in "
        "`{boundary_width: [10, 15], pairs: [CD070/DAPI]}`; runs the variants and draws each "
        "pair's side by side",
    ),
    ConfigKey(
        "demo",
        None,
        accept_optional_mapping,
        {"type": ["object", "null", "string"]},
        "makes synthetic photographs with known truth to run on (see `config/demo.yaml`)",
    ),
)
