"""What every job of the workflow does around its work: a log, a status record, clean errors."""

import logging
import os
import resource
import signal
import sys
import time
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .errors import Exo2MicroError

# The linear algebra here is small: more threads than one would only fight the job's own. Read by
# numpy when it is first imported, which is later than this module.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@contextmanager
def job(log, threads=1):
    """Run one job: log to its file and leave a status record beside it.

    Parameters
    ----------
    log : str or path
        The job's log file; the status record has the same name with ``.json``.
    threads : int
        Threads that OpenCV may use, so that jobs that run side by side don't fight.

    Raises
    ------
    SystemExit
        With status 1 after any fault. One the user can mend is printed as its message; any other
        is a fault of this program: its traceback goes to the log.
    """
    from .storage import write_record

    signal.signal(signal.SIGTERM, _end_on_signal)
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    status = log.with_suffix(".json")
    started = time.time()
    record = {"step": log.stem, "state": "running", "pid": os.getpid(), "started": _stamp(started)}
    write_record(status, record)
    logging.basicConfig(
        filename=log, filemode="w", level=logging.INFO, format="%(asctime)s %(message)s", force=True
    )
    _limit_threads(threads)
    try:
        yield logging.getLogger("exo2micro")
    except Exo2MicroError as error:
        logging.error("%s", error)
        _finish(status, record, started, "error", str(error))
        print(f"\n{error}\n", file=sys.stderr)
        raise SystemExit(1) from None
    except MemoryError:
        message = "the job ran out of memory; give it more (mem_mb) or run fewer jobs at once"
        logging.error("%s", message)
        _finish(status, record, started, "error", message)
        print(f"\n{message}\n", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        logging.error("%s", traceback.format_exc())
        message = f"unexpected fault ({type(error).__name__}: {error}); the details are in {log}"
        _finish(status, record, started, "error", message)
        print(f"\n{message}\n", file=sys.stderr)
        raise SystemExit(1) from None
    except BaseException:
        _finish(status, record, started, "interrupted", "the job was interrupted")
        raise
    _finish(status, record, started, "complete", "")


def _finish(status, record, started, state, message):
    """Write the final status record."""
    from .storage import write_record

    write_record(
        status,
        {
            **record,
            "state": state,
            "message": message,
            "seconds": round(time.time() - started, 3),
            "peak_mb": round(peak_memory_mb(), 1),
        },
    )


def peak_memory_mb():
    """Peak resident memory of this process so far, MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _stamp(seconds):
    """ISO time, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _limit_threads(threads):
    """Match OpenCV's threads to the job's."""
    import cv2

    cv2.setNumThreads(int(threads))


def _end_on_signal(number, frame):
    """Turn a request to end into an exit, so that temporary files are removed."""
    raise SystemExit(128 + number)
