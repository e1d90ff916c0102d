"""The catalogue of microbes: what stands out of the significance image.

Work goes tile by tile with overlap. Each tile finds and deblends the sources in its window, and
keeps those whose peak lies in its core: nothing is cut at a seam, nothing is counted twice.
"""

from dataclasses import fields, replace

import cv2
import numpy as np
import pandas as pd

from exo2micro.catalogue import FLAGS, FOUND
from exo2micro.discs import reach_of_disc, values_around
from exo2micro.mineral_change import find_mineral_changes
from exo2micro.outlines import draw_outlines
from exo2micro.pixel_mask import SATURATED_POST, UNCOVERED
from exo2micro.significance import context_of
from exo2micro.sources import find_sources
from exo2micro.storage import Window, intersect, tile_windows

EDGE = 8  # px from the rim of the sample or of what both images show
PIXEL_VARIANCE = 1 / 12  # of a position within a pixel; keeps the shape of a line finite
DARK_PIECE = 256  # px; in which dark sources are looked for together
# Microbes in a dark gap of the sample count if their light does: noise is so low there that the
# wings of a bright neighbour's light are many sigma.
GAP_FLUX = 4.0  # sigma of all of a source's light in a gap


def find_candidates(tile, window, core, post, pre, *, threshold, fwhm, pad):
    """Candidates whose peak lies in a tile's core.

    Parameters
    ----------
    tile : SignificanceTile
        Significance of the window.
    window : tuple of int
        ``(y0, y1, x0, x1)`` of the tile with its context, padded-post frame.
    core : tuple of int
        The part of it that is this tile's own.
    post, pre : ndarray
        Padded post and aligned pre in the window.
    threshold : float
        Least peak significance.
    fwhm : float
        Width of the matched filter, px.
    pad : int
        Border of the padded frame.

    Returns
    -------
    DataFrame
        Columns `exo2micro.catalogue.FOUND`; ``flags`` as bits.
    list of ndarray
        Outline of each along the edges of its pixels, ``(K, 2)`` int32, closed: (x, y) of pixel
        corners in the raw post image, whose first pixel has its corners at 0 and 1.
    """
    labels, grown, peaks = find_sources(tile, threshold, fwhm)
    count = len(peaks)
    if count == 0:
        return pd.DataFrame(columns=FOUND), []
    own = _inside(peaks, window, core)
    wide = _Sums(grown, count, (tile.mask & UNCOVERED) == 0)
    tight = _Sums(labels, count)
    x, y, elongation = _shape(tile.residual, tight, peaks)
    x, y = x + window[2], y + window[0]
    flux, flux_error = _flux(tile, wide)
    counted = _on_sample(tile, peaks, flux / flux_error)
    table = pd.DataFrame(
        {
            "x": x,
            "y": y,
            "x_raw": x - pad,
            "y_raw": y - pad,
            "area_px": tight.area.astype(np.int64),
            "flux": flux,
            "flux_error": flux_error,
            "peak_significance": tile.score[peaks[:, 0], peaks[:, 1]],
            "elongation": elongation,
            "mean_post": tight.of(post) / tight.area,
            "mean_pre": tight.of(pre) / tight.area,
            "flags": _flags(tile, tight, peaks, counted, find_mineral_changes(tile, peaks, fwhm)),
        }
    )[own].reset_index(drop=True)
    shift = (window[2] - pad, window[0] - pad)
    return table, draw_outlines(labels, np.flatnonzero(own) + 1, tight.boxes(), shift)


def count_dark_sources(tile, window, core, *, threshold, fwhm):
    """Sources of a tile's core that are as dark as counted candidates are bright.

    Parameters
    ----------
    tile, window, core, threshold, fwhm
        See `find_candidates`.

    Returns
    -------
    int
    """
    dark = (tile.score < -threshold).view(np.uint8)
    margin, count = context_of(fwhm), 0
    # They are few: only what lies around them is looked at, piece by piece.
    for piece in tile_windows(Window(*core).shape, DARK_PIECE):
        piece = piece.shifted(core[0], core[2])
        x, y, width, height = cv2.boundingRect(dark[piece.within(window)])
        if width:
            y, x = y + piece.y0, x + piece.x0
            around = Window(y - margin, y + height + margin, x - margin, x + width + margin)
            around = intersect(around, window)
            inverted = _inverted(tile, around.within(window))
            count += _count_own(inverted, around, piece, threshold, fwhm)
    return count


def _inverted(tile, part):
    """A part of a tile in which what was dark is bright."""
    images = {field.name: getattr(tile, field.name)[part] for field in fields(tile)}
    for name in ("residual", "matched", "score", "outline"):
        images[name] = -images[name]
    return replace(tile, **images)


def _count_own(tile, window, core, threshold, fwhm):
    """Sources of a tile's core that would be counted as microbes."""
    _, grown, peaks = find_sources(tile, threshold, fwhm)
    flux, flux_error = _flux(tile, _Sums(grown, len(peaks)))
    own = _inside(peaks, window, core) & _on_sample(tile, peaks, flux / flux_error)
    return int((own & ~find_mineral_changes(tile, peaks, fwhm)).sum())


def _on_sample(tile, peaks, flux_sigma):
    """Which sources lie on the sample, or with light enough in a gap of it."""
    row, column = peaks.T
    return tile.sample[row, column] | (tile.ground[row, column] & (flux_sigma > GAP_FLUX))


def _flux(tile, sums):
    """Light of each source and its standard deviation, grey levels."""
    return sums.of(tile.residual), np.sqrt(sums.total(sums.values(tile.sigma) ** 2))


class _Sums:
    """Sums over the pixels of each label, from 1 to `count`, that are seen (all if not given)."""

    def __init__(self, labels, count, seen=None):
        self.pixels = np.flatnonzero(labels != 0)
        if seen is not None:
            self.pixels = self.pixels[seen.ravel()[self.pixels]]
        self.label = labels.ravel()[self.pixels]
        self.width = labels.shape[1]
        self.count = count
        self.area = self.total(np.ones(len(self.pixels)))

    def of(self, image):
        """Sums of an image."""
        return self.total(self.values(image))

    def values(self, image):
        """Values of an image at these pixels."""
        return image.ravel()[self.pixels]

    def total(self, values):
        """Sums of values, one a pixel."""
        return np.bincount(self.label, weights=values, minlength=self.count + 1)[1:]

    def boxes(self):
        """``(y0, y1, x0, x1)`` of each label, shape (count, 4)."""
        row, column = np.divmod(self.pixels, self.width)
        boxes = np.zeros((self.count + 1, 4), dtype=int)
        boxes[:, ::2] = len(self.pixels) and max(row.max(), column.max())
        for edge, place in ((0, row), (2, column)):
            np.minimum.at(boxes[:, edge], self.label, place)
            np.maximum.at(boxes[:, edge + 1], self.label, place + 1)
        return boxes[1:]


def _shape(difference, sums, peaks):
    """Centroid (x, y), and elongation (ratio of the axes), weighted by what is above zero."""
    weight = np.maximum(difference.ravel()[sums.pixels].astype(np.float64), 0)
    total = sums.total(weight)
    dark = total <= 0
    total = np.where(dark, 1.0, total)
    row, column = np.divmod(sums.pixels, sums.width)
    y = np.where(dark, peaks[:, 0], sums.total(weight * row) / total)
    x = np.where(dark, peaks[:, 1], sums.total(weight * column) / total)
    dy, dx = row - y[sums.label - 1], column - x[sums.label - 1]
    yy, xx, xy = (sums.total(weight * a * b) / total for a, b in ((dy, dy), (dx, dx), (dx, dy)))
    middle = (xx + yy) / 2 + PIXEL_VARIANCE
    spread = np.hypot((xx - yy) / 2, xy)
    elongation = np.sqrt((middle + spread) / np.maximum(middle - spread, PIXEL_VARIANCE))
    return x, y, elongation


def _inside(peaks, window, core):
    row, column = peaks[:, 0] + window[0], peaks[:, 1] + window[2]
    return (row >= core[0]) & (row < core[1]) & (column >= core[2]) & (column < core[3])


def _flags(tile, sums, peaks, on_sample, changes):
    """Remarks on each source, a bit each of `FLAGS`."""
    disc = reach_of_disc(EDGE)
    inner = values_around(tile.ground, peaks, disc).all(axis=0)
    covered = (values_around(tile.mask, peaks, disc) & UNCOVERED == 0).all(axis=0)
    row, column = peaks[:, 0], peaks[:, 1]
    remarks = {
        "saturated": sums.total(sums.values(tile.mask) & SATURATED_POST) > 0,
        "off_sample": ~on_sample,
        "near_edge": (on_sample & ~inner) | ~covered,
        "near_grain_edge": tile.grain_edge[row, column],
        "mineral": changes,
    }
    bits = [np.uint8(1 << bit) * remarks[name] for bit, name in enumerate(FLAGS)]
    return np.bitwise_or.reduce(bits)
