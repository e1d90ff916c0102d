"""``snakemake --logger exo2micro``: how far a batch is, in place of a report on every job.

In a terminal a block of pairs x stages that is drawn anew every second; into a file or a pipe a
line now and then. Warnings, errors, and what the workflow itself says are printed as they come.
With another workflow it prints what Snakemake prints without it.

Snakemake imports this module in each of its processes; so it loads nothing until it is used.
"""

import logging
import os
import sys
from contextlib import suppress

from snakemake_interface_logger_plugins.base import LogHandlerBase

# Told by the block, or of no use beside it.
TOLD_OTHERWISE = (
    "run_info", "resources_info", "job_info", "job_started", "job_finished", "job_error",
    "group_info", "group_error", "shellcmd", "progress", "rulegraph",
)  # fmt: skip


class LogHandler(LogHandlerBase):
    """Prints Snakemake's log; of a run that it follows, progress in place of the jobs."""

    def __post_init__(self):
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.display = None

    writes_to_stream = True
    writes_to_file = False
    has_filter = False  # Snakemake's own obeys --quiet
    has_formatter = False
    needs_rulegraph = False

    def follow(self):
        """Begin to follow a run; the workflow calls it when it is read.

        Returns
        -------
        Screen or Lines
            What progress is to be shown to.
        """
        from exo2micro.progress_display import Lines, Screen

        if self._hushed():
            self.display = Lines(lambda text: None)
        elif self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            self.display = Screen(self.stream)
        else:
            self.display = Lines(self._print)
        return self.display

    def emit(self, record):
        """Print a message, unless progress tells it."""
        if self.display is not None and _is_told_otherwise(record):
            return
        text = self.format(record)
        if text and text != "None":
            say = getattr(self.display, "say", self._print)
            with suppress(OSError):  # the terminal or pipe is gone; the run goes on
                say(text)

    def _hushed(self):
        quiet = {word.name for word in self.common_settings.quiet or ()}
        return bool(quiet & {"ALL", "PROGRESS"})

    def _print(self, text):
        self.stream.write(f"{text}\n")
        self.stream.flush()


def _is_told_otherwise(record):
    """Whether a message is of Snakemake's own, and no warning that only it gives."""
    if str(getattr(record, "event", "")) in TOLD_OTHERWISE:
        return True
    if record.levelno >= logging.WARNING:
        # That the process of a job ended badly; what happened in it is told by the job.
        return "CalledProcessError" in str(record.msg)
    import snakemake

    # Of Snakemake, and of its plugins, whose packages lie beside it.
    return record.pathname.startswith(os.path.dirname(snakemake.__file__))
