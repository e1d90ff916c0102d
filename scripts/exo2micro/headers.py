"""The FITS cards of a checkpoint."""

from datetime import UTC, datetime

from .parameters import header_cards

STAGES = {1: "01_padded", 2: "02_icp_aligned", 3: "03_interior_aligned", 4: "04_difference"}


def checkpoint_header(stage, sample, dye, values, **measured):
    """Cards of one checkpoint.

    Parameters
    ----------
    stage : int
        1 to 4.
    sample, dye : str
        Names.
    values : dict
        Parameters; those of this stage and before that are not at their default become cards.
    **measured
        Cards of the stage itself, such as ``IACC``.

    Returns
    -------
    dict
    """
    return {
        "SAMPLE": sample,
        "DYE": dye,
        "STAGE": STAGES[stage],
        "CREATED": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        **measured,
        **header_cards(values, stage),
    }


def alignment_cards(record):
    """``IACC`` and ``ILVLOK`` of a stage-3 record."""
    accuracy = record["estimated_accuracy_px"]
    return {
        "IACC": -1.0 if accuracy is None else round(float(accuracy), 4),
        "ILVLOK": len(record["levels"]),
    }
