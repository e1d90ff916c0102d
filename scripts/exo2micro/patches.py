"""An even sample of an image pair in square patches at full resolution.

The photometry needs neighbouring pixels (to mask microbes with their wings, to average blocks, to
see gradients), but not all of them: statistics are never what limits it. Patches are laid out by
a rank-one lattice, so that any fraction of them is spread evenly, and which of them are taken
depends on the geometry alone.
"""

from dataclasses import dataclass

import numpy as np

PATCH = 128  # px; divides the streaming tile
MAX_PIXELS = 6_000_000  # px of the raw post image that are kept at most
LATTICE = (0.7548776662466927, 0.5698402909980532)  # two-dimensional golden ratio
# Warped values are kept to this fraction of a grey level, which packs well and adds no noise.
STEPS_PER_LEVEL = {"uint8": 64.0, "uint16": 1.0}


@dataclass(frozen=True)
class Patches:
    """Full-resolution patches of a pair.

    Attributes
    ----------
    post, pre : ndarray of float32, shape (N, PATCH, PATCH)
        Post image and warped pre image, grey levels of the raw type.
    coverage : ndarray of bool, same shape
        Both images show something.
    origin : ndarray of int64, shape (N, 2)
        ``(y, x)`` of each patch in the padded-post frame.
    """

    post: np.ndarray
    pre: np.ndarray
    coverage: np.ndarray
    origin: np.ndarray


class PatchSampler:
    """Collects patches from streamed tiles.

    Parameters
    ----------
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded frame.
    dtype : dtype
        Type of the padded images.
    max_pixels : int
        Pixels of the box that are sampled at most.
    """

    def __init__(self, box, dtype, max_pixels=MAX_PIXELS):
        self.box, self.dtype = box, np.dtype(dtype)
        area = max((box[1] - box[0]) * (box[3] - box[2]), 1)
        self.fraction = min(1.0, max_pixels / area)
        self._taken = {}

    def add(self, window, post, pre, coverage):
        """Keep the sampled patches of one tile (its origin on the patch lattice)."""
        y0, y1, x0, x1 = window
        steps = STEPS_PER_LEVEL.get(self.dtype.name)
        for y in range(y0, y1, PATCH):
            for x in range(x0, x1, PATCH):
                if not self._is_sampled(y // PATCH, x // PATCH):
                    continue
                part = np.s_[y - y0 : y - y0 + PATCH, x - x0 : x - x0 + PATCH]
                if not coverage[part].any():
                    continue
                aligned = pre[part].astype(np.float32)
                if steps is not None:
                    aligned = np.round(aligned * steps) / np.float32(steps)
                self._taken[y, x] = (_pad(post[part]), _pad(aligned), _pad(coverage[part]))

    def merge(self, other):
        """Take in the patches of other tiles."""
        self._taken.update(other._taken)

    def result(self):
        """Arrays for the npz file, patches in row-major order of their origin."""
        origins = sorted(self._taken)
        shape = (0, PATCH, PATCH)
        stacks = [
            np.stack([self._taken[origin][i] for origin in origins])
            if origins
            else np.zeros(shape, dtype)
            for i, dtype in enumerate((self.dtype, np.float32, bool))
        ]
        return {
            "patch_origin": np.array(origins, dtype=np.int64).reshape(-1, 2),
            "patch_post": stacks[0],
            "patch_pre": stacks[1],
            "patch_coverage": np.packbits(stacks[2], axis=-1),
        }

    def _is_sampled(self, row, column):
        return self.fraction >= 1 or (row * LATTICE[0] + column * LATTICE[1]) % 1 < self.fraction


def read_patches(arrays):
    """Rebuild the patches from the arrays of the npz file.

    Parameters
    ----------
    arrays : dict of ndarray
        What `PatchSampler.result` returned.

    Returns
    -------
    Patches
    """
    return Patches(
        arrays["patch_post"].astype(np.float32),
        arrays["patch_pre"].astype(np.float32),
        np.unpackbits(arrays["patch_coverage"], axis=-1).astype(bool),
        arrays["patch_origin"],
    )


def _pad(tile):
    if tile.shape == (PATCH, PATCH):
        return tile.copy()
    whole = np.zeros((PATCH, PATCH), dtype=tile.dtype)
    whole[: tile.shape[0], : tile.shape[1]] = tile
    return whole
