"""How far a run is, in words: for a terminal, a log file, and a notebook."""

from .progress import DONE, FAILED, RUNNING, UNREACHED

STAGE_HEADS = {1: "1 padding", 2: "2 boundary", 3: "3 interior", 4: "4 difference"}
BAR = 40  # characters
# How urgently somebody wants to see a pair, where there is no room for all.
URGENCY = (RUNNING, FAILED, "waiting", DONE)


def duration(seconds):
    """Write a time as people say it.

    Parameters
    ----------
    seconds : float
        A time, s.

    Returns
    -------
    str
    """
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def headline(progress, now):
    """Say in a line how many jobs and pairs are done, and the time left.

    Parameters
    ----------
    progress : Progress
        The run.
    now : float
        s since the epoch.

    Returns
    -------
    str
    """
    states, total = progress.states(), len(progress.steps)
    pairs = [progress.pair_state(pair) for pair in progress.pairs]
    told = [f"{states[DONE]} of {total} jobs ({100 * states[DONE] // max(total, 1)} %)"]
    if pairs:
        told.append(f"{pairs.count(DONE)} of {len(pairs)} pairs done")
    if FAILED in pairs or states[FAILED]:
        told.append(f"{pairs.count(FAILED)} failed" if pairs else f"{states[FAILED]} failed")
    text = f"{', '.join(told)}; {duration(now - progress.began)} gone"
    left = progress.seconds_left(now)
    still = states[RUNNING] or states["waiting"]
    return f"{text}, about {duration(left)} left" if left is not None and still else text


def running_jobs(progress, now, most=None):
    """Say of each running job on what it works, since when, and how long it may take.

    Parameters
    ----------
    progress : Progress
        The run.
    now : float
        s since the epoch.
    most : int, optional
        How many to name.

    Returns
    -------
    list of str
    """
    jobs = progress.running(now)
    told = []
    for job in jobs[:most]:
        time = duration(job.elapsed)
        if job.queued:
            time = f"in the queue for {time}"
        elif job.expected is not None:
            time += f" of about {duration(job.expected)}"
        whose = f" {job.step.pair}" if job.step.pair else ""
        told.append(f"{job.step.rule}{whose}, {time}")
    if len(jobs) > len(told):
        told.append(f"and {len(jobs) - len(told)} more")
    return told


def line(progress, now):
    """Say all of it in one line, for a file."""
    jobs = running_jobs(progress, now, most=4)
    return headline(progress, now) + (f"; now: {'; '.join(jobs)}" if jobs else "")


def table(progress, most=None):
    """Lay out pairs x stages.

    Parameters
    ----------
    progress : Progress
        The run.
    most : int, optional
        How many pairs to show: those that run and those that failed first.

    Returns
    -------
    list of str
        Lines; none where no job belongs to a pair.
    """
    pairs = progress.pairs
    if not pairs:
        return []
    by_need = sorted(pairs, key=lambda pair: URGENCY.index(progress.pair_state(pair)))
    shown = [pair for pair in pairs if pair in set(by_need[:most])]
    stages = progress.stages
    rows = [("pair", *(STAGE_HEADS[stage] for stage in stages))]
    rows += [(pair, *(_cell(progress.states(pair, stage)) for stage in stages)) for pair in shown]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    if len(shown) < len(pairs):
        lines.append(f"and {len(pairs) - len(shown)} more pairs")
    return [text.rstrip() for text in lines]


def _cell(states):
    """How a pair's jobs of one stage stand; a dash where there is nothing to do."""
    total = states.total()
    if not total:
        return "-"
    if states[FAILED]:
        return "FAILED"
    if states[DONE] == total:
        return "done"
    if states[UNREACHED] and not states[RUNNING]:
        return "left out"
    return f"{states[DONE]} of {total}" + (" *" if states[RUNNING] else "")


def block(progress, now, width, height):
    """Fill a part of the screen.

    Parameters
    ----------
    progress : Progress
        The run.
    now : float
        s since the epoch.
    width, height : int
        Size of the terminal, characters.

    Returns
    -------
    list of str
        Lines that fit: headline, a bar, the table, and what runs now.
    """
    jobs = running_jobs(progress, now, most=max(height // 4, 1))
    pairs = table(progress, most=max(height - len(jobs) - 7, 1))
    lines = ["", headline(progress, now), _bar(progress), *pairs]
    lines += [f"{'now' if k == 0 else '':5}{text}" for k, text in enumerate(jobs)]
    return [text[: width - 1] for text in lines[: height - 1]]


def _bar(progress):
    """The share of the work that is done, by what it costs."""
    costs = {step.jobid: step.cost for step in progress.steps.values()}
    done = sum(cost for jobid, cost in costs.items() if progress.state(jobid) == DONE)
    full = int(BAR * done / max(sum(costs.values()), 1e-9))
    return f"[{'#' * full}{'.' * (BAR - full)}]"
