"""What became of a job: its status record, and how to read one that was never finished.

A job's record lies beside its log and says ``running`` from the first moment on. Whatever ends the
job writes the end into it. A record that still says ``running`` although nothing runs tells that
job and watcher were killed together.
"""

import os
import socket
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from .processes import find_process
from .slurm_word import explained_by_slurm

# How a job can end.
COMPLETE = "complete"
ERROR = "error"
ALIGNMENT_FAILED = "alignment failed"
TIMED_OUT = "timed out"
OUT_OF_MEMORY = "out of memory"
KILLED = "killed"
INTERRUPTED = "interrupted"
# And how one stands that has not.
RUNNING = "running"
LOST = "lost"

HEARTBEAT_S = 10.0
# A file's time may lag behind by a minute where folders are shared over a network.
SILENCE_S = 120.0
# A record is at least this long, so that the end of a job can still be written into it when the
# disk is full (see `finish_record`).
RESERVED_BYTES = 4096


def stamp(seconds):
    """Give a time as ISO text, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def first_record(step, rule, threads, started):
    """Describe a job that begins, and by whom it is watched.

    Parameters
    ----------
    step, rule : str
        The job's name and its rule's.
    threads : int
        Cores that it holds.
    started : float
        Time, s since the epoch.

    Returns
    -------
    dict
    """
    record = {
        "step": step,
        "rule": rule,
        "threads": threads,
        "state": RUNNING,
        "message": "",
        "started": stamp(started),
        "host": socket.gethostname(),
        "boot": boot_id(),
        "pid": os.getpid(),
        "pid_started": process_start(os.getpid()),
    }
    if "SLURM_JOB_ID" in os.environ:
        record["slurm_job"] = os.environ["SLURM_JOB_ID"]
    return record


def start_record(path, record):
    """Write the record of a job that begins, with room to spare for its end."""
    from .storage import write_record

    write_record(path, {**record, "room": " " * RESERVED_BYTES})


def finish_record(path, record):
    """Write how a job ended, also onto a full disk.

    Parameters
    ----------
    path : path
        The status record, which `start_record` has written.
    record : dict
        The whole record.

    Raises
    ------
    ImageWriteError
        If even the room that was kept cannot be written to.
    """
    from .errors import ImageWriteError
    from .storage import overwrite_record, write_record

    try:
        write_record(path, record)
    except ImageWriteError:
        overwrite_record(path, record)


@cache
def boot_id():
    """Tell one run of this machine from the next: text that changes when it is started anew."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    import psutil

    return f"{psutil.boot_time():.0f}"


def process_start(pid):
    """Start of a process, see `processes.Process`; None where there is no such process."""
    process = find_process(pid)
    return None if process is None else process.started


def read_job(path):
    """Read the status record of one job.

    Parameters
    ----------
    path : path
        The record.

    Returns
    -------
    dict or None
        None where the job has not run. `state` is `LOST` where the record says that the job is
        running and it is not; `message` then says what is known.
    """
    from .storage import read_record

    path = Path(path)
    if not path.is_file():
        return None
    record = read_record(path)
    record.pop("room", None)
    if record.get("state") == RUNNING:
        why = why_lost(record, time.time() - path.stat().st_mtime)
        if why:
            record = {**record, "state": LOST, "message": f"{record['step']} {why}"}
    if record.get("state") in (LOST, INTERRUPTED) and record.get("slurm_job"):
        return explained_by_slurm(record)
    return record


def why_lost(record, silent_s):
    """Say why a job that is recorded as running is not.

    Parameters
    ----------
    record : dict
        Status record.
    silent_s : float
        Time since its watcher last touched it, s.

    Returns
    -------
    str
        Empty where it may well be running.
    """
    begun = f"began at {record.get('started')} on {record.get('host')} and never ended: "
    if record.get("host") == socket.gethostname():
        if record.get("boot") != boot_id():
            return begun + "the machine was restarted meanwhile"
        if process_start(record["pid"]) != record.get("pid_started"):
            return begun + (
                "it was killed (likely out of memory, or kill -9) together with the process "
                "that watched it"
            )
        return ""
    if silent_s > SILENCE_S:
        return begun + (
            f"nothing was heard of it for {silent_s:.0f} s; it was killed (likely out of memory, "
            "or by the batch system), or that machine is gone"
        )
    return ""
