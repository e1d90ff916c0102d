"""Sizes of raw files by their headers, each state of a file read once; of many, by all cores."""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from .errors import ImageReadError
from .resource_model import RawSize

# With fewer files, starting processes costs more than they save: a header takes 0.4 ms.
MANY_FILES = 1000
FILES_AT_ONCE = 250

_sizes = {}


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
        _sizes[state] = _read(path)
    return _sizes[state]


def read_ahead(paths):
    """Read the headers of many files, side by side, so that `raw_size` knows them.

    Parameters
    ----------
    paths : iterable of str
        Raw files; those that are not there are passed over.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    states = {}
    for path in paths:
        try:
            states[path] = _state(path)
        except OSError:
            continue  # not there yet, or a link that leads nowhere: its job says which
    if cores == 1 or len(states) < MANY_FILES:
        return
    # Forked, for a start in no time; elsewhere than on Linux that is not safe.
    context = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(cores, mp_context=context) as readers:
            sizes = readers.map(_read, states, chunksize=FILES_AT_ONCE)
            _sizes.update(zip(states.values(), sizes, strict=True))
    except BrokenProcessPool:
        return  # a reader was killed: what is not known yet is read one by one


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
