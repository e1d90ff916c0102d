"""Processes as the system tells them.

Linux tells them in files. Each job's watcher reads those, because to load psutil, which reads them
as well, takes 0.04 s of a processor, a tenth of what a job's start takes.
"""

import os
import signal
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process.

    Attributes
    ----------
    name : str
        Of its program.
    parent : int
        Process id of its parent.
    started : float
        When it began, s, only to be compared with others of the same machine and start of it.
    """

    name: str
    parent: int
    started: float


def find_process(pid):
    """Look at a process.

    Parameters
    ----------
    pid : int
        Process id.

    Returns
    -------
    Process or None
        None where there is none any more, or only its exit status.
    """
    if not _has_files():
        return _ask_psutil(pid)
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    # From the third on, see proc(5): state, parent, ..., start in clock ticks (the 22nd).
    fields = rest.split()
    if fields[0] in "ZX":
        return None
    return Process(name, int(fields[1]), round(int(fields[19]) / os.sysconf("SC_CLK_TCK"), 2))


def children_of(pid):
    """Processes that a process has begun and that still run (Linux; elsewhere none is told).

    Parameters
    ----------
    pid : int
        Process id.

    Returns
    -------
    list of int
        Process ids of those that its first thread has begun.
    """
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@cache
def _has_files():
    return Path("/proc/self/stat").is_file()


def _ask_psutil(pid):
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Process(process.name(), process.ppid(), round(process.create_time(), 2))
    except psutil.NoSuchProcess:
        return None


def die_with_parent(parent):
    """Have the system kill this process when its parent ends (Linux).

    Parameters
    ----------
    parent : int
        Process id of the parent, which may have ended meanwhile.
    """
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
