"""The catalogue of microbes: what stands out of the significance image.

Work goes tile by tile with overlap. Each tile finds and deblends the sources in its window, and
keeps those whose peak lies in its core: nothing is cut at a seam, nothing is counted twice.
"""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
from scipy import ndimage

from exo2micro.catalogue import FLAGS, FOUND
from exo2micro.mineral_change import find_mineral_changes
from exo2micro.pixel_mask import SATURATED_POST, UNCOVERED
from exo2micro.sources import find_sources

EDGE = 8  # px from the rim of the sample or of what both images show
PIXEL_VARIANCE = 1 / 12  # of a position within a pixel; keeps the shape of a line finite
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
    seen = (tile.mask & UNCOVERED) == 0
    wide = _Sums(np.where(seen, grown, 0), count)
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
    places = ndimage.find_objects(labels)
    mine = np.flatnonzero(own)
    return table, [_outline(labels, index + 1, places[index], shift) for index in mine]


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
    if not (tile.score < -threshold).any():
        return 0
    inverted = replace(
        tile,
        residual=-tile.residual,
        matched=-tile.matched,
        score=-tile.score,
        outline=-tile.outline,
    )
    _, grown, peaks = find_sources(inverted, threshold, fwhm)
    flux, flux_error = _flux(inverted, _Sums(grown, len(peaks)))
    own = _inside(peaks, window, core) & _on_sample(inverted, peaks, flux / flux_error)
    return int((own & ~find_mineral_changes(inverted, peaks, fwhm)).sum())


def _on_sample(tile, peaks, flux_sigma):
    """Which sources lie on the sample, or with light enough in a gap of it."""
    row, column = peaks.T
    return tile.sample[row, column] | (tile.ground[row, column] & (flux_sigma > GAP_FLUX))


def _flux(tile, sums):
    """Light of each source and its standard deviation, grey levels."""
    return sums.of(tile.residual), np.sqrt(sums.of(tile.sigma**2))


class _Sums:
    """Sums over the pixels of each label, from 1 to `count`."""

    def __init__(self, labels, count):
        self.pixels = np.flatnonzero(labels != 0)
        self.label = labels.ravel()[self.pixels]
        self.width = labels.shape[1]
        self.count = count
        self.area = self.total(np.ones(len(self.pixels)))

    def of(self, image):
        """Sums of an image."""
        return self.total(image.ravel()[self.pixels])

    def total(self, values):
        """Sums of values, one a pixel."""
        return np.bincount(self.label, weights=values, minlength=self.count + 1)[1:]


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
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * EDGE + 1, 2 * EDGE + 1))
    inner = cv2.erode(tile.ground.astype(np.uint8), shape, borderValue=1)
    covered = cv2.erode(((tile.mask & UNCOVERED) == 0).astype(np.uint8), shape, borderValue=1)
    row, column = peaks[:, 0], peaks[:, 1]
    remarks = {
        "saturated": sums.of(tile.mask & SATURATED_POST) > 0,
        "off_sample": ~on_sample,
        "near_edge": (on_sample & (inner[row, column] == 0)) | (covered[row, column] == 0),
        "near_grain_edge": tile.grain_edge[row, column],
        "mineral": changes,
    }
    bits = [np.uint8(1 << bit) * remarks[name] for bit, name in enumerate(FLAGS)]
    return np.bitwise_or.reduce(bits)


def _outline(labels, label, part, shift):
    """Outline of a segment along the edges of its pixels, closed, int32 (x, y) of pixel corners."""
    shape = (labels[part] == label).astype(np.uint8)
    # Of the doubled image, border pixels 2 i and 2 i + 1 belong to the corners i and i + 1.
    doubled = cv2.resize(shape, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    corners = (max(contours, key=cv2.contourArea)[:, 0, :] + 1) // 2
    corners += np.array((part[1].start + shift[0], part[0].start + shift[1]), dtype=np.int32)
    # Closed first: what then repeats the corner before it is left out.
    corners = np.concatenate([corners, corners[:1]])
    moved = np.ones(len(corners), dtype=bool)
    moved[1:] = (corners[1:] != corners[:-1]).any(axis=1)
    return corners[moved]
