"""Before any job: is there room enough in memory and on disk? Read from headers only."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import RoomError
from .raw_headers import raw_size, read_ahead
from .resource_model import LARGEST_JOB_MB, RawSize, disk_of_pair, reading_mb
from .targets import pair_folder

# Silent up to here; a warning up to the whole; an error beyond.
WARN_SHARE = 0.8


@dataclass(frozen=True)
class Need:
    """How much of something is needed, and how much there is.

    Attributes
    ----------
    what : str
        Of what: memory, disk, or disk for scratch files.
    needed, available : float
        Bytes.
    ways_out : tuple of str
        What to do where it is not enough.
    """

    what: str
    needed: float
    available: float
    ways_out: tuple

    @property
    def band(self):
        """``ok``, ``warn`` or ``error``."""
        if self.needed <= WARN_SHARE * self.available:
            return "ok"
        return "warn" if self.needed <= self.available else "error"

    def __str__(self):
        """Say it in a line."""
        return (
            f"{self.what}: about {self.needed / 1e9:.1f} GB needed, "
            f"{self.available / 1e9:.1f} GB free"
        )


@dataclass(frozen=True)
class Preflight:
    """What the check found.

    Attributes
    ----------
    memory, disk : Need
        Of the largest job, and of all results that are yet to be made.
    unread : list of str
        Raw files whose header could not be read; their jobs will say why.
    scratch : Need or None
        Of the folder for scratch files, where a raw file must be unpacked to disk.
    """

    memory: Need
    disk: Need
    unread: list
    scratch: Need | None = None

    @property
    def needs(self):
        """All of which there must be enough."""
        return [need for need in (self.memory, self.disk, self.scratch) if need is not None]

    @property
    def band(self):
        """The worst of all."""
        bands = [need.band for need in self.needs]
        return next((band for band in ("error", "warn") if band in bands), "ok")

    def __str__(self):
        """Write the report: what is short, and the ways out."""
        lines = []
        for need in self.needs:
            if need.band != "ok":
                lines += [str(need), *(f"  - {way}" for way in need.ways_out)]
        return "\n".join(lines) or "; ".join(map(str, self.needs))


def look_ahead(request):
    """Begin to read, beside what this process does next, what `check_room` must know."""
    read_ahead(path for pair in request.pairs for path in (pair.pre, pair.post))


def check_room(request, local=True):
    """Compare what a request needs with what this machine has.

    Parameters
    ----------
    request : Request
        What is asked for.
    local : bool
        Whether jobs run on this machine; elsewhere its memory does not matter.

    Returns
    -------
    Preflight
    """
    disk, scratch, memory_mb, unread = 0.0, 0, LARGEST_JOB_MB, []
    look_ahead(request)
    for pair in request.pairs:
        sizes = raw_sizes(request, pair, unread)
        if sizes:
            disk += _disk_of(request, pair, sizes)
            memory_mb = max(memory_mb, reading_mb(sizes, 0))
            scratch = max(scratch, *(size.scratch_bytes for size in sizes))
    memory = Need("memory", memory_mb * 1e6, memory_available(), _MORE_MEMORY)
    if not local:
        memory = Need("memory", 0.0, memory_available(), ())
    return Preflight(
        memory,
        Need("disk", disk, disk_available(request.output_dir), _MORE_DISK),
        unread,
        _scratch_need(scratch) if local and scratch else None,
    )


def _scratch_need(size):
    folder = tempfile.gettempdir()
    return Need(f"scratch files in {folder}", float(size), disk_available(folder), _MORE_SCRATCH)


_MORE_MEMORY = (
    "close other programs, or use a machine with more memory",
    "a photograph saved as one compressed strip is decoded whole: save it in tiles",
    "force_run: true runs all the same",
)
_MORE_SCRATCH = (
    "free space there, or set TMPDIR to a folder on another disk",
    "save the photographs in tiles or uncompressed: one compressed strip must be unpacked to disk",
    "force_run: true runs all the same",
)
_MORE_DISK = (
    "free space on the disk of output_dir, or choose another one (output_dir)",
    "checkpoint_format: tiff alone takes half as much as both",
    "run some samples or dyes at a time (samples, dyes), or fewer variants",
    "force_run: true runs all the same",
)


def judge(preflight, force_run):
    """Give the warning that a check calls for, or stop the run.

    Parameters
    ----------
    preflight : Preflight
        What was found.
    force_run : bool
        Whether a lack is only warned of.

    Returns
    -------
    str
        Empty where all is well.

    Raises
    ------
    RoomError
        If something is lacking and `force_run` is not set.
    """
    if preflight.band == "ok":
        return ""
    if preflight.band == "error" and not force_run:
        raise RoomError(f"There is not enough room for this run.\n{preflight}")
    return f"Room is short.\n{preflight}"


def raw_sizes(request, pair, unread):
    """Sizes of a pair's raw files, from their headers or the demonstration's plan.

    Parameters
    ----------
    request : Request
        What is asked for.
    pair : Pair
        One of its pairs.
    unread : list
        Gets the files whose header cannot be read.

    Returns
    -------
    list of RawSize
    """
    sizes = []
    for path in (pair.pre, pair.post):
        try:
            size = raw_size(path)
        except OSError:  # not there yet, or a link that leads nowhere: its job says which
            continue
        if size is None:
            unread.append(path)
        else:
            sizes.append(size)
    return sizes or _planned_sizes(request, pair)


def reserve_for_reading(request, sample, dye, least_mb):
    """Memory to reserve for a job that reads a pair's raw files, MB; see `reading_mb`."""
    return reading_mb(sizes_of(request, sample, dye), least_mb)


def sizes_of(request, sample, dye):
    """Sizes of the raw files of a pair that is told by its names; see `raw_sizes`."""
    return raw_sizes(request, request.find_pair(sample, dye), [])


def _planned_sizes(request, pair):
    """Size of a pair that the demonstration has yet to draw."""
    from .synthesis import demo_specs

    for demo in demo_specs(request.demo) if request.demo else ():
        if (demo.sample, demo.dye) == (pair.sample, pair.dye):
            import numpy as np

            return [RawSize(*demo.spec.post_shape, np.dtype(demo.spec.dtype).itemsize)]
    return []


def _disk_of(request, pair, sizes):
    folder = pair_folder(request.output_dir, pair.sample, pair.dye)
    begun = os.path.isdir(folder)
    variants = [variant.values for variant in pair.variants]
    return disk_of_pair(
        sizes,
        variants,
        request.checkpoint_format,
        lambda path: begun and os.path.exists(f"{folder}/{path}"),
    )


def disk_available(folder):
    """Free bytes on the disk that a folder lies on, or will lie on."""
    folder = Path(folder).absolute()
    while not folder.exists():
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


def memory_available():
    """Bytes of memory that this process may take: the machine's, or its group's limit."""
    import psutil

    limits = [_limit(path) for path in _GROUP_LIMITS]
    return float(min([psutil.virtual_memory().available, *(x for x in limits if x is not None)]))


_GROUP_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


def _limit(path):
    """A limit in bytes from the system's file; None where there is none."""
    if not os.path.isfile(path):
        return None
    text = Path(path).read_text(encoding="ascii").strip()
    return int(text) if text.isdigit() else None
