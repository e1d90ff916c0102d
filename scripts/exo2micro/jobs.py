"""What every job of the workflow does around its work: limits, log, status, clean errors.

A job is two processes, see `supervision`: one does the work, the other watches it and records how
it ended.
"""

import faulthandler
import logging
import os
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import job_status as status
from .allocation import reuse_freed_memory
from .errors import AlignmentError, Exo2MicroError
from .limits import Limits, limits_of, stage_of
from .spare_cores import occupy_cores
from .supervision import Watch, fork_worker, say_last_words
from .worker_fault import WorkerKilledError

# The linear algebra here is small: more threads than one would only fight the job's own. Read by
# numpy when it is first imported, which is later than this module.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@dataclass(frozen=True)
class Job:
    """What is to be known of a job before its work begins.

    Attributes
    ----------
    rule : str
        Its rule.
    log : Path
        Its log; the status record has the same name with ``.json``.
    outputs : tuple of str
        Files that it makes.
    threads : int
        Threads that OpenCV may use, so that jobs that run side by side don't fight.
    limits : Limits
        What it may take.
    memory_debug : bool
        Whether to keep the course of its memory.
    """

    rule: str
    log: Path
    outputs: tuple
    threads: int
    limits: Limits
    memory_debug: bool

    @classmethod
    def of_script(cls, snakemake):
        """Read all that from the object that Snakemake gives a script.

        The config's values were checked when the workflow was read; to check them again would
        cost each job 0.05 s.
        """
        config = snakemake.config
        names = (snakemake.wildcards.get(name, "") for name in ("sample", "dye"))
        limits = limits_of(
            "/".join(names),
            snakemake.rule,
            stage_of(snakemake.wildcards.keys()),
            snakemake.resources.get("mem_mb"),
            config.get("timeout_per_task"),
            config.get("memory_per_task", "auto"),
        )
        return cls(
            snakemake.rule,
            Path(snakemake.log[0]),
            tuple(snakemake.output),
            snakemake.threads,
            limits,
            config.get("memory_debug", False),
        )

    @property
    def record(self):
        """Path of the status record."""
        return self.log.with_suffix(".json")


@contextmanager
def job(snakemake, background=False):
    """Run the work of one job under the eyes of a watcher.

    Only the working process ever enters the ``with`` block; the watching one ends here, with exit
    status 0 or 1, when it has recorded how the work ended.

    Parameters
    ----------
    snakemake : object
        What Snakemake gives a script; `rule`, `log`, `output`, `wildcards`, `threads`,
        `resources` and `config` are read.
    background : bool
        Whether no other job waits for this one, so that it may take what they leave of the cores,
        see `spare_cores`. With a limit to its time it does not.

    Yields
    ------
    logging.Logger
    """
    this = Job.of_script(snakemake)
    record = _begin(this)
    worker, channel = fork_worker()
    if worker:
        raise SystemExit(_watch(this, record, worker, channel))
    _start_log(this.log)
    reuse_freed_memory()
    _limit_threads(this.threads)
    occupy_cores(this.threads, background and this.limits.seconds is None)
    try:
        yield logging.getLogger("exo2micro")
    except BaseException as error:
        if isinstance(error, WorkerKilledError):
            # Whatever killed a part of the job has killed the job: its watcher says what that was.
            logging.error("%s", error)
            os.kill(os.getpid(), error.number)
        state, message = _explain(error, this)
        logging.error("%s", message)
        say_last_words(channel, state, message)
        raise SystemExit(1) from None
    say_last_words(channel, status.COMPLETE, "")


def title_names(wildcards):
    """Whose figure it is, for its title, from a job's wildcards.

    Returns
    -------
    dict
        `sample`, `dye` and `variant` (the suffix; empty for the defaults).
    """
    ends = [name for name in wildcards.keys() if name.startswith("sfx")]
    variant = wildcards.get(ends[0], "") if ends else ""
    return {"sample": wildcards.sample, "dye": wildcards.dye, "variant": variant}


def _begin(this):
    """Record that the job begins, and remove what an earlier one that was killed left behind."""
    from .storage import remove_leftovers

    record = status.first_record(this.log.stem, this.rule, this.threads, time.time())
    try:
        status.start_record(this.record, record)
        for path in this.outputs:
            remove_leftovers(path)
    except Exo2MicroError as error:
        _tell(error)
        raise SystemExit(1) from None
    return record


def _watch(this, record, worker, channel):
    """Watch the work, record how it ended, and give the job's exit status."""
    from .storage import remove_leftovers

    course = MemoryCourse(this.log.with_suffix(".memory.tsv")) if this.memory_debug else None
    beat = Heartbeat(this.record)

    def each_poll(seconds, memory_mb):
        beat(seconds)
        if course:
            course(seconds, memory_mb)

    ending = Watch(worker, channel, this.limits, this.log.stem, each_poll).wait()
    for path in this.outputs:
        remove_leftovers(path)
    if ending.message:
        _tell(ending.message)
    try:
        status.finish_record(this.record, {**record, **vars(ending)})
    except Exo2MicroError as error:
        _tell(error)
        return 1
    return 0 if ending.state == status.COMPLETE else 1


def _tell(message):
    """Print a message; in a terminal in place of the progress that may stand there."""
    clear = "\x1b[J" if sys.stderr.isatty() else ""
    print(f"{clear}\n{message}\n", file=sys.stderr)


class Heartbeat:
    """Touches a status record now and then, so that other machines see that the job lives."""

    def __init__(self, path):
        self.path, self.due = path, status.HEARTBEAT_S

    def __call__(self, seconds):
        """Touch it where it is time."""
        if seconds >= self.due and self.path.exists():
            os.utime(self.path)
            self.due = seconds + status.HEARTBEAT_S


class MemoryCourse:
    """Keeps the course of a job's memory as a table (``memory_debug: true``)."""

    def __init__(self, path):
        self.path = path
        path.write_text("seconds\tmemory_mb\n", encoding="ascii")

    def __call__(self, seconds, memory_mb):
        """Add a line."""
        with open(self.path, "a", encoding="ascii") as table:
            table.write(f"{seconds:.2f}\t{memory_mb:.1f}\n")


def _explain(error, this):
    """State and message of work that ended in an exception.

    What the user can mend is told by its message alone; anything else is a fault of this program
    or of the machine, and its traceback goes to the log.
    """
    if isinstance(error, AlignmentError):
        return status.ALIGNMENT_FAILED, str(error)
    if isinstance(error, Exo2MicroError):
        return status.ERROR, str(error)
    logging.error("%s", traceback.format_exc())
    if isinstance(error, MemoryError) or "Insufficient memory" in str(error):
        return status.OUT_OF_MEMORY, (
            f"{this.log.stem} ran out of memory: the system gave it no more; run fewer jobs at "
            "once, or take a larger machine"
        )
    told = f"{type(error).__name__}: {error}"
    return status.ERROR, f"unexpected fault ({told}); the details are in {this.log}"


def _start_log(path):
    """Log to the job's file, crashes of compiled code included."""
    # A full disk takes no more lines; what the user must know goes to the watcher all the same.
    logging.raiseExceptions = False
    logging.basicConfig(
        filename=path,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        force=True,
    )
    faulthandler.enable(logging.getLogger().handlers[0].stream)


def _limit_threads(threads):
    """Match OpenCV's threads to the job's, before it is loaded by those jobs that use it."""
    os.environ["OPENCV_FOR_THREADS_NUM"] = str(int(threads))
