"""The batch's report: one page that stands alone, whatever became of the pairs."""

import base64
import os
import platform
import re
from datetime import UTC, datetime
from html import escape
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from . import __version__
from .comparison import FIGURE
from .parameters import differences, suffix
from .report_style import SCRIPT, STYLE
from .storage import thumbnail, write_text
from .streaming import ordered_map
from .summary_columns import NUMBERS

NAME = "report.html"
EMBEDDED = "logs/summary.html"  # the same for Snakemake's report, in which no link leads anywhere
# Figures that tell a pair at a glance, and the stage whose suffix their names carry.
PICTURES = {"difference_image": 4, "registration": 3, "fine_alignment": 3}
PICTURE_WIDTH = 280  # px, drawn at half of it; a click opens the whole figure
COMPARISON_WIDTH = 1100
LEVELS = ("fail", "warn", "none", "pass")  # those that need somebody first
WORDS = {"fail": "failed", "warn": "to be checked", "none": "skipped", "pass": "complete"}
SOFTWARE = ("snakemake", "numpy", "opencv-python-headless", "scipy", "tifffile")


def write_report(request, rows):
    """Write ``report.html`` into the output folder.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    rows : list of dict
        From `exo2micro.summary.collect_summary`.

    Returns
    -------
    Path
    """
    path = Path(request.output_dir) / NAME
    write_text(path, compose_report(request, rows))
    return path


def write_embedded(request, rows):
    """Write the page that `snakemake --report` takes in, and give its path as text."""
    path = Path(request.output_dir) / EMBEDDED
    write_text(path, compose_report(request, rows, links=False))
    return str(path)


def compose_report(request, rows, links=True):
    """Give the page as text; pictures that are there are embedded.

    Parameters
    ----------
    request : Request
        What the configuration asks for.
    rows : list of dict
        From `exo2micro.summary.collect_summary`.
    links : bool
        Whether the page lies in the output folder, so that its links lead somewhere.

    Returns
    -------
    str
        HTML.
    """
    ordered = sorted(rows, key=lambda row: LEVELS.index(level_of(row)))
    values = {
        (pair.sample, pair.dye, variant.suffix): variant.values
        for pair in request.pairs
        for variant in pair.variants
    }
    folder = Path(request.output_dir)

    def line_of(row):
        return _line(folder, row, values.get(_whose(row)))

    # All jobs have ended, so the cores are free; what takes long is to unpack the figures.
    lines = ordered_map(line_of, ordered, os.cpu_count() or 1)
    columns = ["status", "sample", "dye", "variant", "alignment", *(c.head for c in NUMBERS)]
    heads = "".join(f"<th>{escape(name)}</th>" for name in [*columns, "figures"])
    page = "\n".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f"<title>exo2micro: {escape(folder.name)}</title>",
            f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body>',
            f"<h1>exo2micro: {escape(folder.name)}</h1>",
            _overview(folder, rows),
            _problems(ordered),
            f'<h2>Pairs</h2><table id="pairs"><thead><tr>{heads}</tr></thead><tbody>',
            *lines,
            "</tbody></table>",
            _legend(),
            _comparisons(request, folder),
            _parameters(request),
            _versions(),
            f"<script>{SCRIPT}</script></body></html>\n",
        ]
    )
    return page if links else re.sub(r'<a href="[^"]*">(.*?)</a>', r"\1", page, flags=re.S)


def level_of(row):
    """How a row stands: 'fail', 'warn', 'none' (skipped) or 'pass'."""
    if row["status"].startswith("skipped"):
        return "none"
    if row["status"] != "complete":
        return "fail"
    return "warn" if row["messages"] or row["alignment"] != "pass" else "pass"


def _whose(row):
    return row["sample"], row["dye"], row["variant"]


def _overview(folder, rows):
    """When, how many, and where else to look."""
    counts = {level: sum(level_of(row) == level for row in rows) for level in LEVELS}
    told = ", ".join(f"{count} {WORDS[level]}" for level, count in counts.items() if count)
    when = datetime.now(UTC).isoformat(" ", "minutes").removesuffix("+00:00")
    viewer = folder / "viewer/index.html"
    look = '<a href="viewer/index.html">The viewer</a> shows the images down to the pixel. '
    return (
        f'<p>{told or "No pair"}. <span class="faint">Written {when} UTC.</span></p><p>'
        f"{look if viewer.is_file() else ''}The same table: "
        '<a href="summary.tsv">summary.tsv</a>, <a href="summary.json">summary.json</a>.</p>'
    )


def _problems(rows):
    """Everything that somebody should read, the worst first."""
    parts = []
    for row in rows:
        level = level_of(row)
        messages = row["messages"] or ([] if level == "pass" else [_without_status(row)])
        if messages:
            told = "".join(f"<p>{escape(message)}</p>" for message in messages)
            parts.append(f'<div class="problem {level}"><b>{_name(row)}</b>{told}</div>')
    if not parts:
        return "<p>No problems and no warnings.</p>"
    return "<h2>Problems and warnings</h2>" + "\n".join(parts)


def _without_status(row):
    if row["status"] == "complete":
        return f"alignment: {row['alignment'] or 'not judged'}"
    return row["status"]


def _name(row):
    return escape(" / ".join(_whose(row)[:2]) + f" {row['variant']}").rstrip()


def _line(folder, row, values):
    """A row of the table."""
    level = level_of(row)
    verdict = row["alignment"]
    state = {"pass": "complete", "warn": "check", "fail": "failed", "none": "skipped"}[level]
    cells = [
        f'<td data-key="{LEVELS.index(level)}"><span class="badge {level}">{state}</span></td>',
        *(f"<td>{escape(name)}</td>" for name in _whose(row)),
        f'<td><span class="badge {verdict or "none"}">{verdict or "-"}</span></td>',
        *(_number(row, column) for column in NUMBERS),
        f'<td data-key=""><div class="thumbs">{_pictures(folder, row, values)}</div></td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _number(row, column):
    value = row[column.key]
    key = "" if value is None else repr(value)
    return f'<td class="number" data-key="{key}">{column.spell(row)}</td>'


def _pictures(folder, row, values):
    """The pair's main figures, small; each leads to the whole one."""
    parts = []
    for name, stage in PICTURES.items() if values else ():
        if name == "difference_image" and level_of(row) == "fail":
            continue  # it only says that there is none, or none to be trusted
        local = f"{row['sample']}/{row['dye']}/pipeline_output/{name}{suffix(values, stage)}.png"
        title = name.replace("_", " ")
        parts.append(_picture(folder, local, title, f"{title} of {_name(row)}", PICTURE_WIDTH))
    return "".join(parts)


def _picture(folder, local, title, told, width):
    """A figure, small, that leads to the whole one; nothing where there is none."""
    small = thumbnail(folder / local, width)
    if not small:
        return ""
    data = base64.b64encode(small).decode("ascii")
    return (
        f'<a href="{escape(quote(local))}">{title}<img alt="{told}" '
        f'src="data:image/jpeg;base64,{data}"></a>'
    )


def _comparisons(request, folder):
    """Variants side by side (configuration key compare), of the pairs that have any."""
    parts = []
    for pair in request.pairs:
        if not pair.compared:
            continue
        local = f"{pair.sample}/{pair.dye}/{FIGURE}"
        name = escape(f"{pair.sample} / {pair.dye}")
        parts.append(_picture(folder, local, name, f"comparison of {name}", COMPARISON_WIDTH))
    if not any(parts):
        return ""
    return f'<h2>Variants side by side</h2><div class="wide">{"".join(parts)}</div>'


def _legend():
    return (
        '<p class="faint">Accuracy: how far, in px, the aligned images lie apart where no part of '
        "the fit looked. Scale: post over pre of the mineral, with its standard error. Candidates: "
        "those on the sample; estimated: the microbes that they stand for where they crowd; false "
        "at most: how many of them may be none. A pair that is to be checked is complete, but its "
        "alignment or its scale is doubtful: read why above, look at its figures, then at the "
        "images.</p>"
    )


def _parameters(request):
    """What was asked for: parameters that are not at their default, and the configuration."""
    parts = []
    for variant in request.variants:
        own = [f"{p.name} = {variant.values[p.name]}" for p in differences(variant.values)]
        named = escape(variant.suffix.lstrip("_") or "defaults")
        told = escape(", ".join(own)) or "all at their default"
        parts.append(f"<tr><td>{named}</td><td>{told}</td></tr>")
    asked = {
        name: getattr(request, name)
        for name in ("checkpoint_format", "keep_images", "on_failed_alignment", "strict_dyes",
                     "sample_sheet", "channels")
    }  # fmt: skip
    config = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>"
        for name, value in asked.items()
    )
    return (
        f"<h2>Parameters</h2><table><tr><th>variant</th><th>not at their default</th></tr>"
        f"{''.join(parts)}</table><h2>Configuration</h2><table>{config}</table>"
    )


def _versions():
    """What made the results."""
    lines = [("exo2micro", __version__), ("Python", platform.python_version())]
    for name in SOFTWARE:
        try:
            lines.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue  # run from its folder without having been installed
    cells = "".join(f"<tr><td>{escape(n)}</td><td>{escape(v)}</td></tr>" for n, v in lines)
    return f"<h2>Versions</h2><table>{cells}</table>"
