"""The batch's summary: a row for each requested pair and variant, from the files alone."""

from pathlib import Path

from . import job_status
from .errors import Exo2MicroError
from .parameters import suffix
from .report_page import write_embedded, write_report
from .rerun import rerun_command
from .storage import read_record
from .summary_columns import COLUMNS, KEYS
from .targets import formats_asked, pair_folder, scale_kinds


def collect_summary(request):
    """Look at the results of every requested pair and variant.

    Parameters
    ----------
    request : Request
        What the configuration asks for.

    Returns
    -------
    list of dict
        A value for each of `summary_columns.KEYS`, and `messages`: warnings and the whole text of
        errors.
    """
    pairs = {(pair.sample, pair.dye): pair for pair in request.pairs}
    rows = []
    for row in request.expected_summary_rows():
        blank = {**dict.fromkeys(KEYS), **row, "messages": []}
        pair = pairs.get((row["sample"], row["dye"]))
        if row["status"] or pair is None:
            rows.append(blank)
            continue
        variant = next(v for v in pair.variants if v.suffix == row["variant"])
        rows.append({**blank, **describe_variant(request, pair, variant.values)})
    return rows


def describe_variant(request, pair, values):
    """Status and figures of one variant of one pair.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    pair : Pair
        Sample and dye.
    values : dict
        All parameters of the variant.

    Returns
    -------
    dict
    """
    folder = pair_folder(request.output_dir, pair.sample, pair.dye)
    records = (read_step(folder, name) for name in step_names(request, values))
    steps = [record for record in records if record]
    alignment = _read(folder, f"transforms/03_interior{suffix(values, 3)}.json")
    scale = _read(folder, f"measurements/04_scale{suffix(values, 4)}.json")
    catalogue = _read(folder, f"measurements/04_candidates{suffix(values, 4)}.json")
    status, messages = _status(request, folder, values, steps)
    if alignment.get("verdict") in ("warn", "fail"):
        messages += _untold("alignment", alignment["reasons"], messages)
    if scale.get("status") in ("warn", "fail"):
        messages += _untold("scale", scale["reasons"], messages)
    return {
        "status": status,
        "alignment": alignment.get("verdict"),
        "accuracy_px": alignment.get("estimated_accuracy_px"),
        "scale_estimate": scale.get("scale_estimate"),
        "scale_error": scale.get("scale_error"),
        "scale_percentile_value": scale.get("scale_percentile_value"),
        "manual_scale": values["manual_scale"],
        "n_candidates": catalogue.get("n_candidates"),
        "n_estimated": catalogue.get("n_estimated"),
        "false_at_most": catalogue.get("false_at_most"),
        "seconds": round(sum(step.get("seconds", 0.0) for step in steps), 1) if steps else None,
        "peak_mb": max((step.get("peak_mb", 0.0) for step in steps), default=None),
        "messages": list(dict.fromkeys(messages)),
    }


def _untold(what, reasons, messages):
    """Reasons that no message tells already."""
    return [f"{what}: {r}" for r in reasons if not any(r in message for message in messages)]


def step_names(request, values):
    """Names of the status records of a variant's jobs, in the order in which they run."""
    formats = formats_asked(request.checkpoint_format)
    one, two, three, four = (suffix(values, stage) for stage in (1, 2, 3, 4))
    kinds = scale_kinds(values)
    return [
        *(f"pad_{fmt}{one}" for fmt in formats),
        f"align_boundary{two}",
        *(f"warp_boundary{step}_{fmt}{two}" for fmt in formats for step in ("", "_coarse")),
        f"align_interior{three}",
        *(f"measure_pair_{fmt}{three}" for fmt in formats),
        f"estimate_scale{four}",
        *(f"difference{kind}_{fmt}{four}" for fmt in formats for kind in kinds),
        f"catalogue{four}",
        f"figure_boundary{three}",
        f"figures_of_alignment{three}",
        f"figures_of_scale{four}",
        *(f"figure_difference{kind}{four}" for kind in kinds[1:]),
        *(["compare_variants"] if request.compare else []),
    ]


def read_step(folder, step):
    """Status record of one job (`job_status.read_job`), or None where it has not run."""
    return job_status.read_job(Path(folder) / "logs" / f"{step}.json")


def _read(folder, name):
    """A record, empty where it does not exist (yet)."""
    path = Path(folder) / name
    return read_record(path) if path.is_file() else {}


def _status(request, folder, values, steps):
    """`complete` or `error: ...`, and the errors' whole messages."""
    errors = [step for step in steps if step["state"] != job_status.COMPLETE]
    if errors:
        messages = [_explain(step) for step in errors]
        return f"error: {first_sentence(messages[0])}", messages
    missing = [
        name for name in request.variant_targets(values) if not (Path(folder) / name).is_file()
    ]
    if missing:
        message = f"not finished: {missing[0]} and {len(missing) - 1} more files are missing"
        message = message if len(missing) > 1 else f"not finished: {missing[0]} is missing"
        return f"error: {message}", [message]
    return "complete", []


def _explain(step):
    """Message of a job that has not ended well."""
    if step["state"] == job_status.RUNNING:
        return f"{step['step']} is still running; it began at {step['started']}"
    return step["message"] or f"{step['step']} ended as {step['state']}"


def first_sentence(text, limit=160):
    """Beginning of a message that fits in a table."""
    line = text.strip().splitlines()[0]
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def write_summary(request, rows):
    """Write ``summary.tsv`` and ``summary.json`` into the output folder.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    rows : list of dict
        From `collect_summary`.
    """
    import pandas as pd

    from .storage import write_record, write_table

    folder = Path(request.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows, columns=list(KEYS))
    table["n_candidates"] = table["n_candidates"].astype("Int64")
    table["status"] = table["status"].str.replace("\t", " ").str.replace("\n", " ")
    write_table(folder / "summary.tsv", table)
    write_record(folder / "summary.json", {"pairs": rows})


def format_summary(rows):
    """Table for the terminal, with the problems in full below it.

    Parameters
    ----------
    rows : list of dict
        From `collect_summary`.

    Returns
    -------
    str
    """
    shown = [column for column in COLUMNS if column.short]
    heads = tuple(column.short for column in shown)
    cells = [
        tuple(column.spell({**row, "status": row["status"].split(":")[0]}) for column in shown)
        for row in rows
    ]
    widths = [max(len(line[k]) for line in [heads, *cells]) for k in range(len(heads))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in [heads, *cells]
    ]
    text = "\n".join(line.rstrip() for line in lines)
    problems = [
        f"{row['sample']} / {row['dye']} {row['variant']}".rstrip()
        + "".join(f"\n    {message}" for message in row["messages"] or [row["status"]])
        for row in rows
        if row["messages"] or row["status"] != "complete"
    ]
    if problems:
        text += "\n\nPROBLEMS AND WARNINGS\n" + "\n".join(f"  {p}" for p in problems)
    return text


def failed_pairs(rows):
    """List sample and dye of the pairs that are neither complete nor skipped, each once."""
    failed = [(row["sample"], row["dye"]) for row in rows if row["status"].startswith("error")]
    return list(dict.fromkeys(failed))


def summarize(request, words):
    """Collect, write and return the summary as text; what a run does at its end.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    words : list of str
        The run's command line.

    Returns
    -------
    str
        It says so where the summary could not be made or written: a run that ends badly must
        still say what it can.
    """
    folder = Path(request.output_dir)
    try:
        rows = collect_summary(request)
    except Exo2MicroError as error:
        return f"The summary could not be made: {error}"
    text = format_summary(rows)
    failed = failed_pairs(rows)
    if failed:
        text += (
            f"\n\n{len(failed)} of {_n_requested(rows)} requested pair(s) failed. To run just "
            f"those again:\n\n    {rerun_command(words, failed, request.output_dir)}"
        )
    try:
        text += _compare_failed(request, failed)
        write_summary(request, rows)
        report = write_report(request, rows)
    except (Exo2MicroError, OSError) as error:
        return f"{text}\n\nThe summary could not be written: {error}"
    written = (folder / "summary.tsv", folder / "summary.json", report)
    return f"{text}\n\nWritten: {', '.join(str(path) for path in written)}"


def write_report_page(request):
    """Write the page of all pairs for Snakemake's report, and give its path."""
    return write_embedded(request, collect_summary(request))


def _compare_failed(request, failed):
    """Draw the comparisons that no job drew because a variant failed, and say so."""
    if not failed or request.compare is None:
        return ""
    # Drawing takes seconds to import, which a run without a comparison is spared.
    from .comparison_files import compare_what_is_there

    drawn = compare_what_is_there(request, failed)
    return "".join(f"\n\nThe variants that there are, side by side: {path}" for path in drawn)


def _n_requested(rows):
    """Number of pairs that were there to be run."""
    there = (row for row in rows if not row["status"].startswith("skipped"))
    return len({(row["sample"], row["dye"]) for row in there})
