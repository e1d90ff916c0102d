"""How the next jobs are chosen: with little effort, since a run here is long jobs."""

# Snakemake looks at the sizes of all inputs of the jobs that are ready each time that a job ends;
# of more than so many, or ten a core, it takes a random sample.
LEAST_READY_JOBS, READY_JOBS_A_CORE = 50, 10
# Snakemake's own default for --max-jobs-per-timespan: jobs, seconds.
DEFAULT_RATE = (100, 1)


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
