"""Shorter ways to what Snakemake asks of each job of a plan."""

from snakemake import jobs
from snakemake.io import _IOFile, fmt
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from .files import is_flagged, known_to_exist
from .replacing import instead_of
from .rules import kept_by_rule

# A file with any of these is printed in another way than by its path.
PRINTED_OTHERWISE = frozenset({
    "storage_object", "sourcecache_entry", "pipe", "service", "nodelocal", "update",
    "before_update", "access_pattern", "checkpoint_target",
})  # fmt: skip


@instead_of(jobs, "format_files")
def _format_files(io, as_input=False, as_output=False):
    return [
        fmt.fmt_iofile(file, as_input=as_input, as_output=as_output)
        if isinstance(file, _IOFile) and not PRINTED_OTHERWISE.isdisjoint(file.flags)
        else str(file)
        for file in io
    ]


class WithoutEmptyCommands:
    """Snakemake's log, but for the messages that a job has no shell command."""

    def __getattr__(self, name):
        return getattr(logger, name)

    def info(self, message, *values, extra=None, **options):
        """Pass a message on, unless it is one of those."""
        if not (extra and extra.get("event") == LogEvent.SHELLCMD and not extra.get("shellcmd")):
            logger.info(message, *values, extra=extra, **options)


def leave_out_empty_commands():
    """Have jobs log no message that they have no shell command."""
    jobs.logger = WithoutEmptyCommands()


@instead_of(jobs.Job, "group")
def _group(job):
    return None if job._group is None and job.rule.group is None else _group.replaced(job)


@instead_of(jobs.Job, "is_valid")
def _is_valid(job):
    # Both are worked out at the first look, and kept.
    return job.benchmark, job.log


@instead_of(jobs.Job, "missing_output")
async def _missing_output(job, requested):
    own = job.output_by_path
    for path in requested:
        file = own.get(str(path), path)
        if is_flagged(file, "pipe") or is_flagged(file, "service") or not await file.exists():
            yield file


@instead_of(jobs.Job, "output_mintime")
async def _output_mintime(job):
    return await _output_mintime.replaced(job) if job.benchmark or _may_have_output(job) else None


@instead_of(jobs.Job, "outputs_older_than_script_or_notebook")
async def _outputs_older_than_script(job):
    if _may_have_output(job):
        async for file in _outputs_older_than_script.replaced(job):
            yield file


@instead_of(jobs.Job, "check_protected_output")
async def _check_protected_output(job):
    if _may_have_output(job):
        await _check_protected_output.replaced(job)


def _may_have_output(job):
    """Whether any of a job's outputs may be there already."""
    return any(file.is_storage or known_to_exist(file) is not False for file in job.output)


@instead_of(jobs.Job, "_path_to_source_file")
def _path_to_source_file(job, path):
    text = str(path)
    if "{" in text or "}" in text:
        return _path_to_source_file.replaced(job, path)
    return kept_by_rule(
        job.rule, ("source", text), lambda rule: _path_to_source_file.replaced(job, path)
    )
