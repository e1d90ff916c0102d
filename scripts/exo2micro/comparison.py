"""Comparing values of parameters: which variants of which pairs are laid side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from .checkpoints import readable, readable_companion
from .config_values import accept_pairs, is_nothing
from .parameters import differences, suffix
from .selection import ALL
from .variants import check_params, make_variants

FIGURE = "pipeline_output/comparison.png"
TABLE = "measurements/comparison.tsv"


@dataclass(frozen=True)
class Comparison:
    """What the configuration's ``compare`` asks for.

    Attributes
    ----------
    choices : dict of str to tuple
        Checked values by parameter.
    pairs : 'all' or list of (str, str)
        Pairs to compare them on.
    """

    choices: dict
    pairs: object = ALL

    def concerns(self, pair):
        """Say whether a pair's variants are to be compared."""
        return self.pairs == ALL or (pair.sample, pair.dye) in self.pairs

    def variants(self, choices, overrides):
        """Variants to lay side by side.

        Parameters
        ----------
        choices : dict of str to tuple
            Checked values of ``params``; where they are lists, the first ones are taken.
        overrides : dict
            A pair's own values.

        Returns
        -------
        tuple of Variant
        """
        base = {name: values[:1] for name, values in choices.items()}
        base |= {name: (value,) for name, value in overrides.items()}
        return make_variants({**base, **self.choices})

    def unknown_pairs(self, pairs):
        """List the pairs to compare that are not among those that will run."""
        there = {(pair.sample, pair.dye) for pair in pairs}
        return [] if self.pairs == ALL else [p for p in self.pairs if p not in there]


def accept_comparison(value):
    """Check the key ``compare``; gives a `Comparison`, or None for nothing.

    Raises
    ------
    ValueError
        With what is wrong.
    """
    if is_nothing(value):
        return None
    form = "as in {boundary_width: [10, 15, 20], pairs: [CD070/DAPI]}"
    if not isinstance(value, Mapping):
        raise ValueError(f"expected parameters with lists of values, {form}")
    given = dict(value)
    pairs = accept_pairs(given.pop("pairs", ALL))
    if not given:
        raise ValueError(f"it names no parameter; expected parameters with values, {form}")
    choices, faults = check_params(given)
    if faults:
        raise ValueError("; ".join(faults).rstrip("."))
    return Comparison(choices, pairs)


def variant_files(folder, values, checkpoint_format):
    """Paths of what is looked at of one variant.

    Parameters
    ----------
    folder : str
        Folder of the pair.
    values : dict
        All parameters of the variant.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.

    Returns
    -------
    dict of str to str
    """
    one, three, four = (suffix(values, stage) for stage in (1, 3, 4))
    difference = f"04_difference_difference{four}"
    return {
        "padding": readable_companion(folder, "01_padding", one, checkpoint_format),
        "interior": f"{folder}/transforms/03_interior{three}.json",
        "joint": readable_companion(folder, "04_joint", three, checkpoint_format),
        "scale": f"{folder}/measurements/04_scale{four}.json",
        "candidates": f"{folder}/measurements/04_candidates{four}.json",
        "difference": readable(folder, difference, checkpoint_format),
    }


def tell_variants(variants):
    """Describe variants by the values in which they differ.

    Parameters
    ----------
    variants : sequence of Variant
        At least one.

    Returns
    -------
    list of str
        Such as ``boundary_width = 20``.
    """
    names = {p.name for v in variants for p in differences(v.values)}
    differing = [
        name
        for name in variants[0].values
        if name in names and len({variant.values[name] for variant in variants}) > 1
    ]
    return [
        ", ".join(f"{name} = {_typed(variant.values[name])}" for name in differing) or "as set"
        for variant in variants
    ]


def _typed(value):
    """A value as one types it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
