"""What keeps Snakemake's own work small in large batches: in planning, and between jobs.

Nothing here changes what is planned, run or printed. `caches` holds what is the same for every
job of a rule and was worked out again for each; `files`, `lists`, `rules`, `jobs`, `plan` and
`printing` have shorter ways to the same answers, for the releases of Snakemake whose own ways were
read. Where another release has no such function, or other ways, it goes without: slower, with the
same plan.
"""

from .caches import remember_what_stays
from .garbage import look_for_garbage_seldom
from .scheduling import schedule_cheaply

# Releases of Snakemake for which the shorter ways lead to the same answers.
READ_RELEASES = ("9.27.",)


def take_shorter_ways():
    """Put shorter ways to the same answers into Snakemake, if its release is one that was read.

    Returns
    -------
    bool
        Whether it is.
    """
    import snakemake

    if not snakemake.__version__.startswith(READ_RELEASES):
        return False
    from . import lists, plan, printing  # noqa: F401 - what is imported registers its functions
    from .files import compare_files_by_text
    from .jobs import leave_out_empty_commands
    from .replacing import replace_all

    replace_all()
    compare_files_by_text()
    leave_out_empty_commands()
    return True


__all__ = [
    "look_for_garbage_seldom",
    "remember_what_stays",
    "schedule_cheaply",
    "take_shorter_ways",
]
