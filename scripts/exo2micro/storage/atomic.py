"""Files that appear under their final name only when they are whole."""

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exo2micro.errors import ImageWriteError


@contextmanager
def atomic_path(final) -> Iterator[Path]:
    """Give a temporary path to write to, and move it to its final name at the end.

    The temporary file lies beside the final one (so the move is a rename), hidden, with the
    same suffix (writers choose the format by it). On any exception, KeyboardInterrupt included,
    it is removed and what was under the final name stays as it was.

    Parameters
    ----------
    final : path
        Where the file shall appear. Missing folders are made.

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
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
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
