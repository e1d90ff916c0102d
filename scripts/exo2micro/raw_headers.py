"""Sizes of raw files by their headers, each state of a file read once; of many, by other processes.

Those read while this one goes on, so that a plan need not wait for them until it prints its jobs.
"""

import multiprocessing
import os
import signal
import sys
from contextlib import suppress

from .errors import ImageReadError
from .resource_model import RawSize

# With fewer files, starting a process costs more than it saves: a header takes 0.4 ms.
MANY_FILES = 1000
LEAST_FILES_A_PROCESS = 250

_sizes = {}
_readers = []


def raw_size(path):
    """Size of a raw image, by its header.

    Parameters
    ----------
    path : str
        Of the raw file.

    Returns
    -------
    RawSize or None
        None where the header cannot be read.

    Raises
    ------
    OSError
        If there is no such file.
    """
    state = _state(path)
    if state not in _sizes:
        _wait_for_readers()
    if state not in _sizes:
        _sizes[state] = _read(path)
    return _sizes[state]


def read_ahead(paths):
    """Begin to read the headers of many files, on the cores that this process leaves idle.

    `raw_size` waits for them when it is asked for one that it does not know.

    Parameters
    ----------
    paths : iterable of str
        Raw files; those that are not there are passed over.
    """
    _wait_for_readers()
    states = []
    for path in paths:
        try:
            states.append(_state(path))
        except OSError:
            continue  # not there yet, or a link that leads nowhere: its job says which
    unread = [state for state in dict.fromkeys(states) if state not in _sizes]
    idle = len(os.sched_getaffinity(0)) - 1 if sys.platform == "linux" else 0
    if len(unread) < MANY_FILES:
        return
    processes = min(idle, len(unread) // LEAST_FILES_A_PROCESS)
    # Forked, for a start in no time; elsewhere than on Linux that is not safe.
    context = multiprocessing.get_context("fork")
    for number in range(processes):
        receiving, sending = context.Pipe(duplex=False)
        share = unread[number::processes]
        reader = context.Process(target=_read_share, args=(share, sending), daemon=True)
        reader.start()
        sending.close()
        _readers.append((reader, receiving))


def _read_share(states, sending):
    """What a reader does: it says nothing, whatever becomes of the process that waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sending.send({state: _read(state[0]) for state in states})


def _wait_for_readers():
    """Take over what readers found; they are gone afterwards."""
    while _readers:
        reader, receiving = _readers.pop()
        # Of one that was killed nothing comes, or a part: what is unknown then is read one by one.
        with suppress(EOFError, OSError):
            _sizes.update(receiving.recv())
        receiving.close()
        reader.join()


def _state(path):
    status = os.stat(path)
    return path, status.st_size, status.st_mtime_ns


def _read(path):
    from .storage import open_raw

    try:
        with open_raw(path) as raw:
            return RawSize(*raw.shape, raw.dtype.itemsize, raw.decode_bytes, raw.scratch_bytes)
    except ImageReadError:
        return None
