"""What Snakemake works out for every job and is the same for all of a rule, kept."""

import functools
import os
import types

MOST_REMEMBERED = 4096


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
        made = {path for job in dag.jobs for path in job.output}
        folders = {path.rpartition(os.sep)[0] for path in made}
        if not _show_where_they_lie(folders) or any(map(_ends_oddly, made)):
            return check(dag)
        while folders:
            if not folders.isdisjoint(made):
                return check(dag)
            folders = {os.path.dirname(folder) for folder in folders} - folders

    return look


def _show_where_they_lie(folders):
    """Whether of folders, as they are written, it is plain which lies in which."""
    return len({os.path.isabs(folder) for folder in folders}) <= 1 and not any(
        folder.startswith(os.pardir) or (folder and folder != os.path.normpath(folder))
        for folder in folders
    )


def _ends_oddly(path):
    return path.endswith((os.sep, os.curdir))


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
