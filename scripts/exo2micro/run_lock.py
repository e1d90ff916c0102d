"""One run at a time on an output folder, and no lock that outlives its run.

The operating system drops the lock when the run's process ends, however it ends; so a lock that is
held means that a run is alive.
"""

import errno
import fcntl
import os
import socket
from pathlib import Path

from .errors import BatchError
from .job_status import stamp

LOCK = ".run.lock"
# Held until this process ends.
_held = {}


def take_output_folder(output_dir, now):
    """Take the output folder for this process, or say who has it.

    Parameters
    ----------
    output_dir : path
        The output folder; it is made.
    now : float
        Time, s since the epoch.

    Returns
    -------
    bool
        False where the file system knows no locks.

    Raises
    ------
    BatchError
        If another run works on it.
    """
    folder = Path(output_dir).absolute()
    if folder in _held:
        return True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = open(folder / LOCK, "a+", encoding="utf-8")  # noqa: SIM115 held while we live
    except OSError as fault:
        raise BatchError(
            f"Cannot write into the output folder {output_dir}: {fault.strerror}. Choose another "
            "one (output_dir), or make it writable."
        ) from fault
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno not in (errno.EAGAIN, errno.EACCES):
            stream.close()
            return False
        stream.seek(0)
        holder = stream.read().strip()
        raise BatchError(
            f"Another run works on {output_dir} now ({holder}). Wait until it has ended, or give "
            "this one an output_dir of its own."
        ) from fault
    stream.truncate(0)
    stream.write(f"process {os.getpid()} on {socket.gethostname()}, since {stamp(now)}\n")
    stream.flush()
    _held[folder] = stream
    return True


def remove_stale_locks(lock_dir, output_dir):
    """Remove locks that a run on this output folder left when it was killed.

    Parameters
    ----------
    lock_dir : path
        Where Snakemake keeps its locks: files that list the files that are locked.
    output_dir : path
        The output folder, which this process has taken.
    """
    inside = os.path.normpath(output_dir) + os.sep
    lock_dir = Path(lock_dir)
    if not lock_dir.is_dir():
        return
    paths = {path: path.read_text(encoding="utf-8").splitlines() for path in lock_dir.iterdir()}
    runs = {path.name.split(".")[0] for path, files in paths.items() for file in files
            if file.startswith(inside)}  # fmt: skip
    for path in paths:
        if path.name.split(".")[0] in runs:
            path.unlink()
