"""How a run goes: its limits, and what of it is run again."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class RunControl:
    """The configuration's keys that change how a run goes and not what comes out.

    Attributes
    ----------
    timeout_per_task : None, float, or dict
        Longest time of a job, s, for all or by stage or rule.
    memory_per_task : 'auto', None, float, or dict
        Most memory of a job, GB, for all or by stage or rule.
    memory_debug : bool
        Whether to keep the course of each job's memory.
    """

    timeout_per_task: object
    memory_per_task: object
    memory_debug: bool


CONTROL_KEYS = tuple(field.name for field in fields(RunControl))
