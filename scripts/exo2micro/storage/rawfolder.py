"""What lies in the raw folder, by names alone: no image is opened."""

import errno
import os
from typing import NamedTuple

TIFF_SUFFIXES = (".tif", ".tiff")


class SampleFolder(NamedTuple):
    """The names in one sample's folder, sorted.

    Attributes
    ----------
    tiffs : tuple of str
        TIFF files.
    broken_links : tuple of str
        Links with a TIFF's name whose target is gone.
    deeper : tuple of str
        Folders inside it that hold TIFFs; looked for only where it holds none itself.
    other_types : tuple of str
        Suffixes of other files.
    fault : str
        Why it cannot be listed; empty where it can.
    """

    tiffs: tuple = ()
    broken_links: tuple = ()
    deeper: tuple = ()
    other_types: tuple = ()
    fault: str = ""


class RawFolder(NamedTuple):
    """The names in the raw folder.

    Attributes
    ----------
    path : str
        The folder, as given.
    state : {'listed', 'missing', 'not a folder', 'unreadable'}
        Whether it could be listed.
    samples : dict of str to SampleFolder
        Folders in it, sorted by name.
    loose_tiffs : tuple of str
        TIFFs beside them.
    others : tuple of str
        Other files beside them.
    """

    path: str
    state: str
    samples: dict
    loose_tiffs: tuple = ()
    others: tuple = ()


def list_raw_folder(raw_dir, leave_out=()):
    """List the raw folder and the folders in it, each once.

    Hidden names (`.DS_Store`, the `._x.tif` that a Mac leaves on foreign disks) are passed over,
    and so are folders that are called like a TIFF. Links are followed, one level only.

    Parameters
    ----------
    raw_dir : path
        The raw folder.
    leave_out : iterable of path
        Folders that are no samples (results that lie in the raw folder).

    Returns
    -------
    RawFolder
    """
    path = os.path.normpath(os.path.expanduser(os.fspath(raw_dir)))
    if not os.path.lexists(path):
        return RawFolder(path, "missing", {})
    if not os.path.isdir(path):
        return RawFolder(path, "not a folder", {})
    left_out = {os.path.realpath(folder) for folder in leave_out}
    folders, tiffs, others = [], [], []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _leads_to(entry.is_dir):
                    if not left_out or os.path.realpath(entry.path) not in left_out:
                        folders.append((entry.name, entry.path))
                else:
                    (tiffs if is_tiff_name(entry.name) else others).append(entry.name)
    except OSError as fault:
        return RawFolder(path, "unreadable", {}, others=(fault.strerror or str(fault),))
    samples = {name: _list_sample(folder) for name, folder in sorted(folders)}
    return RawFolder(path, "listed", samples, tuple(sorted(tiffs)), tuple(sorted(others)))


def is_tiff_name(name):
    """Say whether a file's name is that of a visible TIFF."""
    return name.lower().endswith(TIFF_SUFFIXES) and not name.startswith(".")


def _list_sample(folder):
    """List one sample's folder."""
    tiffs, broken, inside, types = [], [], [], set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if _leads_to(entry.is_dir):
                    inside.append((entry.name, entry.path))
                elif not is_tiff_name(entry.name):
                    types.add(os.path.splitext(entry.name)[1].lower())
                else:
                    (tiffs if _leads_to(entry.is_file) else broken).append(entry.name)
    except OSError as fault:
        return SampleFolder(fault=fault.strerror or str(fault))
    deeper = () if tiffs else tuple(sorted(name for name, path in inside if _holds_tiff(path)))
    return SampleFolder(
        tuple(sorted(tiffs)), tuple(sorted(broken)), deeper, tuple(sorted(types - {""}))
    )


def _leads_to(there):
    """Ask an entry of a folder what it is; a link that leads to itself is nothing of the kind."""
    try:
        return there()
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            return False
        raise


def _holds_tiff(folder):
    """Say whether a folder holds a TIFF itself."""
    try:
        with os.scandir(folder) as entries:
            return any(is_tiff_name(entry.name) for entry in entries)
    except OSError:
        return False


def read_sheet_lines(path):
    """Read a table's lines of text, without the byte order mark that Excel writes.

    Parameters
    ----------
    path : path
        A text file.

    Returns
    -------
    list of str

    Raises
    ------
    OSError
        If it cannot be read.
    UnicodeDecodeError
        If it is no text in UTF-8.
    """
    with open(path, encoding="utf-8-sig", newline=None) as stream:
        return stream.read().split("\n")


def file_state(path):
    """Say of a file 'file', 'missing', or 'not a file'."""
    if os.path.isfile(path):
        return "file"
    return "not a file" if os.path.exists(path) else "missing"
