"""The columns of the summary: in its table, on the terminal and on the report's page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key : str
        Name in ``summary.tsv`` and ``summary.json``.
    head : str
        Head on the report's page; empty where it is not shown there.
    short : str
        Head on the terminal; empty where it is not shown there.
    form : str
        How a number is spelled; empty for text.
    """

    key: str
    head: str = ""
    short: str = ""
    form: str = ""

    def spell(self, row):
        """Spell a row's value; a dash where there is none."""
        value = row[self.key]
        if value is None or value == "":
            return "-"
        return format(value, self.form) if self.form else str(value)


COLUMNS = (
    Column("sample", "sample", "sample"),
    Column("dye", "dye", "dye"),
    Column("variant", "variant", "variant"),
    Column("status", "status", "status"),
    Column("alignment", "alignment", "align"),
    Column("accuracy_px", "accuracy (px)", "error px", ".3f"),
    Column("scale_estimate", "scale", "scale", ".4f"),
    Column("scale_error", "+/-", "+/-", ".4f"),
    Column("scale_percentile_value"),
    Column("manual_scale"),
    Column("n_candidates", "candidates", "candidates", "d"),
    Column("seconds", "time (s)", "s", ".0f"),
    Column("peak_mb", "memory (MB)", "MB", ".0f"),
    Column("n_estimated", "estimated", "", ".0f"),
    Column("false_at_most", "false at most", "", ".1f"),
)
KEYS = tuple(column.key for column in COLUMNS)
NUMBERS = tuple(column for column in COLUMNS if column.head and column.form)
