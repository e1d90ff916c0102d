"""How freed memory is kept for reuse: tiles come and go by the thousand."""

import ctypes
import sys

# Options of glibc's mallopt. Arrays up to 256 MB are cut from the heap, and up to 128 MB of freed
# heap are kept. Without, each array of a tile's size is mapped anew, and the kernel clears every
# page of it: a cubic warp then takes 4,600 page faults a megapixel (getrusage) instead of 900. With
# 64 MB the search for microbes gives memory back and asks for it again: a difference image of
# 190 Mpx took 1,000,000 page faults and 4.4 s of the system's time instead of 240,000 and 1.9 s.
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
LARGEST_FROM_HEAP = 256 * 1024**2
KEPT_BYTES = 128 * 1024**2


def reuse_freed_memory():
    """Tell the C library to keep freed memory (Linux with glibc; elsewhere nothing is done).

    Returns
    -------
    bool
        Whether it was told.
    """
    mallopt = _c_function("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST_FROM_HEAP) and mallopt(TRIM_THRESHOLD, KEPT_BYTES))


def give_freed_memory_back():
    """Give the system what was kept, where it will not be used for a while (Linux with glibc)."""
    malloc_trim = _c_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _c_function(name):
    """A function of glibc; None elsewhere."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
