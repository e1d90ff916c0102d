"""What was found: pairs of photographs, and what is wrong with the others."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pair:
    """Two photographs of one sample, before and after one dye.

    Attributes
    ----------
    sample, dye : str
        Names.
    pre, post : str
        Paths of the raw files.
    overrides : dict
        Parameters that the sample sheet sets for this pair, checked.
    """

    sample: str
    dye: str
    pre: str
    post: str
    overrides: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Inventory:
    """What was found, before anything is selected from it.

    Attributes
    ----------
    source : str
        The raw folder or the sample sheet, for messages.
    pairs : dict of (str, str) to Pair
        Complete pairs by sample and dye.
    faults : dict of (str, str) to str
        Why other pairs of which something was found cannot be used.
    dyes : dict of str to list of str
        Dyes of which something was found, by sample.
    sample_faults : dict of str to str
        What is wrong with whole samples (a folder that holds no TIFF).
    warnings : dict of str to list of str
        Warnings by sample; those of the whole source under the empty name.
    is_sheet : bool
        Whether the source is a sample sheet.
    """

    source: str
    pairs: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)
    dyes: dict = field(default_factory=dict)
    sample_faults: dict = field(default_factory=dict)
    warnings: dict = field(default_factory=dict)
    is_sheet: bool = False
