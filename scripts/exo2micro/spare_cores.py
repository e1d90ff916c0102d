"""Cores of a run that no job uses at the moment, lent to jobs that have a use for them (Linux).

Of a single pair, or at the end of a batch, there are fewer jobs to run than cores. So the main
process keeps a file in memory in which each core has two bytes. A job locks one for each of its
threads, as long as it lives. A process that would work beyond that looks whether any core is left;
if so it locks a byte of the second half, until a job wants that core. The system gives all of them
back, however a process ends.
"""

import fcntl
import os
import sys
from contextlib import suppress

VARIABLE = "EXO2MICRO_CORES"
FILE_NAME = "exo2micro-cores"

# Locks of a process end when it closes the file: what is here stays open.
_open = {}


def offer_cores(cores):
    """Let the jobs that this process will start here know of each other (in the main process).

    Parameters
    ----------
    cores : int
        How many the run may use.
    """
    if sys.platform != "linux" or not cores:
        return
    descriptor = os.memfd_create(FILE_NAME)
    os.ftruncate(descriptor, 2 * int(cores))
    os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{descriptor}"


def occupy_cores(threads):
    """Lock a core for each thread of this job until it ends, and know of the run's cores.

    Nothing happens where nobody has offered any.

    Parameters
    ----------
    threads : int
        That the job was given by the workflow, which does not give more than there are.
    """
    path = os.environ.get(VARIABLE)
    if path is None:
        return
    # The main process may run on another machine, whose numbers mean nothing here.
    with suppress(OSError):
        if os.readlink(path) == f"/memfd:{FILE_NAME} (deleted)":
            cores = Cores(os.open(path, os.O_RDWR))
            cores.occupy(threads)
            _open["cores"] = cores


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
    """

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self.count = os.fstat(descriptor).st_size // 2
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
        if len(free) <= self.count:
            return False
        self._mine = next((place for place in lent if self._lock(place)), None)
        return self._mine is not None

    def is_wanted(self):
        """Whether what was borrowed is one too many, because jobs have begun meanwhile."""
        others = (place for place in range(2 * self.count) if place != self._mine)
        return sum(not self._is_free(place) for place in others) >= self.count

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
