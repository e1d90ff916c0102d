"""Values of the parameters, and the suffixes of file names that tell them.

A checkpoint's name carries each parameter of its stage or an earlier one that is not at its
default (`suffix`), so that variants lie side by side, share every file that they have in common,
and each file tells how it was made (`parse_suffix`).
"""

import re

from .errors import ParameterError
from .parameter_table import BY_NAME, PARAMETERS, Parameter, find_parameter, nearest

__all__ = [
    "BY_NAME",
    "PARAMETERS",
    "Parameter",
    "contradictions",
    "differences",
    "find_parameter",
    "header_cards",
    "nearest",
    "parse_suffix",
    "percentile_tag",
    "resolve",
    "suffix",
    "suffix_pattern",
    "suffix_shape",
]

_ORDER = {parameter.name: number for number, parameter in enumerate(PARAMETERS)}


def resolve(overrides=None):
    """Complete a variant: every parameter, the given ones checked, the others at their default.

    Parameters
    ----------
    overrides : dict, optional
        Values by name, as typed.

    Returns
    -------
    dict
        All parameters, in the registry's order.

    Raises
    ------
    ParameterError
        With every fault found: names that do not exist (with the nearest and all valid ones),
        values of the wrong type or out of range, values that contradict each other.
    """
    overrides = overrides or {}
    faults, unknown = [], [name for name in overrides if name not in BY_NAME]
    values = {parameter.name: parameter.default for parameter in PARAMETERS}
    for name in overrides:
        try:
            values[name] = find_parameter(name).accept(overrides[name])
        except ParameterError as fault:
            faults.append(str(fault))
    if unknown:
        faults.append(f"Valid parameters: {', '.join(BY_NAME)}.")
    if not faults:
        faults = contradictions(values)
    if faults:
        raise ParameterError("\n".join(faults))
    return values


def values_up_to(overrides, stage):
    """Give the parameters that a stage's result depends on.

    Parameters
    ----------
    overrides : dict
        Values that are not at their default.
    stage : int
        1 to 4.

    Returns
    -------
    dict
        All parameters of that stage and those before it.
    """
    values = resolve(overrides)
    return {p.name: values[p.name] for p in PARAMETERS if p.stage <= stage}


def contradictions(values):
    """List what does not go together in a variant's values (all of them)."""
    faults = []
    if values["scale_min"] > values["scale_max"]:
        faults.append(
            f"scale_min ({values['scale_min']:g}) is above scale_max ({values['scale_max']:g}); "
            "the magnification search runs from the one up to the other."
        )
    return faults


def differences(values, stage=4):
    """Give the parameters of a stage and those before it that are not at their default.

    Parameters
    ----------
    values : dict
        All parameters (`resolve`).
    stage : int
        1 to 4.

    Returns
    -------
    list of Parameter
        In the registry's order.
    """
    return [p for p in PARAMETERS if p.stage <= stage and values[p.name] != p.default]


def suffix(values, stage):
    """Spell a variant in the name of a stage's checkpoint, as in ``_bw20_bs15``.

    Parameters
    ----------
    values : dict
        All parameters (`resolve`).
    stage : int
        1 to 4.

    Returns
    -------
    str
        Empty where everything is at its default.
    """
    return "".join(f"_{p.abbr}{p.text(values[p.name])}" for p in differences(values, stage))


def parse_suffix(text, stage=4):
    """Read a suffix back.

    Parameters
    ----------
    text : str
        As `suffix` writes it.
    stage : int
        Parameters of later stages do not belong in it.

    Returns
    -------
    dict
        The values that are not at their default, by name; `resolve` completes them.

    Raises
    ------
    ParameterError
        If it is not what `suffix` writes: unknown abbreviation, other order, another spelling of
        a value, a default written out, a value out of range.
    """
    if not text:
        return {}
    overrides, last = {}, -1
    if not text.startswith("_"):
        raise ParameterError(f"The suffix {text!r} does not begin with an underscore.")
    for token in text[1:].split("_"):
        parameter = _token_parameter(token, text)
        value = parameter.accept(token.removeprefix(parameter.abbr))
        if value == parameter.default:
            fault = f"{token!r} is the default, which is not written"
        elif parameter.stage > stage:
            fault = f"{parameter.name} belongs to stage {parameter.stage}, later than {stage}"
        elif _ORDER[parameter.name] <= last:
            fault = f"{token!r} is not in its place; the order is that of the parameters' table"
        else:
            last = _ORDER[parameter.name]
            overrides[parameter.name] = value
            continue
        raise ParameterError(f"The suffix {text!r} is not one of ours: {fault}.")
    return overrides


def _token_parameter(token, text):
    """Give the parameter whose abbreviation and spelling fit one part of a suffix."""
    for parameter in PARAMETERS:
        rest = token.removeprefix(parameter.abbr)
        if rest != token and re.fullmatch(parameter.kind.pattern, rest):
            return parameter
    raise ParameterError(
        f"The suffix {text!r} is not one of ours: {token!r} is no abbreviation with a value "
        "(such as bw20 for boundary_width = 20)."
    )


def suffix_pattern(stage):
    """Give the regular expression of a stage's suffixes, without capturing groups.

    It takes what `suffix` writes, the empty suffix included, and no default that is written out;
    ranges are left to `parse_suffix`.

    Parameters
    ----------
    stage : int
        1 to 4.

    Returns
    -------
    str
    """
    parts = []
    for p in PARAMETERS:
        if p.stage > stage:
            continue
        end = p.kind.pattern[p.kind.pattern.rfind("(?!") :] if "(?!" in p.kind.pattern else ""
        default = "" if p.default is None else f"(?!{re.escape(p.text(p.default))}{end})"
        parts.append(f"(?:_{p.abbr}{default}{p.kind.pattern})?")
    return "".join(parts)


def suffix_shape(stage):
    """Give a short regular expression of what looks like a stage's suffix.

    Snakemake searches the whole text of a rule's file names, expressions included, for each job
    that it plans: with `suffix_pattern`, which is a hundred times as long, that is a fifth of all
    its time. What this one takes too much, `parse_suffix` refuses.

    Parameters
    ----------
    stage : int
        1 to 4.

    Returns
    -------
    str
    """
    parameters = [p for p in PARAMETERS if p.stage <= stage]
    words = {text for p in parameters for text in p.kind.spellings if not text[0].isdigit()}
    words |= {"none"} if any(p.optional for p in parameters) else set()
    names = "|".join(p.abbr for p in parameters)
    values = "|".join([r"[0-9][0-9.e+-]*", *sorted(words)])
    return f"(?:_(?:{names})(?:{values}))*"


def header_cards(values, stage):
    """Give the FITS cards of a stage's checkpoint that tell its parameters.

    Parameters
    ----------
    values : dict
        All parameters (`resolve`).
    stage : int
        1 to 4.

    Returns
    -------
    dict
        Value by abbreviation in capitals, for each parameter of the stage and those before it
        that is not at its default; none is the text ``none``.
    """
    return {
        p.abbr.upper(): "none" if values[p.name] is None else values[p.name]
        for p in differences(values, stage)
    }


def percentile_tag(value):
    """Spell a percentile in the name of its difference image: ``p99.5``."""
    return f"p{value:g}"
