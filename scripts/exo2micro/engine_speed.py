"""What keeps Snakemake's own work small in large batches: in planning, and between jobs.

Nothing here changes what is planned or run. The caches hold what is the same for every job of a
rule and was worked out again for each; where another release of Snakemake has no such function,
it goes without.
"""

import functools
import os
import types
from itertools import pairwise

# Snakemake looks at the sizes of all inputs of the jobs that are ready each time that a job ends;
# of more than so many, or ten a core, it takes a random sample.
LEAST_READY_JOBS, READY_JOBS_A_CORE = 50, 10
# Snakemake's own default for --max-jobs-per-timespan: jobs, seconds.
DEFAULT_RATE = (100, 1)
MOST_REMEMBERED = 4096


def schedule_cheaply(workflow, plugins, words):
    """Have the next jobs chosen with little effort.

    Measured on 50 short jobs on two cores: Snakemake's limit of 100 jobs a second, which no run
    here comes near, starts a timer each time that jobs are chosen, and each timer has them chosen
    again, so that they were chosen 2475 times instead of 50. And its solver of integer programs,
    a process of its own each time, gains nothing over the greedy choice among jobs of one or two
    threads.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        About to execute; its settings are changed.
    plugins : dict
        Arguments of its `execute`; `scheduler_plugin` and `scheduler_settings` may be replaced.
    words : list of str
        Command line after the program's name. What it says of the scheduler is left as it is.
    """
    settings = workflow.scheduling_settings
    rate = settings.max_jobs_per_timespan
    if rate is not None and (rate.max_jobs, rate.timespan) == DEFAULT_RATE:
        settings.max_jobs_per_timespan = None
    if settings.subsample is None:
        cores = workflow.resource_settings.cores or 0
        settings.subsample = max(LEAST_READY_JOBS, READY_JOBS_A_CORE * cores)
    asked = any(word.split("=")[0] == "--scheduler" for word in words)
    if settings.scheduler == "ilp" and not asked:
        from snakemake_interface_scheduler_plugins.registry import SchedulerPluginRegistry

        plugins["scheduler_plugin"] = SchedulerPluginRegistry().get_plugin("greedy")
        plugins["scheduler_settings"] = plugins["greedy_scheduler_settings"]


def remember_what_stays():
    """Have Snakemake keep what it works out for every job and is the same for all of a rule.

    The signatures of input functions, parameters and resources (a dozen a job), the text and the
    place of a rule's script, and the rules that make a file (which is asked again by each job that
    reads it): together a third of what a dry run takes beyond its start.
    """
    from snakemake import common, dag, jobs, output_index, rules, script, sourcecache

    if hasattr(rules, "get_function_params") and hasattr(common, "get_function_params"):
        common.get_function_params = rules.get_function_params = _remembering(
            common.get_function_params
        )
    if hasattr(script, "get_source"):
        script.get_source = _read_once(script.get_source)
    for owner, name in (
        (sourcecache.LocalSourceFile, "get_cache_path"),
        (output_index.OutputIndex, "match_producers"),
    ):
        method = getattr(owner, name, None)
        if method is not None and not hasattr(method, "cache_info"):
            setattr(owner, name, functools.lru_cache(MOST_REMEMBERED)(method))
    spec = getattr(jobs.Job, "conda_env_spec", None)
    if isinstance(spec, property) and not hasattr(spec.fget, "__wrapped__"):
        jobs.Job.conda_env_spec = property(_of_the_rule(spec.fget))
    nested = getattr(dag.DAG, "check_directory_outputs", None)
    if nested is not None and not hasattr(nested, "__wrapped__"):
        dag.DAG.check_directory_outputs = _where_paths_are_nested(nested)
    update = getattr(dag.DAG, "update", None)
    if update is not None and not hasattr(update, "__wrapped__"):
        dag.DAG.update = _known_by_its_files(update)


def _known_by_its_files(update):
    """Tell a plan that is being made of all files of a job that is in it, not of none.

    Else the rules and the job of a file are searched for again by each job that reads it, and by
    each file that comes out of the same job.
    """

    @functools.wraps(update)
    async def remember(dag, jobs, file=None, visited=None, known_producers=None, **options):
        known = known_producers
        job = await update(dag, jobs, file=file, visited=visited, known_producers=known, **options)
        if known is not None:
            known.update((path, [job]) for path in job.output)
        return job

    return remember


def _of_the_rule(spec_of):
    """Give a job its rule's environment without working out the job's parameters for it."""

    @functools.wraps(spec_of)
    def look_up(job):
        if callable(job.rule.conda_env):
            return spec_of(job)
        return job.rule.expand_conda_env(job.wildcards_dict)

    return look_up


def _where_paths_are_nested(check):
    """Look for an output inside another one by text; where there is one, Snakemake says it."""

    @functools.wraps(check)
    def look(dag):
        # A separator comes before any other letter, so that what lies in a folder follows it.
        paths = sorted(
            os.path.abspath(path).replace(os.sep, "\0") for job in dag.jobs for path in job.output
        )
        if any(inner.startswith(f"{outer}\0") for outer, inner in pairwise(paths)):
            check(dag)

    return look


def _remembering(parameters_of):
    """Look up the parameters of a function or a method once."""
    if hasattr(parameters_of, "__wrapped__"):
        return parameters_of
    known = {}

    @functools.wraps(parameters_of)
    def look_up(function):
        plain = getattr(function, "__func__", function)
        if not isinstance(plain, types.FunctionType):
            return parameters_of(function)
        key = plain, plain is function
        if key not in known:
            if len(known) >= MOST_REMEMBERED:  # functions that were made for one job each
                known.clear()
            known[key] = parameters_of(function)
        return known[key]

    return look_up


def _read_once(get_source):
    """Read a script once. Snakemake itself keeps a copy of it for the run, and reads that."""
    if hasattr(get_source, "__wrapped__"):
        return get_source
    known = functools.lru_cache(MOST_REMEMBERED)(get_source)

    @functools.wraps(get_source)
    def read(path, sourcecache, basedir=None, wildcards=None, params=None):
        if "{" in str(path):
            return get_source(path, sourcecache, basedir, wildcards, params)
        return known(path, sourcecache, basedir)

    return read
