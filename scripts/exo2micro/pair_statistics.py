"""Everything that the scale, the noise model and the figures need, from one streamed pass.

The arrays of the result (``measurements/04_joint*.npz``):

==========================  =================================================================
``shape``                   (2,) padded frame, height and width
``post_box``                (4,) raw post image in it: y0, y1, x0, x1
``saturation``              (2,) full scale of post and pre; NaN where there is none
``pixel_type``              name of the raw type, e.g. ``uint8``
``joint``                   (n, n) counts of (warped pre, post): pre along the rows; both covered
``joint_edges``             (n + 1,) bin edges of both axes, raw grey levels
``post_counts/_edges``      histogram of post over its raw image
``pre_counts/_edges``       histogram of the warped pre where both images show something
``raw_pre_counts/_edges``   histogram of the unwarped pre over its raw image
``difference_edges``        edges of the three histograms of post - pre (unscaled):
``difference_all``          every pixel of the post image,
``difference_both``         both above zero,
``difference_post_only``    post above zero and pre not (or not covered)
``reduced_post/_pre``       area means over ``reduction`` x ``reduction`` px of the padded frame,
                            float32; pre over its covered pixels
``reduced_coverage``        covered fraction of each of those, float32
``reduction``               side of the reduced pixel, px (a power of two)
``counts``                  (5,) pixels: post image, covered, post saturated, pre saturated,
                            either saturated (the last three among the covered)
``patch_*``                 full-resolution sample, see `exo2micro.patches`
==========================  =================================================================
"""

import numpy as np

from exo2micro.histograms import GrowingHistogram, GrowingJointHistogram, LabelledHistogram
from exo2micro.padding import raw_box
from exo2micro.patches import MAX_PIXELS, PATCH, PatchSampler

REDUCED_SIDE = 1500  # px; longest side of the reduced images
FINE_BINS = 4096
JOINT_BINS = 1024
FLOAT_WIDTH = 2.0**-40  # first bin width for float images, whatever their unit

# Interpolation rounds a saturated plateau's rim: warped values above this part of full scale
# count as saturated.
SATURATED_PART = 0.98

# What shows something in a pixel; 0 where post does not.
BOTH, POST_ONLY = 1, 2


class PairStatistics:
    """Accumulator over the tiles of the padded-post frame, in any order.

    Parameters
    ----------
    shape : tuple of int
        ``(height, width)`` of the padded frame.
    post_box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in it.
    saturation : tuple of float or None
        Full scale of post and of pre; None where there is none (float images).
    dtype : dtype
        Type of the padded images.
    max_pixels : int
        Pixels of the full-resolution sample at most.
    """

    def __init__(self, shape, post_box, saturation, dtype, max_pixels=MAX_PIXELS):
        self.shape = tuple(int(side) for side in shape)
        self.post_box = tuple(int(edge) for edge in post_box)
        self.saturation = saturation
        self.dtype = np.dtype(dtype)
        whole = self.dtype.kind == "u"
        byte = self.dtype == np.uint8
        width = 1.0 if whole else FLOAT_WIDTH
        fine, joint = (256, 256) if byte else (FINE_BINS, JOINT_BINS)
        self._post = GrowingHistogram(fine, width)
        # Where the joint histogram is as fine, the warped pre's is its margin.
        self._pre = None if fine == joint else GrowingHistogram(fine, width)
        self._raw_pre = GrowingHistogram(fine, width)
        self._joint = GrowingJointHistogram(joint, width)
        self._difference = LabelledHistogram(3, fine, width, signed=True)
        self._counts = np.zeros(5, dtype=np.int64)
        self._patches = PatchSampler(self.post_box, self.dtype, max_pixels)
        self.reduction = 1
        while max(self.shape) > REDUCED_SIDE * self.reduction:
            self.reduction *= 2
        size = [-(-side // self.reduction) for side in self.shape]
        self._reduced = [np.zeros(size, dtype=np.float32) for _ in range(3)]

    @classmethod
    def of_pair(cls, post, padding):
        """Prepare for a pair: its padded post image and stage 1's record."""
        saturation = (padding["saturation"]["post"], padding["saturation"]["pre"])
        return cls(post.shape, raw_box(padding, "post"), saturation, post.dtype)

    def add(self, window, post, pre, coverage):
        """Count one tile.

        Parameters
        ----------
        window : Window
            ``(y0, y1, x0, x1)`` in the padded-post frame; y0 and x0 multiples of 128, and y1 and
            x1 too unless they are the frame's edge.
        post : ndarray, shape (height, width)
            Padded post, raw type.
        pre : ndarray of float32, same shape
            Aligned pre.
        coverage : ndarray of bool, same shape
            Both images show something here.

        Raises
        ------
        ValueError
            If the window does not lie on the lattice of 128 px.
        """
        y0, y1, x0, x1 = window
        self._check_window(window)
        post = np.asarray(post)
        if self.dtype.kind == "f":
            coverage = coverage & np.isfinite(post) & np.isfinite(pre)
            post, pre = np.nan_to_num(post), np.nan_to_num(pre)
        if post.any() or coverage.any():
            self._patches.add(window, post, pre, coverage)
            self._reduce(y0, x0, post, pre, coverage)
        top, bottom = max(self.post_box[0], y0), min(self.post_box[1], y1)
        left, right = max(self.post_box[2], x0), min(self.post_box[3], x1)
        if bottom <= top or right <= left:
            return
        part = np.s_[top - y0 : bottom - y0, left - x0 : right - x0]
        self._count(post[part], pre[part], coverage[part])

    def add_raw_pre(self, tile):
        """Count a tile of the unwarped raw pre image (without the padding)."""
        self._raw_pre.add(np.nan_to_num(np.asarray(tile)))

    def merge(self, other):
        """Take in what another gathered of other tiles of the same pair."""
        self._post.merge(other._post)
        self._raw_pre.merge(other._raw_pre)
        self._joint.merge(other._joint)
        self._difference.merge(other._difference)
        if self._pre is not None:
            self._pre.merge(other._pre)
        self._counts += other._counts
        self._patches.merge(other._patches)
        for own, others in zip(self._reduced, other._reduced, strict=True):
            own += others  # each pixel is zero in all but one of them

    def result(self):
        """Arrays as listed at the head of this module.

        Returns
        -------
        dict of ndarray
        """
        post, pre, coverage = self._reduced
        pre_counts, pre_edges = self._joint.counts.sum(axis=1), self._joint.edges
        if self._pre is not None:
            pre_counts, pre_edges = self._pre.counts, self._pre.edges
        saturation = [np.nan if level is None else level for level in self.saturation]
        return {
            "shape": np.array(self.shape),
            "post_box": np.array(self.post_box),
            "saturation": np.array(saturation, dtype=np.float64),
            "pixel_type": np.array(self.dtype.name),
            "joint": self._joint.counts,
            "joint_edges": self._joint.edges,
            "post_counts": self._post.counts,
            "post_edges": self._post.edges,
            "pre_counts": pre_counts,
            "pre_edges": pre_edges,
            "raw_pre_counts": self._raw_pre.counts,
            "raw_pre_edges": self._raw_pre.edges,
            "difference_edges": self._difference.edges,
            "difference_all": self._difference.counts,
            "difference_both": self._difference.parts[BOTH],
            "difference_post_only": self._difference.parts[POST_ONLY],
            "reduced_post": post,
            "reduced_pre": pre,
            "reduced_coverage": coverage,
            "reduction": np.array(self.reduction),
            "counts": self._counts,
            **self._patches.result(),
        }

    def _check_window(self, window):
        y0, y1, x0, x1 = window
        ends = ((y1, self.shape[0]), (x1, self.shape[1]))
        if y0 % PATCH or x0 % PATCH or any(end % PATCH and end != side for end, side in ends):
            raise ValueError(
                f"The window {tuple(window)} does not lie on the lattice of {PATCH} px on which "
                f"the statistics of a {self.shape} image are gathered."
            )

    def _count(self, post, pre, coverage):
        covered = int(np.count_nonzero(coverage))
        whole = covered == coverage.size
        both = (pre, post) if whole else (pre[coverage], post[coverage])
        self._post.add(post)
        if self._pre is not None:
            self._pre.add(both[0])
        self._joint.add(*both)
        shown_pre = pre if whole else np.where(coverage, pre, np.float32(0))
        # Interpolation leaves tiny values where the raw pre image is zero.
        pre_shows = shown_pre >= 0.5 if self.dtype.kind == "u" else shown_pre > 0
        label = (post > 0).view(np.uint8) * (np.uint8(POST_ONLY) - pre_shows)
        self._difference.add(post.astype(np.float32) - shown_pre, label)
        self._counts[:2] += post.size, covered
        bright_post, bright_pre = saturated(*both[::-1], self.saturation)
        if bright_post.any() or bright_pre.any():
            masks = (bright_post, bright_pre, bright_post | bright_pre)
            self._counts[2:] += [np.count_nonzero(mask) for mask in masks]

    def _reduce(self, y0, x0, post, pre, coverage):
        step = self.reduction
        area = np.outer(*(_lengths(side, step) for side in coverage.shape))
        whole = bool(coverage.all())
        covered = area if whole else _block_sums(coverage, step)
        row, column = y0 // step, x0 // step
        where = np.s_[row : row + area.shape[0], column : column + area.shape[1]]
        shown = pre if whole else pre * coverage
        self._reduced[0][where] = _block_sums(post, step) / area
        self._reduced[1][where] = _block_sums(shown, step) / np.maximum(covered, 1)
        self._reduced[2][where] = covered / area


def saturated(post, pre, saturation):
    """Pixels at full scale.

    Parameters
    ----------
    post, pre : ndarray
        Post and warped pre, grey levels of the raw type.
    saturation : tuple of float or None
        Full scale of post and of pre; None or NaN for none.

    Returns
    -------
    post_mask, pre_mask : ndarray of bool
    """
    masks = []
    for image, level, part in zip((post, pre), saturation, (1.0, SATURATED_PART), strict=True):
        if level is None or not np.isfinite(level):
            masks.append(np.zeros(image.shape, dtype=bool))
            continue
        limit = level * part
        # Whole numbers are compared as such: as float64 it takes seven times as long.
        masks.append(image >= (int(np.ceil(limit)) if image.dtype.kind == "u" else limit))
    return tuple(masks)


def _lengths(side, step):
    """How many of `side` px lie in each run of `step`: the last one has what is left."""
    return np.minimum(step, side - np.arange(0, side, step))


def _block_sums(image, step):
    """Sums over step x step px, the last ones over what is left."""
    return _strided_sums(_strided_sums(image, step).T, step).T


def _strided_sums(image, step):
    """Sums over `step` rows, row by row of all runs: several times as fast as `reduceat`."""
    sums = image[::step].astype(np.float64)
    for first in range(1, step):
        rows = image[first::step]
        sums[: len(rows)] += rows
    return sums
