"""Shorter ways to what Snakemake asks of each job of a plan."""

from operator import attrgetter

from snakemake import jobs
from snakemake.io import _IOFile
from snakemake.logging import logger
from snakemake.settings.types import SharedFSUsage
from snakemake_interface_common.utils import lazy_property
from snakemake_interface_logger_plugins.common import LogEvent

from .files import any_may_exist, flags_of, known_to_exist
from .replacing import instead_of
from .rules import kept_by_rule

# A file with any of these is printed in another way than by its path.
PRINTED_OTHERWISE = frozenset({
    "storage_object", "sourcecache_entry", "pipe", "service", "nodelocal", "update",
    "before_update", "access_pattern", "checkpoint_target",
})  # fmt: skip


# What is said of a job that has to run; of the sets, as they are before they are made.
_GROUNDS = attrgetter(
    "_updated_input", "_missing_output", "_updated_input_run", "forced", "noio", "nooutput",
    "pipe", "service", "code_changed", "params_changed", "software_stack_changed",
    "input_changed", "unfinished_queue_input",
)  # fmt: skip


@instead_of(jobs, "format_files")
def paths_as_printed(io, as_input=False, as_output=False):
    """How files are told: the path of most, and what the flags of the others say."""
    for file in io:
        if type(file) is _IOFile and type(file._file) is str:
            continue
        if not PRINTED_OTHERWISE.isdisjoint(getattr(file, "flags", ())):
            return paths_as_printed.replaced(io, as_input, as_output)
    return list(map(str, io))


@instead_of(lazy_property, "__get__")
def _get_lazily(prop, instance, owner=None):
    # What is there already, with one look instead of three.
    value = getattr(instance, prop.cached, None)
    return _get_lazily.replaced(prop, instance, owner) if value is None else value


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


@instead_of(jobs.Job, "is_local")
def _is_local(job):
    workflow = job.dag.workflow
    if SharedFSUsage.INPUT_OUTPUT not in workflow.storage_settings.shared_fs_usage:
        return _is_local.replaced(job)
    return kept_by_rule(job.rule, "local", workflow.is_local)


@instead_of(jobs.Job, "is_valid")
def _is_valid(job):
    # Both are worked out at the first look, and kept.
    return job.benchmark, job.log


@instead_of(jobs.Job, "missing_output")
async def _missing_output(job, requested):
    own, none_is_there = job.output_by_path, not may_have_output(job)
    for path in requested:
        file = own.get(str(path))
        if none_is_there and file is not None:
            yield file
            continue
        file = path if file is None else file
        flags = flags_of(file)
        if flags.get("pipe") or flags.get("service"):
            yield file
            continue
        found = None if flags.get("storage_object") else known_to_exist(file)
        if not (await file.exists() if found is None else found):
            yield file


def may_have_output(job):
    """Whether any of a job's outputs may be there already; that none is, is found once."""
    cache = job.dag.workflow.iocache
    if not cache.active:
        return True
    without = cache.__dict__.setdefault("_jobs_without_output", set())
    if job in without:
        return False
    if any_may_exist(job.output):
        return True
    without.add(job)
    return False


@instead_of(jobs.Job, "output_mintime")
async def _output_mintime(job):
    return await _output_mintime.replaced(job) if job.benchmark or may_have_output(job) else None


@instead_of(jobs.Job, "outputs_older_than_script_or_notebook")
async def _outputs_older_than_script(job):
    if may_have_output(job):
        async for file in _outputs_older_than_script.replaced(job):
            yield file


@instead_of(jobs.Job, "check_protected_output")
async def _check_protected_output(job):
    if may_have_output(job):
        await _check_protected_output.replaced(job)


@instead_of(jobs.Reason, "__bool__")
def _is_reason(reason):
    # The sets that were not asked for yet are empty, and need not be made to see it.
    return not reason.finished and any(_GROUNDS(reason))


@instead_of(jobs.Job, "_path_to_source_file")
def _path_to_source_file(job, path):
    text = str(path)
    if "{" in text or "}" in text:
        return _path_to_source_file.replaced(job, path)
    return kept_by_rule(
        job.rule, ("source", text), lambda rule: _path_to_source_file.replaced(job, path)
    )
