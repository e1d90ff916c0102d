"""Cores of a run that no job uses at the moment, lent to jobs that have a use for them (Linux).

Of a single pair, or at the end of a batch, there are fewer jobs to run than cores. So the main
process keeps a file in memory in which each core has two bytes. A job locks one for each of its
threads, as long as it lives. A process that would work beyond that looks whether any core is left;
if so it locks a byte of the second half, until a job wants that core. The system gives all of them
back, however a process ends.

What nobody waits for is done in the background: such a job locks nothing, runs at the lowest
priority, and so takes what the others leave of the cores, however short they leave it.
"""

import fcntl
import os
import sys
from contextlib import suppress

VARIABLE = "EXO2MICRO_CORES"
BACKGROUND_VARIABLE = "EXO2MICRO_BACKGROUND"
LOWEST_PRIORITY = 19  # a busy job beside leaves it a seventieth of a core
FILE_NAME = "exo2micro-cores"

# Locks of a process end when it closes the file: what is here stays open.
_open = {}


def offer_cores(cores, background=False):
    """Let the jobs that this process will start here know of each other (in the main process).

    Parameters
    ----------
    cores : int
        How many the run may use.
    background : bool
        Whether jobs may run in the background: where many others always have work for all cores,
        one there would take as long as all of those.
    """
    if sys.platform != "linux" or not cores:
        return
    descriptor = os.memfd_create(FILE_NAME)
    os.ftruncate(descriptor, 2 * int(cores))
    os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{descriptor}"
    os.environ[BACKGROUND_VARIABLE] = "1" if background else ""


def occupy_cores(threads, background=False):
    """Lock a core for each thread of this job until it ends, and know of the run's cores.

    Nothing happens where nobody has offered any.

    Parameters
    ----------
    threads : int
        That the job was given by the workflow, which does not give more than there are.
    background : bool
        Lock none and run in the background instead, where the run has jobs there.
    """
    path = os.environ.get(VARIABLE)
    if path is None:
        return
    # The main process may run on another machine, whose numbers mean nothing here.
    with suppress(OSError):
        if os.readlink(path) == f"/memfd:{FILE_NAME} (deleted)":
            cores = _open["cores"] = Cores(os.open(path, os.O_RDWR))
            if background and os.environ.get(BACKGROUND_VARIABLE):
                os.nice(LOWEST_PRIORITY)
                cores.unlocked = threads
            else:
                cores.occupy(threads)


def lent_cores(threads):
    """Where a job of so many threads can ask for more; None where there can be none.

    Returns
    -------
    Cores or None
    """
    cores = _open.get("cores")
    return cores if cores is not None and cores.count > threads else None


class Cores:
    """The cores of a run.

    Parameters
    ----------
    descriptor : int
        The file in memory, open for reading and writing.

    Attributes
    ----------
    count : int
        How many there are.
    unlocked : int
        How many of them this job works on without having locked them.
    """

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self.count = os.fstat(descriptor).st_size // 2
        self.unlocked = 0
        self._mine = None

    def occupy(self, threads):
        """Lock as many cores as a job has threads, as far as that many are free."""
        taken = 0
        for place in range(self.count):
            taken += taken < threads and self._lock(place)

    def borrow(self):
        """Lock a core that nobody uses; to be called in the process that will use it.

        Returns
        -------
        bool
            Whether there was one.
        """
        free = [place for place in range(2 * self.count) if self._is_free(place)]
        lent = [place for place in free if place >= self.count]
        if len(free) <= self.count + self.unlocked:
            return False
        self._mine = next((place for place in lent if self._lock(place)), None)
        return self._mine is not None

    def is_wanted(self):
        """Whether what was borrowed is one too many, because jobs have begun meanwhile."""
        others = (place for place in range(2 * self.count) if place != self._mine)
        busy = sum(not self._is_free(place) for place in others)
        return busy + self.unlocked >= self.count

    def give_back(self):
        """Unlock what was borrowed."""
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._mine)
        self._mine = None

    def _is_free(self, place):
        free = self._lock(place)
        if free:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, place)
        return free

    def _lock(self, place):
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        return True
