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
    force_run : bool
        Whether a lack of room is only warned of.
    from_stage : int or None
        Run this stage (1 to 4) and the later ones again.
    to_stage : int or None
        Stop after this stage.
    force : bool
        Run everything again, or everything from `from_stage` on.
    """

    timeout_per_task: object
    memory_per_task: object
    memory_debug: bool
    force_run: bool
    from_stage: int | None
    to_stage: int | None
    force: bool

    @property
    def forced(self):
        """Rules that are to run again, which takes what depends on them along; or ``all``."""
        if self.from_stage is not None:
            return [FIRST_RULES[self.from_stage]]
        return "all" if self.force else []

    @property
    def last_stage(self):
        """The stage up to which results are wanted."""
        return 4 if self.to_stage is None else self.to_stage


# The rule with which each stage begins.
FIRST_RULES = {1: "pad", 2: "align_boundary", 3: "align_interior", 4: "measure_pair"}

CONTROL_KEYS = tuple(field.name for field in fields(RunControl))
