"""Follows a run by what Snakemake logs, and has it shown.

With `engine`, which starts runs, the only module that knows Snakemake.
"""

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path

from .engine import is_dry
from .errors import Exo2MicroError
from .job_status import read_job, stamp
from .limits import stage_of
from .preflight import raw_sizes
from .progress import DONE, WAITING, Progress, Step, cost_of
from .progress_display import Lines, LogFile

TICK_S = 1.0
CLOCKS_DIFFER_S = 2.0  # between machines that share a folder
PROGRESS_LOG = "logs/progress.log"


def follow_progress(workflow, request, logger, words):
    """Have the progress of a run shown, in the terminal and in a file in the output folder.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that is being read.
    request : Request
        What is asked for.
    logger : logging.Logger
        Snakemake's.
    words : list of str
        Command line after the program's name.

    Returns
    -------
    callable
        Ends it; to be called before the summary is printed.
    """
    if not workflow.is_main_process or is_dry(words) or "status" in words:
        return lambda: None
    log = LogFile(Path(request.output_dir) / PROGRESS_LOG, lambda: stamp(time.time()))
    plugin = next((h for h in _log_plugins(workflow) if hasattr(h, "follow")), None)
    display = plugin.follow() if plugin else Lines(_teller(workflow, logger))
    follower = Follower(
        lambda: planned_steps(workflow, request), [log, display], lambda: workflow.local_exec
    )
    logger.addHandler(follower)
    return follower.finish


def _log_plugins(workflow):
    """Handlers of the plugins that ``--logger`` names."""
    if hasattr(workflow, "logger_manager"):
        listener = workflow.logger_manager.queue_listener
    else:  # Snakemake 9.5
        from snakemake.logging import logger_manager

        listener = logger_manager.queue_listener
    return listener.handlers if listener else ()


def _teller(workflow, logger):
    """Give what says a text in Snakemake's log, unless it is to be quiet about progress."""
    quiet = {word.name for word in workflow.output_settings.quiet or ()}
    if quiet & {"ALL", "PROGRESS"}:
        return lambda text: None
    return lambda text: logger.info(f"\n{text}\n")


def planned_steps(workflow, request):
    """List the jobs that Snakemake has planned.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        With its plan.
    request : Request
        What is asked for.

    Returns
    -------
    list of Step
    """
    mpx = {(pair.sample, pair.dye): _megapixels(request, pair) for pair in request.pairs}
    steps = []
    for job in workflow.dag.needrun_jobs():
        if job.rule.norun:
            continue
        wildcards = job.wildcards_dict
        whose = wildcards.get("sample"), wildcards.get("dye")
        steps.append(
            Step(
                job.jobid,
                job.rule.name,
                " / ".join(whose) if all(whose) else "",
                stage_of(wildcards),
                frozenset(needed.jobid for needed in workflow.dag.dependencies[job]),
                cost_of(job.rule.name, mpx.get(whose, 0.0)),
                str(Path(job.log[0]).with_suffix(".json")) if job.log else "",
            )
        )
    return steps


def _megapixels(request, pair):
    """Size of a pair's larger raw image; none where no header can be read."""
    sizes = raw_sizes(request, pair, [])
    return max((size.height * size.width for size in sizes), default=0) / 1e6


def why_failed(step):
    """Tell the beginning of a failed job's message, from its status record.

    Parameters
    ----------
    step : Step
        The job.

    Returns
    -------
    str
        Empty where the record says nothing (yet).
    """
    from .summary import first_sentence  # more to load than a job's process needs

    try:
        record = read_job(step.record) if step.record else None
    except Exo2MicroError:
        return ""  # the summary says so
    message = (record or {}).get("message", "").strip()
    return first_sentence(message) if message else ""


class Follower(logging.Handler):
    """A handler of Snakemake's log that keeps the progress and has it shown.

    Parameters
    ----------
    plan : callable
        Gives the run's jobs (list of `Step`); called when Snakemake has planned them.
    displays : list
        What shows it: objects with ``show(progress, now, news)`` and ``finish(progress, now)``.
    local : callable
        Says whether jobs run on this machine. Elsewhere they begin when their record does.
    """

    def __init__(self, plan, displays, local):
        super().__init__()
        self._plan, self._displays, self._local = plan, displays, local
        self.progress = None
        self._over = threading.Event()
        # Python ends without waiting for it; `close` does wait.
        self._ticker = threading.Thread(target=self._tick, name="progress", daemon=True)

    def emit(self, record):
        """Take notice of a job that begins, ends or fails."""
        event, now = str(getattr(record, "event", None) or ""), time.time()
        if self._over.is_set():
            return
        if event == "run_info" and self.progress is None:
            self.progress = Progress(self._plan(), now)
            self._show(now, [_intent(self.progress)])
            self._ticker.start()
        elif self.progress is None:
            return
        elif event == "job_info":
            self.progress.begin(record.jobid, now, queued=not self._local())
        elif event == "job_finished":
            self._note_end(record.job_id, now)
        elif event == "job_error":
            self._note_failure(record.jobid, now)

    def _note_end(self, jobid, now):
        self._look_into_queue()
        self.progress.end(jobid, now)
        step = self.progress.steps.get(jobid)
        states = self.progress.states()
        if step is None or step.pair not in self.progress.pairs or not states[WAITING]:
            return
        if self.progress.pair_state(step.pair) == DONE:
            self._show(now, [f"{step.pair} is done"])

    def _note_failure(self, jobid, now):
        self.progress.fail(jobid)
        step = self.progress.steps.get(jobid)
        if step:
            why = why_failed(step)
            told = f"FAILED: {step.rule} {step.pair}".rstrip()
            self._show(now, [f"{told}: {why}" if why else told])

    def _look_into_queue(self):
        """See which of the submitted jobs have begun: those whose record is newer than that."""
        for job in self.progress.running(time.time()):
            if job.queued and job.step.record:
                submitted = time.time() - job.elapsed
                with suppress(OSError):  # no record yet
                    began = Path(job.step.record).stat().st_mtime
                    if began > submitted - CLOCKS_DIFFER_S:
                        self.progress.begin(job.step.jobid, max(began, submitted))

    def _show(self, now, news=()):
        for display in list(self._displays):
            try:
                display.show(self.progress, now, list(news))
            except OSError:
                self._displays.remove(display)  # its terminal or pipe is gone; the run goes on

    def _tick(self):
        while not self._over.wait(TICK_S):
            self.acquire()
            try:
                if not self._over.is_set():
                    self._look_into_queue()
                    self._show(time.time())
            finally:
                self.release()

    def finish(self):
        """Stop, and have the end shown; does nothing where nothing was planned or it is over."""
        self.acquire()
        try:
            if self.progress is not None and not self._over.is_set():
                for display in self._displays:
                    with suppress(OSError):  # as in `_show`
                        display.finish(self.progress, time.time())
            self._over.set()
        finally:
            self.release()

    def close(self):
        """Stop, whatever happened."""
        self._over.set()
        if self._ticker.is_alive() and threading.current_thread() is not self._ticker:
            self._ticker.join(timeout=2 * TICK_S)
        super().close()


def _intent(progress):
    pairs = len(progress.pairs)
    return f"{len(progress.steps)} jobs to run" + (f" for {pairs} pair(s)" if pairs else "")
