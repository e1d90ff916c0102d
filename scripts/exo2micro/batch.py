"""Batches from a notebook or a script: the original's functions, run by the workflow.

Every function here makes a configuration, has the workflow run it, and reads the results from the
files that it left, so what comes out is the same as from the command line.
"""

import os

from .config_documents import default_of
from .config_keys import CONFIG_KEYS
from .engine import run_workflow
from .parameters import PARAMETERS
from .preflight import check_room
from .request import build_request
from .summary import collect_summary

# Keys of a result, in this order: the original's, then ours.
RESULT_KEYS = ("sample", "dye", "status", "scale_estimate", "scale_percentile_value",
               "manual_scale", "variant", "alignment", "accuracy_px", "scale_error",
               "n_candidates", "seconds", "peak_mb", "n_estimated", "false_at_most")  # fmt: skip


def run_batch(
    samples="all",
    dyes="all",
    parallel=False,
    n_workers=4,
    params=None,
    output_dir="processed",
    raw_dir="raw",
    from_stage=None,
    to_stage=None,
    force=False,
    checkpoint_format="tiff",
    strict_dyes=True,
    memory_debug=False,
    timeout_per_task=None,
    force_run=False,
    **config,
):
    """Run samples x dyes and print a summary.

    Parameters
    ----------
    samples, dyes : 'all' or list of str
        What to run on.
    parallel : bool or 'subprocess'
        Whether jobs run side by side. Every job is a process of its own in any case, so
        'subprocess' is the same as False.
    n_workers : int
        Processors to use when `parallel`.
    params : dict, optional
        Parameters that are not at their default, for every pair; a list of values makes variants.
    output_dir, raw_dir : str
        Folders of the results and of the photographs.
    from_stage : int, optional
        Run this stage (1 to 4) and the later ones again.
    to_stage : int, optional
        Stop after this stage.
    force : bool
        Run again what is there already.
    checkpoint_format : {'tiff', 'fits', 'both'}
        Format of the images.
    strict_dyes : bool
        Whether a pair that is not there is an error, or is left out.
    memory_debug : bool
        Whether to keep the course of each job's memory.
    timeout_per_task : float or dict, optional
        Longest time of a job, s; for all or by stage.
    force_run : bool
        Whether to run although memory or disk will not do.
    **config
        Any other key of the configuration (`config/README.md`).

    Returns
    -------
    list of dict
        One for each pair that is there, and for each variant where `params` makes several:
        `sample`, `dye`, `status` (``complete`` or ``error: ...`` with the whole message),
        `scale_estimate`, `scale_percentile_value`, `manual_scale`; and `variant`, `alignment`,
        `accuracy_px`, `scale_error`, `n_candidates`, `seconds`, `peak_mb`, `n_estimated`,
        `false_at_most`.

    Raises
    ------
    LayoutError, MissingPairsError
        If the raw folder is not as expected or requested pairs are missing; both are
        FileNotFoundError too.
    ConfigError
        If a value cannot be used; for parameters a ValueError too.
    RoomError
        If there is not enough memory or disk.
    BatchError
        If the workflow could not begin.
    """
    wanted = _whole_config(
        samples=_listed(samples),
        dyes=_listed(dyes),
        params=params,
        output_dir=os.fspath(output_dir),
        raw_dir=os.fspath(raw_dir),
        from_stage=from_stage,
        to_stage=to_stage,
        force=force,
        checkpoint_format=checkpoint_format,
        strict_dyes=strict_dyes,
        memory_debug=memory_debug,
        timeout_per_task=timeout_per_task,
        force_run=force_run,
        **config,
    )
    results = _run(wanted, n_workers if parallel is True else 1)
    print_summary(results)
    return results


def build_task_list(
    pairs,
    params=None,
    output_dir="processed",
    raw_dir="raw",
    from_stage=None,
    to_stage=None,
    force=False,
    checkpoint_format="tiff",
):
    """List tasks for `process_one`, `run_serial`, `run_parallel` and `run_subprocess`.

    Parameters
    ----------
    pairs : list
        (sample, dye) each, or what `discover_tasks` gives.
    params, output_dir, raw_dir, from_stage, to_stage, force, checkpoint_format
        See `run_batch`.

    Returns
    -------
    list of (str, str, dict)
        Sample, dye, and how to run the pair.
    """
    settings = {
        "params": dict(params or {}),
        "output_dir": os.fspath(output_dir),
        "raw_dir": os.fspath(raw_dir),
        "from_stage": from_stage,
        "to_stage": to_stage,
        "force": force,
        "checkpoint_format": checkpoint_format,
    }
    return [(sample, dye, dict(settings)) for sample, dye, *_ in pairs]


def process_one(task):
    """Run one task and give its result (see `run_batch`)."""
    return run_serial([task])[0]


def run_variants(task, cores=1):
    """Run one task and give the results of all its variants.

    Parameters
    ----------
    task : tuple
        From `build_task_list`.
    cores : int
        Processors to use.

    Returns
    -------
    list of dict
        See `run_batch`; `variant` tells them apart.
    """
    sample, dye, settings = task
    return _run(_whole_config(**{"pairs": [f"{sample}/{dye}"], **settings}), cores)


def run_serial(tasks, tracker=None):
    """Run tasks with one processor and give their results in the same order.

    Parameters
    ----------
    tasks : list of tuple
        From `build_task_list`.
    tracker
        Of no use here: each job's memory is measured in any case.
    """
    return _run_tasks(tasks, 1)


def run_parallel(tasks, n_workers=4):
    """Run tasks side by side on `n_workers` processors; results in the same order."""
    return _run_tasks(tasks, n_workers)


def run_subprocess(tasks, memory_debug=False, timeout_per_task=None):
    """Run tasks one after the other, with a limit of time for each job; see `run_batch`."""
    return _run_tasks(tasks, 1, memory_debug=memory_debug, timeout_per_task=timeout_per_task)


def print_summary(results):
    """Print results as a table, and below it the problems in full.

    Parameters
    ----------
    results : list of dict
        From `run_batch` and its like.
    """
    heads = ("sample", "dye", "variant", "status", "scale", "percentile", "manual", "acc px")
    keys = ("scale_estimate", "scale_percentile_value", "manual_scale", "accuracy_px")
    lines = [heads]
    for result in results:
        numbers = (result.get(key) for key in keys)
        words = (result["sample"], result["dye"], result.get("variant") or "-")
        state = result["status"].split(":")[0]
        lines.append((*words, state, *("-" if x is None else f"{x:.4g}" for x in numbers)))
    widths = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    for line in lines:
        print("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())
    problems = [result for result in results if result["status"].startswith("error")]
    if problems:
        print("\nPROBLEMS")
    for result in problems:
        message = result["status"].removeprefix("error: ").replace("\n", "\n    ")
        print(f"  {result['sample']} / {result['dye']}\n    {message}")


def preflight_check(samples="all", dyes="all", output_dir="processed", raw_dir="raw", **config):
    """Compare what a batch needs of memory and disk with what this machine has.

    Parameters
    ----------
    samples, dyes, output_dir, raw_dir, **config
        See `run_batch`.

    Returns
    -------
    Preflight
        `band` is 'ok' (up to 80 % of what there is), 'warn' or 'error' (more than there is);
        printed, it is a report.
    """
    wanted = _whole_config(
        samples=_listed(samples),
        dyes=_listed(dyes),
        output_dir=os.fspath(output_dir),
        raw_dir=os.fspath(raw_dir),
        **config,
    )
    return check_room(build_request(wanted))


def _listed(names):
    """Give a list of names, a single one included."""
    return names if isinstance(names, str) else list(names)


def _whole_config(**given):
    """Complete a configuration, so that no file in the working folder adds to it.

    Snakemake merges nested values; so every parameter is spelled out.
    """
    params = {p.name: p.default for p in PARAMETERS}
    defaults = {key.name: default_of(key) for key in CONFIG_KEYS}
    return {**defaults, **given, "params": {**params, **(given.get("params") or {})}}


def _run_tasks(tasks, cores, **config):
    """Run tasks, those with the same settings together."""
    results = {}
    for settings in _distinct(task[2] for task in tasks):
        alike = [task[:2] for task in tasks if task[2] == settings]
        pairs = [f"{sample}/{dye}" for sample, dye in dict.fromkeys(alike)]
        wanted = _whole_config(**{"pairs": pairs, **settings, **config})
        for result in _run(wanted, cores):
            results.setdefault((result["sample"], result["dye"], repr(settings)), result)
    return [results[sample, dye, repr(settings)] for sample, dye, settings in tasks]


def _distinct(values):
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _run(config, cores):
    """Check a configuration, run it, and read the results."""
    build_request(config)
    run_workflow(config, cores)
    # Looked at again: a demonstration's photographs are there now.
    return [_result(row) for row in collect_summary(build_request(config)) if _is_there(row)]


def _is_there(row):
    return not row["status"].startswith("skipped")


def _result(row):
    """Make a pair's result of its row in the summary."""
    result = {key: row[key] for key in RESULT_KEYS}
    if row["status"].startswith("error"):
        result["status"] = "error: " + "\n".join(row["messages"])
    return result
