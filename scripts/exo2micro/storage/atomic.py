"""Files that appear under their final name only when they are whole."""

import os
import re
import secrets
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from exo2micro.errors import ImageWriteError

FLUSH_S = 1.0  # s between two flushes of a large file


@contextmanager
def atomic_path(final, large: bool = False, forget: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to, and move it to its final name at the end.

    The temporary file lies beside the final one (so the move is a rename), hidden, with the
    same suffix (writers choose the format by it). On any exception, KeyboardInterrupt included,
    it is removed and what was under the final name stays as it was.

    Parameters
    ----------
    final : path
        Where the file shall appear. Missing folders are made.
    large : bool
        Bring it to disk bit by bit while it is written: at the end there is little left to do.
    forget : bool
        Do not keep in memory what of a large file is on disk: nothing reads it soon.

    Yields
    ------
    Path
        Where to write.
    """
    final = Path(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = final.with_name(f".{final.stem}.{unique}{final.suffix}")
    try:
        with SteadyFlush(temporary, forget) if large else nullcontext():
            yield temporary
        _flush_to_disk(temporary, forget)
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


class SteadyFlush:
    """Brings a file to disk while it is written, in a thread. Use it as a context manager.

    The system would keep most of it in memory until it is told to flush it, and then a job waits
    for the disk: a gigabyte took 0.9 s here.

    Parameters
    ----------
    path : path
        The file.
    forget : bool
        Whether to take what is on disk out of memory. There it pushes out what will be read again,
        and to find ever new memory costs time: 3 GB took 1.6 s of the system's time instead of
        2.8 to 4.9.

    Raises
    ------
    OSError
        On leaving: what the system said of a flush, which it may say only once.
    """

    def __init__(self, path, forget=False):
        self._path, self._forget = path, forget
        self._fault, self._stopped = None, threading.Event()
        self._thread = threading.Thread(target=self._flush_again_and_again, daemon=True)

    def __enter__(self):
        """Begin."""
        self._thread.start()

    def __exit__(self, *fault):
        """Stop."""
        self._stopped.set()
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _flush_again_and_again(self):
        while not self._stopped.wait(FLUSH_S):
            try:
                _flush_to_disk(self._path, self._forget)
            except FileNotFoundError:
                continue  # not begun yet
            except OSError as fault:
                self._fault = fault
                return


def _flush_to_disk(path: Path, forget: bool = False) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        if forget and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def remove_leftovers(final) -> None:
    """Remove what writers of this file that were killed have left beside it.

    Parameters
    ----------
    final : path
        The file; it must be nobody's turn to write it now.
    """
    final = Path(final)
    if final.parent.is_dir():
        name = rf"\.{re.escape(final.stem)}\.\d+-[0-9a-f]{{8}}{re.escape(final.suffix)}"
        for path in final.parent.iterdir():
            if re.fullmatch(name, path.name):
                path.unlink(missing_ok=True)


def scratch_file(folder=None):
    """Open a nameless scratch file for writing and reading back; it vanishes when closed.

    Parameters
    ----------
    folder : path, optional
        On which disk; the system's folder for temporary files when None.
    """
    return tempfile.TemporaryFile(dir=folder, prefix=".exo2micro-")


@contextmanager
def write_faults(path, expected_bytes: int | None = None) -> Iterator[None]:
    """Turn what the operating system refuses while `path` is written into ImageWriteError."""
    try:
        yield
    except OSError as fault:
        size = f" About {expected_bytes / 1e9:.2f} GB were to be written." if expected_bytes else ""
        raise ImageWriteError(
            f"Cannot write {path}: {fault.strerror or fault}.{size} Nothing was left behind. "
            "Free space on that disk, or check that you may write in that folder (output_dir), "
            "and run again: finished files are kept."
        ) from fault
