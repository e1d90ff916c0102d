"""Tiles set aside on disk until they are wanted again in the same order."""

import imagecodecs
import numpy as np

from exo2micro.storage.atomic import scratch_file, write_faults

DEFLATE_LEVEL = 1


class TileSpool:
    """First in, first out, compressed, in a nameless scratch file.

    For a second image that comes out of one pass: the first is written on the way, the second
    from here.

    Parameters
    ----------
    folder : path
        On which disk; it must exist.
    """

    def __init__(self, folder):
        self._folder = folder
        self._file = scratch_file(folder)
        self._sizes = []

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        self._file.close()

    def add(self, tile) -> None:
        """Set one tile aside: a 2-D array, or None."""
        if tile is None:
            self._sizes.append(None)
            return
        packed = imagecodecs.deflate_encode(np.ascontiguousarray(tile), DEFLATE_LEVEL)
        with write_faults(self._folder):
            self._file.write(packed)
        self._sizes.append((len(packed), tile.shape, tile.dtype))

    def tiles(self):
        """Yield the tiles in the order in which they came."""
        self._file.seek(0)
        for entry in self._sizes:
            if entry is None:
                yield None
                continue
            size, shape, dtype = entry
            pixels = imagecodecs.deflate_decode(self._file.read(size))
            yield np.frombuffer(pixels, dtype).reshape(shape)
