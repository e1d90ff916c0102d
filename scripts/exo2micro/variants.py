"""Variants: what a list of values for one or more parameters asks for."""

import itertools
from dataclasses import dataclass

from .errors import ParameterError
from .parameters import BY_NAME, contradictions, find_parameter, resolve, suffix


@dataclass(frozen=True)
class Variant:
    """One set of parameter values.

    Attributes
    ----------
    values : dict
        All parameters.
    suffix : str
        The full suffix, empty for the defaults; the variant's name in the summary.
    """

    values: dict
    suffix: str


def check_params(params):
    """Check values and lists of values.

    Parameters
    ----------
    params : dict
        One value, or a list of values, by parameter name.

    Returns
    -------
    choices : dict of str to tuple
        Checked values by name.
    faults : list of str
        All that is wrong.
    """
    choices, faults = {}, []
    for name, given in params.items():
        given = given.tolist() if hasattr(given, "tolist") else given
        listed = list(given) if isinstance(given, list | tuple | range) else [given]
        if not listed:
            faults.append(f"{name}: an empty list makes no variant; leave it out for the default.")
        accepted = []
        for value in listed:
            try:
                accepted.append(find_parameter(name).accept(value))
            except ParameterError as fault:
                faults.append(str(fault))
        choices[name] = tuple(dict.fromkeys(accepted))
    if any(name not in BY_NAME for name in params):
        faults.append(f"Valid parameters: {', '.join(BY_NAME)}.")
    return choices, list(dict.fromkeys(faults))


def make_variants(choices, overrides=None):
    """Combine every value with every other (cartesian product).

    Parameters
    ----------
    choices : dict of str to tuple
        Checked values by parameter (`check_params`).
    overrides : dict, optional
        Checked values that take the place of the choices for the same parameters.

    Returns
    -------
    tuple of Variant
        In the order of the lists, the last list changing fastest.

    Raises
    ------
    ParameterError
        If values of a variant contradict each other.
    """
    choices = {**choices, **{name: (value,) for name, value in (overrides or {}).items()}}
    variants, faults = [], []
    for combination in itertools.product(*choices.values()):
        chosen = dict(zip(choices, combination, strict=True))
        values = {**resolve(), **chosen}
        faults += contradictions(values)
        variants.append(Variant(values, suffix(values, 4)))
    if faults:
        raise ParameterError("\n".join(dict.fromkeys(faults)))
    return tuple(variants)
