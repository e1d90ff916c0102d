"""What the workflow asks of Snakemake, and how it is started (see also `progress_follower`).

Snakemake is started as a program of its own, not through its Python API: that keeps state in the
process (its logger, signal handlers, the working directory, parsed settings), so that a second run
in one notebook would inherit from the first, and an interrupt would tear the notebook down.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from .engine_speed import (
    look_for_garbage_seldom,
    remember_what_stays,
    schedule_cheaply,
    take_shorter_ways,
)
from .errors import BatchError, RoomError
from .preflight import check_room, judge, look_ahead, memory_available
from .run_lock import remove_stale_locks, take_output_folder
from .spare_cores import offer_cores
from .targets import pair_folder

# What of this machine's free memory jobs may share; the rest is for the system.
MEMORY_SHARE = 0.9
# Words on the command line with which nothing is planned or run.
ELSEWHERE = (
    "--lint", "--unlock", "--list-rules", "--list", "-l", "--list-target-rules", "--report",
    "--cleanup-metadata", "--delete-all-output", "--archive", "--version", "--containerize",
    "--cleanup-shadow", "--export-cwl", "--generate-unit-tests", "--print-compilation",
)  # fmt: skip


def prepare_run(workflow, request, words):
    """Set up a run before its jobs are planned: what is forced, memory, and the check for room.

    A dry run, in which nothing can go wrong for want of room, is checked when its plan is printed:
    so the plan need not wait for the headers of all photographs, which are read beside it.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that is being read.
    request : Request
        What is asked for.
    words : list of str
        Command line after the program's name.

    Returns
    -------
    str
        A warning for the user, or nothing.

    Raises
    ------
    RoomError
        If there is not enough memory or disk; of a dry run, its plan ends with that.
    BatchError
        If another run works on the output folder, or it is not writable.
    """
    if not workflow.is_main_process or any(word.split("=")[0] in ELSEWHERE for word in words):
        return ""
    runs = not (is_dry(words) or "status" in words)
    if runs and take_output_folder(request.output_dir, time.time()):
        remove_stale_locks(".snakemake/locks", request.output_dir)
    look_for_garbage_seldom(is_dry(words))
    remember_what_stays()
    take_shorter_ways()
    _settle(workflow, request.control.forced, words)
    local = runs_here(workflow)
    if local and runs:
        cores = workflow.resource_settings.cores
        offer_cores(cores, background=bool(cores) and has_idle_cores(cores, request))
    if local and "mem_mb" not in workflow.resource_settings.resources:
        workflow.register_resource("mem_mb", int(MEMORY_SHARE * memory_available() / 1e6))
    if is_dry(words):
        look_ahead(request)
        _check_after_plan(workflow, request, local)
        return ""
    return judge(check_room(request, local), request.control.force_run)


def runs_here(workflow):
    """Whether a workflow's jobs run on this machine, not on a cluster's."""
    return workflow.resource_settings.nodes is None


def may_try_again(workflow):
    """Whether a job that fails may be started again, with more memory than at first."""
    settings = workflow.execution_settings
    once = settings is not None and not settings.retries
    return not (once and workflow.is_main_process and runs_here(workflow))


def threads_of_jobs(workflow, request, at_once=1):
    """Threads of a job that can use two.

    No job is twice as fast on two cores as on one: where there are jobs enough to keep the cores
    busy, they run side by side with a thread each. What is left over is lent, see `spare_cores`.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow that is being read.
    request : Request
        What is asked for.
    at_once : int
        Jobs of a pair that can run at the same time, of which this is one.

    Returns
    -------
    int
        1 or 2.
    """
    cores = workflow.resource_settings.cores
    here = workflow.is_main_process and runs_here(workflow)
    return 1 if here and cores is not None and not has_idle_cores(cores, request, at_once) else 2


def has_idle_cores(cores, request, at_once=1):
    """Whether a run has two cores or more for each job that it can have going at a time.

    Parameters
    ----------
    cores : int
        Of the run.
    request, at_once
        See `threads_of_jobs`.

    Returns
    -------
    bool
    """
    return cores >= 2 * at_once * len(request.pairs)


def wanted_files(request, words):
    """List what a run is to make, or what a report may tell of.

    Parameters
    ----------
    request : Request
        What is asked for.
    words : list of str
        Command line after the program's name.

    Returns
    -------
    list of str
        All targets, or of a pair that has no results yet one for each job; with ``--report``,
        which refuses to begin where any is missing, those that are there, so that pairs that
        failed don't keep the others from being reported.
    """
    if asks_for_report(words):
        return [path for path in request.targets() if os.path.isfile(path)]
    targets = []
    for pair in request.pairs:
        begun = os.path.isdir(pair_folder(request.output_dir, pair.sample, pair.dye))
        targets += request.pair_targets(pair, all_of_them=begun)
    return targets


def asks_for_report(words):
    """Whether a command line asks for Snakemake's report."""
    return any(word.split("=")[0] == "--report" for word in words)


def _settle(workflow, forced, words):
    """Have rules run again, which takes what depends on them along, and jobs that were cut short.

    The latter are made anew without asking (``--rerun-incomplete``): a file never has its final
    name before it is whole, so nothing of theirs needs a person's judgement.

    The settings that say so are given to the workflow only after it was read; so they are changed
    at the moment in which it is told to execute, before it plans its jobs.
    """
    execute = workflow.execute

    def settle_and_execute(**options):
        settings = workflow.dag_settings
        settings.force_incomplete = True
        if forced == "all":
            settings.forceall = True
        elif forced:
            settings.forcerun = frozenset({*settings.forcerun, *forced})
        schedule_cheaply(workflow, options, words)
        return execute(**options)

    workflow.execute = settle_and_execute


def _check_after_plan(workflow, request, local):
    """Have a dry run end with the check for room."""
    from snakemake.exceptions import WorkflowError
    from snakemake.logging import logger

    execute = workflow.execute

    def plan_and_check(**options):
        planned = execute(**options)
        try:
            warning = judge(check_room(request, local), request.control.force_run)
        except RoomError as error:
            raise WorkflowError(str(error)) from None
        if warning:
            logger.warning(warning)
        return planned

    workflow.execute = plan_and_check


class WhenIdle(logging.Handler):
    """Calls for the summary where Snakemake finds nothing to do, and so calls no hook."""

    def __init__(self, report):
        super().__init__()
        self.report = report

    def emit(self, record):
        """Look for the message that says so."""
        from snakemake.common import NOTHING_TO_BE_DONE_MSG

        if record.getMessage() == NOTHING_TO_BE_DONE_MSG:
            self.report()


def report_when_idle(workflow, logger, report, words):
    """Have `report` called also where all is there already and Snakemake calls no hook."""
    if workflow.is_main_process and not is_dry(words):
        logger.addHandler(WhenIdle(report))


def is_dry(words):
    """Whether a command line only asks for the plan."""
    short = (word for word in words if re.fullmatch(r"-[a-zA-Z]+", word))
    return any(word in ("--dry-run", "--dryrun") for word in words) or any(
        "n" in word for word in short
    )


def snakefile():
    """Path of the workflow that this library belongs to.

    Raises
    ------
    BatchError
        If the library was installed without it.
    """
    path = Path(__file__).resolve().parents[2] / "Snakefile"
    if not path.is_file():
        raise BatchError(
            f"The workflow was not found at {path}. Install exo2micro from its repository, in its "
            "folder: pip install -e ."
        )
    return path


def run_workflow(config, cores, arguments=(), show=True):
    """Run the workflow here with a configuration, and wait for it.

    Parameters
    ----------
    config : dict
        Whole configuration; it is kept as ``run_batch.json`` in the output folder.
    cores : int
        Processors to use.
    arguments : iterable of str
        More of Snakemake's arguments.
    show : bool
        Whether to print what Snakemake says, as it says it.

    Returns
    -------
    int
        Snakemake's exit code.

    Raises
    ------
    BatchError
        If it ended before it came to any job, with what it said.
    """
    from .storage import write_record

    folder = Path(config["output_dir"])
    path = folder / "run_batch.json"
    write_record(path, config)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile())]
    command += ["--configfile", str(path), "--cores", str(cores), "--keep-going"]
    command += ["--rerun-incomplete", "--logger", "exo2micro", "--quiet", "rules", "host"]
    command += arguments
    started = time.time_ns()
    code, said = _follow(command, show)
    summary = folder / "summary.json"
    if code and not (summary.is_file() and summary.stat().st_mtime_ns >= started):
        raise BatchError(f"The run ended before it began.\n{said}")
    return code


def plan_of(words):
    """Ask Snakemake what it would do for a command line that asks for ``status``.

    Parameters
    ----------
    words : list of str
        The command line after the program's name.

    Returns
    -------
    str
        What its dry run says.

    Raises
    ------
    BatchError
        If there is no plan, with what it said.
    """
    quiet = ("-q", "--quiet", "progress", "rules", "host", "reason")
    asked = [word for word in words if word != "status" and word not in quiet]
    command = [sys.executable, "-m", "snakemake", *asked, "--dry-run"]
    if not any(word in ("-s", "--snakefile") for word in words):
        command += ["--snakefile", str(snakefile())]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    text = done.stdout + done.stderr
    if done.returncode:
        raise BatchError(f"There is no plan.\n{text}")
    return text


def _follow(command, show):
    """Run a program, print what it says, and give its exit code and its words.

    Ctrl-C, or a notebook's stop button, ends the program with all its jobs; it still writes its
    summary.
    """
    # Where this library lies, Snakemake finds the logger that shows progress.
    places = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH")]
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
    }
    said = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,
    ) as program:
        try:
            _listen(program, said, show)
        except KeyboardInterrupt:
            os.killpg(program.pid, signal.SIGINT)
            _listen(program, said, show)
            program.wait()
            raise
    return program.returncode, "".join(said)


def _listen(program, said, show):
    for line in program.stdout:
        said.append(line)
        if show:
            print(line, end="", flush=True)
