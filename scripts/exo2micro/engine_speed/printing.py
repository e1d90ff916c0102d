"""A shorter way to what a dry run prints of each job: its text at once, without a record of it."""

import functools
import logging
import time

from snakemake import jobs
from snakemake.logging import (
    ColorizingTextHandler,
    DefaultFilter,
    DefaultFormatter,
    format_resources,
    format_wildcards,
    logger,
)
from snakemake_interface_logger_plugins.common import LogEvent

from .jobs import paths_as_printed
from .replacing import instead_of

# What decides the colour of a job's text.
_RECORD = logging.makeLogRecord(
    {"levelno": logging.INFO, "levelname": "INFO", "event": LogEvent.JOB_INFO}
)


@instead_of(jobs.Job, "log_info")
def _log_info(job, indent=False, printshellcmd=True):
    handler = _only_handler() if job.dag.workflow.dryrun and not indent else None
    if handler is None or _is_told_otherwise(job):
        _log_info.replaced(job, indent, printshellcmd)
        return
    text = handler.decorate(_RECORD, _text_of(job))
    first = "" if handler.last_msg_was_job_info else "\n"
    try:
        with handler.lock, handler._output_lock:
            handler.stream.write(f"{first}{text}{handler.terminator}")
            handler.flush()
    except (OSError, ValueError):
        _log_info.replaced(job, indent, printshellcmd)  # meets it too, and says it in its way
    handler.last_msg_was_job_info = True


def _only_handler():
    """Snakemake's own way to print, if it prints all and nothing else listens; or None."""
    handlers, source = [*logger.handlers], logger
    while source.propagate and source.parent is not None:
        source = source.parent
        handlers += source.handlers
    if len(handlers) != 1 or logger.filters or not logger.isEnabledFor(logging.INFO):
        return None
    (handler,) = handlers
    told = (
        type(handler) is ColorizingTextHandler
        and handler.level <= logging.INFO
        and type(handler.formatter) is DefaultFormatter
        and not handler.formatter.quiet
        and [type(one) for one in handler.filters] == [DefaultFilter]
        and not handler.filters[0].quiet
    )
    return handler if told else None


def _is_told_otherwise(job):
    """Whether a job is told by more than its files, its reason and its numbers."""
    rule = job.rule
    return (
        rule.message
        or rule.shellcmd
        or rule.benchmark
        or rule.is_checkpoint
        or rule.is_handover
        or job.priority == jobs.Job.HIGHEST_PRIORITY
    )


def _text_of(job):
    plan = job.dag
    lines = [f"[{_time_of_day(int(time.time()))}]", f"rule {job.rule.name}:"]
    for title, files in (("input", job.input), ("output", job.output), ("log", job.log)):
        if files:
            paths = paths_as_printed(files, as_input=title == "input", as_output=title != "input")
            lines.append(f"    {title}: {', '.join(paths)}")
    lines += [f"    jobid: {plan.jobid(job)}", f"    reason: {plan.reason(job)}"]
    if job.wildcards_dict:
        lines.append(f"    wildcards: {format_wildcards(job.wildcards_dict)}")
    if job.priority != 0:
        lines.append(f"    priority: {job.priority}")
    if job.threads != 1:
        lines.append(f"    threads: {job.threads}")
    resources = job.resources
    text = _text_of_resources(tuple(resources.keys()), *resources)
    if text:
        lines.append(f"    resources: {text}")
    return "\n".join(lines)


@functools.lru_cache(1)
def _time_of_day(second):
    return time.asctime(time.localtime(second))


# By type too: 1 and True are the same key, and are printed otherwise.
@functools.lru_cache(1024, typed=True)
def _text_of_resources(names, *values):
    return format_resources(dict(zip(names, values, strict=True)))
