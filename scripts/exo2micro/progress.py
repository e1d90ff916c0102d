"""How far a run is: its jobs by pair and stage, what runs now, and the time left."""

from collections import Counter, defaultdict
from dataclasses import dataclass

WAITING = "waiting"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
UNREACHED = "unreached"  # a job that it needs has failed

# Seconds of a processor that a job takes at any size, and for each Mpx of the raw image, about as
# measured ("Full size" in tests/benchmarks/README.md). Only their proportions matter: the run's
# own jobs set the pace.
COSTS = {
    "pad": (0.8, 0.037),
    "align_boundary": (3.5, 0.01),
    "warp_boundary": (0.6, 0.1),
    "align_interior": (7.5, 0.04),
    "figure_boundary": (6.0, 0.0),
    "figures_of_alignment": (10.0, 0.0),
    "measure_pair": (2.0, 0.15),
    "estimate_scale": (6.0, 0.0),
    "difference": (2.5, 0.2),
    "other_difference": (0.6, 0.1),
    "catalogue": (4.5, 0.005),
    "figures_of_scale": (5.0, 0.0),
    "figure_difference": (1.5, 0.0),
}
COST_OF_OTHERS = (2.0, 0.0)
START_S = 1.5  # of a processor, to start a job's interpreter
# A job that takes longer than expected is taken to be this far.
MOST_OF_A_JOB = 0.95


def cost_of(rule, mpx):
    """Estimate what a job takes, in seconds of a processor.

    Parameters
    ----------
    rule : str
        Its rule.
    mpx : float
        Size of the pair's larger raw image, Mpx.

    Returns
    -------
    float
    """
    always, for_each = COSTS.get(rule, COST_OF_OTHERS)
    return START_S + always + for_each * mpx


@dataclass(frozen=True)
class Step:
    """A job of the plan.

    Attributes
    ----------
    jobid : int
        Snakemake's number for it.
    rule : str
        Its rule.
    pair : str
        ``sample / dye`` that it works on; empty for all of them.
    stage : int or None
        The stage (1 to 4) that it belongs to.
    needs : frozenset of int
        Numbers of the planned jobs whose files it reads.
    cost : float
        From `cost_of`.
    record : str
        Path of its status record.
    """

    jobid: int
    rule: str
    pair: str
    stage: int | None
    needs: frozenset
    cost: float
    record: str = ""


@dataclass(frozen=True)
class RunningJob:
    """A job that runs now, or that waits in a cluster's queue.

    Attributes
    ----------
    step : Step
        Which.
    elapsed : float
        s since it began, or was submitted.
    expected : float or None
        What it may take altogether, s; None where no job has ended yet.
    queued : bool
        Whether it waits.
    """

    step: Step
    elapsed: float
    expected: float | None
    queued: bool

    @property
    def rest(self):
        """What it may still take, s."""
        done = 0.0 if self.queued else min(self.elapsed, MOST_OF_A_JOB * self.expected)
        return self.expected - done


class Progress:
    """What has become of the planned jobs. All times are given, in s since the epoch.

    Parameters
    ----------
    steps : iterable of Step
        The plan.
    now : float
        When the run begins.
    """

    def __init__(self, steps, now):
        self.steps = {step.jobid: step for step in steps}
        self.began = now
        self._begun, self._ended, self._failed, self._queued = {}, {}, set(), set()
        self._unreached = frozenset()
        self._readers, self._of_pair, self._of_cell = (defaultdict(list) for _ in range(3))
        for step in self.steps.values():
            self._of_pair[step.pair].append(step.jobid)
            self._of_cell[step.pair, step.stage].append(step.jobid)
            for needed in step.needs:
                self._readers[needed].append(step.jobid)

    def begin(self, jobid, now, queued=False):
        """Note that a job begins, or is handed to a queue; perhaps anew after it failed."""
        self._begun[jobid] = now
        (self._queued.add if queued else self._queued.discard)(jobid)
        self._failed.discard(jobid)
        self._unreached = self._find_unreached()

    def end(self, jobid, now):
        """Note that a job has ended well."""
        self._ended[jobid] = now
        self._failed.discard(jobid)

    def fail(self, jobid):
        """Note that a job has failed; what needs it cannot be reached."""
        self._begun.pop(jobid, None)
        self._failed.add(jobid)
        self._unreached = self._find_unreached()

    def _find_unreached(self):
        found, ahead = set(), list(self._failed)
        while ahead:
            for reader in self._readers[ahead.pop()]:
                if reader not in found:
                    found.add(reader)
                    ahead.append(reader)
        return frozenset(found)

    def state(self, jobid):
        """Tell how a job stands."""
        if jobid in self._failed:
            return FAILED
        if jobid in self._ended:
            return DONE
        if jobid in self._begun:
            return RUNNING
        return UNREACHED if jobid in self._unreached else WAITING

    def states(self, pair=None, stage=None):
        """Count the jobs by state; those of a pair and a stage, where a pair is given."""
        chosen = self.steps if pair is None else self._of_cell.get((pair, stage), ())
        return Counter(map(self.state, chosen))

    @property
    def pairs(self):
        """Pairs that have jobs of a stage in this run, by name."""
        return sorted({pair for pair, stage in self._of_cell if pair and stage})

    @property
    def stages(self):
        """Stages that have jobs in this run."""
        return sorted({stage for pair, stage in self._of_cell if pair and stage})

    def pair_state(self, pair):
        """Tell how a pair stands: failed, done, running or waiting."""
        found = set(map(self.state, self._of_pair[pair]))
        if FAILED in found:
            return FAILED
        if found <= {DONE}:
            return DONE
        return RUNNING if found & {RUNNING, DONE} else WAITING

    def running(self, now):
        """List what runs or waits in a queue, the longest first.

        Parameters
        ----------
        now : float
            s since the epoch.

        Returns
        -------
        list of RunningJob
        """
        paces = self._paces()
        jobs = []
        for jobid, begun in self._begun.items():
            if jobid in self._ended or jobid not in self.steps:
                continue
            step = self.steps[jobid]
            expected = step.cost * paces[step.rule] if paces else None
            queued = jobid in self._queued
            jobs.append(RunningJob(step, max(now - begun, 0.0), expected, queued))
        return sorted(jobs, key=lambda running: -running.elapsed)

    def seconds_left(self, now):
        """Estimate the time until the last job has ended.

        The work that is left, at the pace of the jobs that have ended, those of the same rule where
        there are any, by as many side by side as there were so far; and no less than the longest
        of those that run.

        Parameters
        ----------
        now : float
            s since the epoch.

        Returns
        -------
        float or None
            s; None while no job has ended.
        """
        paces = self._paces()
        if not paces:
            return None
        running = self.running(now)
        rests = [job.rest for job in running]
        waiting = (step for step in self.steps.values() if self.state(step.jobid) == WAITING)
        work = sum(rests) + sum(step.cost * paces[step.rule] for step in waiting)
        spent = sum(end - self._begun[jobid] for jobid, end in self._timed())
        spent += sum(job.elapsed for job in running if not job.queued)
        side_by_side = max(spent / max(now - self.began, 1e-3), 1.0)
        return max(work / side_by_side, 0.0, *rests)

    def _timed(self):
        """Numbers and ends of the jobs that have ended and whose beginning is known."""
        return [(i, end) for i, end in self._ended.items() if i in self._begun and i in self.steps]

    def _paces(self):
        """Seconds for each unit of cost: by rule, of all for a rule without; empty at first."""
        seconds, costs = Counter(), Counter()
        for jobid, end in self._timed():
            step = self.steps[jobid]
            for name in (step.rule, ""):
                seconds[name] += end - self._begun[jobid]
                costs[name] += step.cost
        if not costs:
            return {}
        known = {name: seconds[name] / costs[name] for name in costs}
        return defaultdict(lambda: known[""], known)
