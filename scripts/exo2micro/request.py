"""The request: from the configuration to pairs, their variants, and the files they ask for."""

from dataclasses import dataclass, field
from pathlib import Path

from .comparison import FIGURE, TABLE, Comparison
from .config_keys import check_keys
from .discovery import take_inventory
from .errors import ConfigError, MissingPairsError, ParameterError
from .inventory import Inventory, Pair
from .run_control import CONTROL_KEYS, RunControl
from .sample_sheet import read_sample_sheet
from .selection import select_pairs, why_missing
from .targets import one_of_each_job, pair_folder, variant_targets
from .variants import Variant, check_params, make_variants


@dataclass(frozen=True)
class RequestedPair(Pair):
    """A pair and the variants in which it is wanted.

    Attributes
    ----------
    variants : tuple of Variant
        At least one.
    compared : tuple of Variant
        Those to lay side by side; empty where nothing is to be compared.
    """

    variants: tuple = ()
    compared: tuple = ()


@dataclass(frozen=True)
class Request:
    """What a configuration asks for.

    Attributes
    ----------
    raw_dir, output_dir : str
        Folders.
    checkpoint_format : {'tiff', 'fits', 'both'}
        Format of the images.
    keep_images : tuple of int
        Stages before the last whose full-resolution images are kept.
    figure_formats : tuple of str
        Formats of the figures; 'png' is one of them.
    on_failed_alignment : {'stop', 'keep'}
        What to do with a pair whose alignment failed.
    strict_dyes : bool
        Whether missing pairs stop the run.
    sample_sheet : str or None
        The table that names the files.
    channels : int, None, or dict of str to int or None
        The signal channel, of all dyes or of each; None is found by itself.
    demo : dict or None
        What synthetic photographs to make.
    compare : Comparison or None
        Values of parameters to lay side by side.
    control : RunControl
        How to run.
    variants : tuple of Variant
        What ``params`` asks of every pair that has no values of its own.
    pairs : list of RequestedPair
        Requested pairs that are there.
    skipped : list of (str, str, str)
        Sample, dye and reason of those that are not.
    warnings : list of str
        What is odd, but stops nobody.
    inventory : Inventory
        All that was found, requested or not.
    """

    raw_dir: str
    output_dir: str
    checkpoint_format: str
    keep_images: tuple
    figure_formats: tuple
    on_failed_alignment: str
    strict_dyes: bool
    sample_sheet: str | None
    channels: object
    demo: dict | None
    compare: Comparison | None
    control: RunControl
    variants: tuple
    pairs: list
    skipped: list
    warnings: list
    inventory: Inventory
    _targets: dict = field(default_factory=dict, repr=False)

    def channel(self, dye):
        """Give the number of the dye's channel (from 0), or None where it is found by itself."""
        if isinstance(self.channels, dict):
            return self.channels.get(dye)
        return self.channels

    def find_pair(self, sample, dye):
        """Give a pair that was found, whether it is requested or not.

        Returns
        -------
        Pair

        Raises
        ------
        MissingPairsError
            With the reason why there is none.
        """
        if (sample, dye) in self.inventory.pairs:
            return self.inventory.pairs[sample, dye]
        reason = why_missing(self.inventory, sample, dye)
        raise MissingPairsError(f"{sample} / {dye} cannot be run: {reason}.")

    def check_target(self, path):
        """Check that a file asked for by name belongs to a pair that is there.

        Parameters
        ----------
        path : str
            A file or rule name; what does not lie in a pair's folder is let pass.

        Raises
        ------
        MissingPairsError
            With the reason why there is no such pair.
        """
        try:
            parts = Path(path).relative_to(self.output_dir).parts
        except ValueError:
            return
        if len(parts) > 2:
            self.find_pair(*parts[:2])

    def variant_targets(self, values):
        """List what is wanted of one variant, relative to a pair's folder."""
        return variant_targets(
            values,
            self.checkpoint_format,
            self.control.last_stage,
            self.keep_images,
            self.figure_formats,
        )

    def pair_targets(self, pair, all_of_them=True):
        """List the images and figures of one pair, all its variants together, each once.

        With ``all_of_them=False``, one for each job: that is enough where none is there yet, and
        a plan that asks for fewer files is made sooner.
        """
        paths = {}
        folder = pair_folder(self.output_dir, pair.sample, pair.dye)
        for variant in pair.variants:
            known = self._targets.setdefault(all_of_them, {})
            if variant.suffix not in known:
                names = self.variant_targets(variant.values)
                known[variant.suffix] = names if all_of_them else one_of_each_job(names)
            paths.update((f"{folder}/{name}", None) for name in known[variant.suffix])
        if pair.compared and self.control.last_stage == 4:
            paths.update((f"{folder}/{name}", None) for name in (FIGURE, TABLE))
        return list(paths)

    def compared_variants(self, sample, dye):
        """Give the variants of a pair that are to be laid side by side.

        Returns
        -------
        tuple of Variant
            Empty for a pair of which none are.
        """
        chosen = (pair for pair in self.pairs if (pair.sample, pair.dye) == (sample, dye))
        return next((pair.compared for pair in chosen), ())

    def targets(self):
        """List the images and figures of all requested pairs."""
        return [path for pair in self.pairs for path in self.pair_targets(pair)]

    def messages(self):
        """List what the user should read before the run: warnings, and what is skipped."""
        messages = list(self.warnings)
        if self.skipped:
            listed = "\n".join(f"  {sample} / {dye}: {why}" for sample, dye, why in self.skipped)
            messages.append(f"Skipped: {len(self.skipped)} requested pair(s)\n{listed}")
        return messages

    def expected_summary_rows(self):
        """List the summary's rows.

        Returns
        -------
        list of dict
            `sample`, `dye`, `variant` (the full suffix) and `status`: ``skipped: ...`` for pairs
            that are not there, empty for those whose status the results will tell.
        """
        rows = [
            {"sample": pair.sample, "dye": pair.dye, "variant": variant.suffix, "status": ""}
            for pair in self.pairs
            for variant in pair.variants
        ]
        return rows + [
            {"sample": sample, "dye": dye, "variant": v.suffix, "status": f"skipped: {reason}"}
            for sample, dye, reason in self.skipped
            for v in self.variants
        ]


def build_request(config, planned=(), look=True):
    """Check a configuration and find what it asks for.

    Parameters
    ----------
    config : mapping
        Keys of `config_keys.CONFIG_KEYS`; those that are not given are at their default.
    planned : iterable of path
        Raw files that count as there although the workflow has yet to make them; those of a
        demonstration need not be named.
    look : bool
        Whether to look for the raw files; without, the request has no pairs.

    Returns
    -------
    Request

    Raises
    ------
    ConfigError
        With everything that is wrong in the configuration or the sample sheet.
    LayoutError
        If the raw folder is not laid out as expected.
    MissingPairsError
        If requested pairs are missing (``strict_dyes: true``), or there is none at all.
    """
    values, faults = check_keys(config)
    choices, wrong = check_params(values.pop("params"))
    faults += [f"params: {fault}" for fault in wrong]
    variants = ()
    if not wrong:
        try:
            variants = make_variants(choices)
        except ParameterError as fault:
            faults += [f"params: {line}" for line in str(fault).split("\n")]
    if faults:
        raise ConfigError(_message(faults))
    wanted = [values.pop(name) for name in ("samples", "dyes", "pairs")]
    values["channels"] = values.pop("channel")
    values["control"] = RunControl(**{name: values.pop(name) for name in CONTROL_KEYS})
    if not look:
        nothing = Inventory(values["sample_sheet"] or values["raw_dir"])
        return Request(
            **values, variants=variants, pairs=[], skipped=[], warnings=[], inventory=nothing
        )
    found = _find(values, [*planned, *_demo_files(values)])
    selection = select_pairs(found, *wanted[:2], values["strict_dyes"], wanted[2])
    return Request(
        **values,
        variants=variants,
        pairs=_with_variants(selection.pairs, choices, variants, values["compare"]),
        skipped=selection.skipped,
        warnings=selection.warnings
        + _channel_warnings(values["channels"], found)
        + _comparison_warnings(values["compare"], selection.pairs),
        inventory=found,
    )


def _demo_files(values):
    """Raw files that the demonstration will make."""
    if not values["demo"]:
        return []
    from .synthesis import planned_raw_files

    return planned_raw_files(values["demo"], values["raw_dir"])


def _find(values, planned):
    """Take the inventory of the sample sheet or of the raw folder."""
    if values["sample_sheet"] is not None:
        return read_sample_sheet(values["sample_sheet"], planned)
    return take_inventory(values["raw_dir"], planned, leave_out=[values["output_dir"]])


def _with_variants(pairs, choices, variants, compare):
    """Give each pair its variants, those to be compared among them."""
    known = {((), False): (variants, ())}
    requested, faults = [], []
    for pair in pairs:
        compared = compare is not None and compare.concerns(pair)
        key = tuple(pair.overrides.items()), compared
        if key not in known:
            try:
                known[key] = _variants_of(pair, choices, compare if compared else None)
            except ParameterError as fault:
                faults.append(f"{pair.sample} / {pair.dye}: {fault}")
                continue
        requested.append(
            RequestedPair(pair.sample, pair.dye, pair.pre, pair.post, pair.overrides, *known[key])
        )
    if faults:
        raise ConfigError(_message(faults))
    return requested


def _variants_of(pair, choices, compare):
    """All variants of a pair, each once, and those of them to lay side by side."""
    variants = make_variants(choices, pair.overrides)
    if compare is None:
        return variants, ()
    compared = compare.variants(choices, pair.overrides)
    every = {variant.suffix: variant for variant in (*variants, *compared)}
    return tuple(every.values()), compared


def _comparison_warnings(compare, pairs):
    """Say so where something is to be compared on a pair that does not run."""
    unknown = [] if compare is None else compare.unknown_pairs(pairs)
    return [
        f"compare: {sample}/{dye} is not among the pairs that run; nothing is compared on it."
        for sample, dye in unknown
    ]


def _channel_warnings(channels, found):
    """Say so where a channel is set for a dye that nobody has."""
    if not isinstance(channels, dict):
        return []
    there = sorted({dye for dyes in found.dyes.values() for dye in dyes})
    return [
        f"channel: no sample has the dye {dye!r} (names are case-sensitive); there are "
        f"{', '.join(there)}."
        for dye in channels
        if dye not in there
    ]


def _message(faults):
    listed = "\n".join(f"  {line}" for fault in faults for line in fault.split("\n"))
    return (
        f"The configuration cannot be used:\n{listed}\nEvery key is explained in config/README.md."
    )


__all__ = ["Request", "RequestedPair", "Variant", "build_request"]
