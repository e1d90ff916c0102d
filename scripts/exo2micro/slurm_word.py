"""What SLURM says of a job that it ended, watcher and all."""

import re
import shutil
import subprocess

# SLURM's state of a job: the status, and what to tell.
ENDS = {
    "OUT_OF_MEMORY": (
        "out of memory",
        "was killed (out of memory): SLURM ended it because it took more than it had reserved. "
        "Reserve more: --set-resources {rule}:mem_mb=...",
    ),
    "TIMEOUT": (
        "timed out",
        "timed out: SLURM's limit was reached. Give it more minutes: "
        "--set-resources {rule}:runtime=...",
    ),
    "CANCELLED": ("interrupted", "was cancelled (scancel, or the run was stopped)"),
    "NODE_FAIL": ("killed", "was lost: the node that it ran on failed. Run again"),
    "PREEMPTED": ("killed", "was killed by SLURM for another job's sake. Run again"),
}
ASK_S = 20.0


def ask_slurm(job):
    """Ask SLURM's accounting how a job ended, by the words for it and for its steps.

    Parameters
    ----------
    job : str
        Its number.

    Returns
    -------
    str
        SLURM's word, one of `ENDS`; empty where it has none or cannot be asked.
    """
    if not shutil.which("sacct"):
        return ""
    command = ["sacct", "-n", "-P", "-j", job, "-o", "State,MaxRSS,ReqMem"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return judge_steps([line.split("|") for line in done.stdout.splitlines()])


def judge_steps(rows):
    """Find the word that explains a job's end among those of the job and its steps.

    Parameters
    ----------
    rows : list of [str, str, str]
        State, most memory that was seen, and the memory that was reserved, in SLURM's spelling.

    Returns
    -------
    str
    """
    # A step that is out of memory makes its job a plain failure, and where SLURM itself watches
    # the memory the step counts as cancelled. What was reserved is told of the job, what was seen
    # of its steps.
    seen = max((_bytes(row[1]) for row in rows), default=0.0)
    reserved = max((_bytes(row[2]) for row in rows), default=0.0)
    beyond = seen >= reserved > 0
    words = {state.split()[0] for state, _, _ in rows if state}
    if beyond and words & {"CANCELLED", "FAILED"} and "TIMEOUT" not in words:
        return "OUT_OF_MEMORY"
    return next((word for word in ENDS if word in words), "")


def _bytes(text):
    """Read a size such as ``400M``; 0 where there is none."""
    units = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
    found = re.match(r"([0-9.]+)([KMGT]?)", text)
    return float(found.group(1)) * units.get(found.group(2), 1.0) if found else 0.0


def explained_by_slurm(record):
    """Complete a status record by what SLURM knows of the job's end.

    Parameters
    ----------
    record : dict
        Status record of a job that was cut short.

    Returns
    -------
    dict
        The same where SLURM has nothing to say.
    """
    end = ENDS.get(ask_slurm(record["slurm_job"]))
    if end is None:
        return record
    state, text = end
    return {**record, "state": state, "message": f"{record['step']} {text.format(**record)}"}
