"""What exists, what is stale and why: a pair a line, from Snakemake's plan and the files."""

import re
from dataclasses import dataclass
from pathlib import Path

from .parameters import suffix
from .summary import read_step, step_names
from .targets import pair_folder

# A job that is only planned because one before it is.
FOLLOWS = "input files updated by another job"


@dataclass(frozen=True)
class PlannedJob:
    """A job that would run.

    Attributes
    ----------
    rule : str
        Its rule.
    wildcards : dict of str to str
        Sample, dye, and the suffix of its files.
    reason : str
        Why, in Snakemake's words.
    """

    rule: str
    wildcards: dict
    reason: str

    def belongs_to(self, pair, values):
        """Say whether a variant of a pair needs this job."""
        if (self.wildcards.get("sample"), self.wildcards.get("dye")) != (pair.sample, pair.dye):
            return False
        stages = [int(name[3]) for name in self.wildcards if re.fullmatch(r"sfx[1-4]", name)]
        return all(self.wildcards[f"sfx{stage}"] == suffix(values, stage) for stage in stages)

    @property
    def causes(self):
        """Reasons of its own, without those that come from other jobs; files are left out."""
        reasons = [part.split(":")[0].strip() for part in self.reason.split(";")]
        return [text for text in reasons if text and text.lower() != FOLLOWS]


def read_plan(text):
    """Read the jobs that a dry run lists.

    Parameters
    ----------
    text : str
        What ``snakemake -n`` printed.

    Returns
    -------
    list of PlannedJob
    """
    jobs = []
    for rule, block in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", text, re.M):
        lines = dict(re.findall(r"^    (wildcards|reason): (.*)$", block, re.M))
        pairs = re.split(r", (?=[a-z]\w*=)", lines.get("wildcards", ""))
        wildcards = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        jobs.append(PlannedJob(rule, wildcards, lines.get("reason", "")))
    return jobs


def describe_state(request, pair, values, jobs):
    """Say in a line how a variant of a pair stands.

    Parameters
    ----------
    request : Request
        What is asked for.
    pair : Pair
        Sample and dye.
    values : dict
        All parameters of the variant.
    jobs : list of PlannedJob
        Those that the variant needs, in the order of the plan.

    Returns
    -------
    str
    """
    folder = Path(pair_folder(request.output_dir, pair.sample, pair.dye))
    wanted = request.variant_targets(values)
    there = sum((folder / name).is_file() for name in wanted)
    if not jobs:
        return f"up to date ({there} of {len(wanted)} files)"
    if there == 0:
        state = f"not there yet; {_number(jobs)} to run"
    else:
        word = "stale" if there == len(wanted) else f"{there} of {len(wanted)} files"
        state = f"{word}; {_number(jobs)} to run: {_why(jobs)}"
    failed = [step for step in _ended_badly(request, folder, values)]
    return f"{state}; last time {failed[0]}" if failed else state


def _number(jobs):
    return "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"


def _why(jobs):
    """The jobs that have a reason of their own, and the reasons."""
    roots = [(job.rule, cause) for job in jobs for cause in job.causes]
    told = [f"{rule} ({cause[0].lower()}{cause[1:]})" for rule, cause in dict.fromkeys(roots)]
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _ended_badly(request, folder, values):
    for name in step_names(request, values):
        record = read_step(folder, name)
        if record and record["state"] not in ("complete", "running"):
            yield record["message"].strip().splitlines()[0]


def format_status(request, text):
    """Write the table of how every requested pair stands.

    Parameters
    ----------
    request : Request
        What is asked for.
    text : str
        What a dry run printed.

    Returns
    -------
    str
    """
    jobs = read_plan(text)
    rows = [
        (
            pair.sample,
            pair.dye,
            variant.suffix or "-",
            describe_state(
                request,
                pair,
                variant.values,
                [job for job in jobs if job.belongs_to(pair, variant.values)],
            ),
        )
        for pair in request.pairs
        for variant in pair.variants
    ]
    rows += [(sample, dye, "-", f"skipped: {why}") for sample, dye, why in request.skipped]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
    return "\n".join(
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )
