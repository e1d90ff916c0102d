"""Shorter ways to what Snakemake does with the jobs of a plan, and with its records of them."""

import functools
import logging
import os
import re
from itertools import chain

from snakemake import dag, io, output_index, script
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.persistence import PersistenceBase
from snakemake.persistence.file import FilePersistence
from snakemake.scheduling.job_scheduler import JobScheduler

from .caches import MOST_REMEMBERED
from .files import any_may_exist, is_flagged, split_pattern
from .jobs import may_have_output
from .replacing import instead_of
from .rules import kept_by_rule


@instead_of(output_index.OutputIndex, "__init__")
def _begin_index(index, rules):
    _begin_index.replaced(index, rules)
    index._products_by_extension = {}
    for rule in rules:
        for product in rule.products():
            literals, _ = split_pattern(product)
            # How a path begins is the same for nearly all of them.
            inside, end = max(literals[1:] or literals, key=len), literals[-1]
            same = index._products_by_extension.setdefault(_extension(end), [])
            same.append((inside, end, product, rule))


def _extension(text):
    """What follows the last dot of a path, or of the end of a pattern; None where there is none."""
    _, dot, extension = text.rpartition(".")
    return extension if dot else None


@instead_of(output_index.OutputIndex, "match_producers")
@functools.lru_cache(MOST_REMEMBERED)
def _match_producers(index, path):
    known, extension = index._products_by_extension, _extension(path)
    products = known.get(None, ())
    if extension is not None:
        products = chain(products, known.get(extension, ()))
    try:
        return {
            rule
            for inside, end, product, rule in products
            if inside in path and path.endswith(end) and product.match(path)
        }
    except (re.error, ValueError):
        return _match_producers.replaced(index, path)  # says of which rule


@instead_of(dag.DAG, "file2jobs")
async def _jobs_that_make(plan, file, wildcards_dict=None):
    rules = plan.output_index.match_producers(file)
    if len(rules) == 1:
        job = plan.job_cache.get((*rules, file))
        if job is not None:
            return [job]
    return await _jobs_that_make.replaced(plan, file, wildcards_dict)


@instead_of(dag.DAG, "update")
async def _update(plan, jobs, file=None, visited=None, known_producers=None, **options):
    # Of one job that may make a file, nothing has to be chosen.
    job = jobs[0] if len(jobs) == 1 and visited is not None else None
    if (
        job is None
        or job in visited
        or file in job.input
        or options.get("progress")
        or logger.isEnabledFor(logging.DEBUG)
    ):
        return await _update.replaced(plan, jobs, file, visited, known_producers, **options)
    if job not in plan._dependencies:  # else it is in the plan, by another of its files
        plan.check_periodic_wildcards(job)
        try:
            await plan.update_(job, set(visited), known_producers, **options)
        except RecursionError as error:
            said = f"{file} needs files that need others, and so on without an end"
            raise WorkflowError(error, said) from None
        known_producers.update((path, [job]) for path in job.output)
    return job


@instead_of(dag.DAG, "handle_temp")
async def _handle_temp(plan, job):
    if job.is_group() or any(one.temp_output for one in (job, *plan._dependencies[job])):
        await _handle_temp.replaced(plan, job)


@instead_of(dag.DAG, "handle_pipes_and_services")
def _handle_pipes_and_services(plan):
    if _has_output(plan, "pipe", "service", "nodelocal"):
        _handle_pipes_and_services.replaced(plan)


@instead_of(dag.DAG, "handle_update_flags")
def _handle_update_flags(plan):
    if _has_output(plan, "update"):
        _handle_update_flags.replaced(plan)


def _has_output(plan, *flags):
    """Whether any rule has an output that carries one of some flags."""
    return any(
        is_flagged(file, flag) for rule in plan.rules for file in rule.output for flag in flags
    )


@instead_of(dag.DAG, "update_storage_inputs")
def _update_storage_inputs(plan):
    workflow = plan.workflow
    if workflow.storage_registry._storages or plan._storage_input_jobs:
        _update_storage_inputs.replaced(plan)


@instead_of(dag.DAG, "in_until")
def _in_until(plan, job):
    return bool(plan.untilrules or plan.untilfiles) and _in_until.replaced(plan, job)


@instead_of(dag.DAG, "update_ready")
def _update_ready(plan, jobs=None):
    jobs = list(plan.needrun_jobs() if jobs is None else jobs)
    if logger.isEnabledFor(logging.DEBUG) or any(job.group is not None for job in jobs):
        return _update_ready.replaced(plan, jobs)
    ready = [
        job
        for job in jobs
        if job not in plan._ready_jobs
        and job not in plan._running
        and not plan.finished(job)
        and plan._ready(job)
        and not job.has_unfinished_queue_input()
    ]
    plan._ready_jobs.update(ready)
    return bool(ready)


_sorted_last = [None, []]


@instead_of(dag, "toposort")
def _toposort(graph):
    # A dry run sorts the same jobs to see which have to run, and to count them.
    if graph != _sorted_last[0]:
        _sorted_last[:] = graph, _toposort.replaced(graph)
    return [set(level) for level in _sorted_last[1]]


@instead_of(dag.DAG, "stats")
def _stats(plan):
    # A dry run counts the same jobs before and after.
    counted = {*plan.needrun_jobs(), *plan.finished_jobs}
    if getattr(plan, "_counted", (None,))[0] != counted:
        plan._counted = counted, _stats.replaced(plan)
    return plan._counted[1]


@instead_of(script, "get_language")
def _get_language(source_file, source):
    # Without the module that reads notebooks, which takes a tenth of a second to import.
    if source_file.get_filename().endswith(".py"):
        return "python"
    return _get_language.replaced(source_file, source)


@instead_of(dag.ScriptProcessor, "process_job")
def _process_job(processor, job):
    entry = getattr(job.rule, processor.script_type)
    if entry is None:
        return
    entry = str(entry)
    if not entry or "{" in entry or "}" in entry:
        _process_job.replaced(processor, job)
        return
    kept_by_rule(
        job.rule,
        ("processed", processor.script_type),
        lambda rule: _process_job.replaced(processor, job),
    )
    if not job.dag.workflow.dryrun:
        # Whether its parameters can be worked out shows before the first job.
        _ = job.params


@instead_of(io.IOCache, "mtime_inventory")
async def _mtime_inventory(cache, jobs, n_workers=8):
    begun = [
        job for job in jobs if job.benchmark or may_have_output(job) or any_may_exist(job.input)
    ]
    await _mtime_inventory.replaced(cache, begun, n_workers)


@instead_of(FilePersistence, "_filter_incomplete_keys")
def _filter_incomplete_keys(records, keys):
    known = records._incomplete_cache
    if known is not None and not known:
        return set()
    return _filter_incomplete_keys.replaced(records, keys)


@instead_of(PersistenceBase, "locked")
def _is_locked(records):
    # Which files the jobs read and write matters only where there is a lock.
    return any(True for _ in records._read_locks()) and _is_locked.replaced(records)


@instead_of(FilePersistence, "_read_record")
def _read_record(records, key):
    if records.dag.workflow.dryrun:  # which adds none
        if not hasattr(records, "_has_any"):
            folder = records._metadata_path
            records._has_any = os.path.isdir(folder) and bool(os.listdir(folder))
        if not records._has_any:
            return None
    return _read_record.replaced(records, key)


@instead_of(JobScheduler, "_free_resources")
def _free_resources(scheduler, job):
    if not scheduler.dryrun:  # in which none were taken
        _free_resources.replaced(scheduler, job)
