"""How long a job may run and how much memory it may take."""

import re
from dataclasses import dataclass

# A job may take this much more than its rule reserves (mem_mb) before it is ended: the reserved
# figures are measured peaks, so one beyond half as much again has run away.
HEADROOM = 1.5
# Keys of the configuration that each job reads.
JOB_KEYS = ("timeout_per_task", "memory_per_task", "memory_debug")


@dataclass(frozen=True)
class Limits:
    """Limits of one job.

    Attributes
    ----------
    seconds : float or None
        Longest time, or None for no limit.
    memory_mb : float or None
        Most memory, MB (10^6 bytes) of the process's own pages, or None for no limit.
    """

    seconds: float | None = None
    memory_mb: float | None = None


def limits_of(pair, rule, stage, reserved_mb, timeout, memory):
    """Find the limits of a job.

    Parameters
    ----------
    pair : str
        ``sample/dye`` that it works on.
    rule : str
        Its rule.
    stage : int or None
        The stage (1 to 4) that it belongs to, None for none.
    reserved_mb : float or None
        What the rule reserves, MB.
    timeout : None, float, or dict
        Checked value of ``timeout_per_task``: seconds, for all or by pair, rule or stage.
    memory : 'auto', None, float, or dict
        Checked value of ``memory_per_task``: GB, for all or by pair, rule or stage.

    Returns
    -------
    Limits
    """
    seconds = _for_job(timeout, (pair, rule, str(stage)), None)
    gigabytes = _for_job(memory, (pair, rule, str(stage)), "auto")
    if gigabytes == "auto":
        return Limits(seconds, HEADROOM * reserved_mb if reserved_mb else None)
    return Limits(seconds, None if gigabytes is None else 1000.0 * gigabytes)


def _for_job(value, names, otherwise):
    """Take one job's value from a mapping; of several that apply the first name's."""
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in names if name in value), otherwise)


def stage_of(wildcards):
    """Tell a job's stage by the suffix in its files' names (``sfx1`` ... ``sfx4``).

    Parameters
    ----------
    wildcards : mapping
        Names and values.

    Returns
    -------
    int or None
    """
    stages = [int(name[3]) for name in wildcards if re.fullmatch(r"sfx[1-4]", name)]
    return max(stages, default=None)
