"""Microbes: a table drawn cell by cell, and their bright spots in the post image."""

from math import ceil, log, pi

import numpy as np
import pandas as pd

from .mapping import BLOCK

COLUMNS = ("x", "y", "fwhm", "length", "angle_deg", "peak", "flux", "cluster", "on_sample")
FOUR_LN2 = 4 * log(2)
CLUSTER_SIZE = (4, 24)  # members
CLUSTER_SPREAD = 1.1  # deviation of the members' places, in widths times root of their number
CLUSTER_REACH = 96  # px; no member lies further from its cluster's middle
LONGEST_ROD = 3.0  # in units of its width
REACH = 1.7  # a spot is drawn to this many widths from its middle line (0.03 % of its peak)


class MicrobeField:
    """All microbes of a pair, in the raw post frame.

    The frame is cut into cells of `BLOCK` px. Each cell is drawn from a seed of its own, so a
    window needs only the cells around it, and gets the same microbes as the whole.

    Parameters
    ----------
    spec : PairSpec
        Uses the microbe fields.
    is_sample : callable
        From points ``(N, 2)`` to whether they lie on the sample, bool ``(N,)``.
    """

    def __init__(self, spec, is_sample):
        self.spec = spec
        self._is_sample = is_sample
        self._mean_area = _mean_area(spec)
        self._cells = {}

    def table(self, window=None) -> pd.DataFrame:
        """Microbes whose middle lies in a window of the post frame (all of it by default).

        Returns
        -------
        DataFrame
            A row each: ``x, y`` (raw post px), ``fwhm`` (px, as imaged), ``length`` of a rod's
            middle line (px, 0 for cocci), ``angle_deg`` (from x towards y), ``peak`` (grey
            levels), ``flux`` (grey levels times px), ``cluster`` (number, -1 for singles),
            ``on_sample``.
        """
        height, width = self.spec.post_shape
        table = pd.DataFrame(self._rows(window or (0, height, 0, width)), columns=list(COLUMNS))
        return table.astype({"cluster": np.int64, "on_sample": bool})

    def add_to(self, levels, window) -> None:
        """Add the microbes' light to a block of the post image, in place.

        Parameters
        ----------
        levels : ndarray of float32, shape (height, width)
            Grey levels of the window.
        window : tuple of int
            ``(y0, y1, x0, x1)`` of the post frame.
        """
        y0, y1, x0, x1 = window
        margin = ceil(self.spec.microbe_fwhm[1] * (REACH + LONGEST_ROD / 2)) + 1
        height, width = self.spec.post_shape
        around = (
            max(y0 - margin, 0),
            min(y1 + margin, height),
            max(x0 - margin, 0),
            min(x1 + margin, width),
        )
        rows = self._rows(around)
        reach = np.ceil(REACH * rows[:, 2] + rows[:, 3] / 2).astype(int) + 1
        for radius in np.unique(reach):
            _stamp(levels, rows[reach == radius], int(radius), x0, y0)

    def _rows(self, window):
        y0, y1, x0, x1 = window
        height, width = self.spec.post_shape
        if self.spec.microbe_cover == 0:
            return np.empty((0, len(COLUMNS)))
        first_row, first_column = (max(e - CLUSTER_REACH, 0) // BLOCK for e in (y0, x0))
        last_row = -(-min(y1 + CLUSTER_REACH, height) // BLOCK)
        last_column = -(-min(x1 + CLUSTER_REACH, width) // BLOCK)
        rows = np.concatenate(
            [
                self._cell(row, column)
                for row in range(first_row, last_row)
                for column in range(first_column, last_column)
            ]
        )
        x, y = np.floor(rows[:, 0] + 0.5), np.floor(rows[:, 1] + 0.5)
        return rows[(x >= x0) & (x < x1) & (y >= y0) & (y < y1)]

    def _cell(self, row, column):
        if (row, column) not in self._cells:
            self._cells[row, column] = self._draw_cell(row, column)
        return self._cells[row, column]

    def _draw_cell(self, row, column):
        spec = self.spec
        rng = np.random.Generator(np.random.SFC64((spec.seed, 4, row, column)))
        expected = -log(1 - spec.microbe_cover) / self._mean_area * BLOCK**2
        singles = rng.poisson(expected * (1 - spec.cluster_fraction))
        clusters = rng.poisson(expected * spec.cluster_fraction / (sum(CLUSTER_SIZE) / 2))
        members = rng.integers(CLUSTER_SIZE[0], CLUSTER_SIZE[1] + 1, clusters)
        cluster = np.repeat(np.arange(clusters), members)
        number = (row * 100_000 + column) * 10_000 + cluster
        count = singles + len(cluster)

        shape = _draw_shapes(rng, spec, count)
        middles = rng.uniform(-0.5, BLOCK - 0.5, (singles + clusters, 2))
        middles += (column * BLOCK, row * BLOCK)
        spread = CLUSTER_SPREAD * 0.5 * np.mean(spec.microbe_fwhm) * np.sqrt(members[cluster])
        apart = rng.standard_normal((len(cluster), 2)) * spread[:, None]
        apart *= np.minimum(1, CLUSTER_REACH / np.maximum(np.hypot(*apart.T), 1e-9))[:, None]
        xy = np.concatenate([middles[:singles], middles[singles:][cluster] + apart])

        on_sample = self._is_sample(xy)
        kept = on_sample | (rng.random(count) < spec.stray_fraction)
        label = np.concatenate([np.full(singles, -1), number])
        rows = np.column_stack([xy, shape, _flux(shape), label, on_sample])
        return rows[kept]


def _draw_shapes(rng, spec, count):
    """Columns fwhm, length, angle_deg, peak."""
    fwhm = np.exp(rng.uniform(*np.log(spec.microbe_fwhm), count))
    length = fwhm * rng.uniform(0.5, LONGEST_ROD, count) * (rng.random(count) < spec.rod_fraction)
    angle = rng.uniform(0, 180, count)
    peak = np.exp(rng.uniform(*np.log(spec.microbe_peak), count))
    return np.column_stack([fwhm, length, angle, peak])


def _flux(shape):
    """Integral of the spots: a Gaussian's two halves and, for rods, the straight part."""
    fwhm, length, _, peak = shape.T
    return peak * (pi / FOUR_LN2 * fwhm**2 + np.sqrt(pi / FOUR_LN2) * fwhm * length)


def _mean_area(spec) -> float:
    """Mean area of a microbe above half its peak, px²."""
    fwhm, length, _, _ = _draw_shapes(np.random.default_rng(0), spec, 20_000).T
    return float(np.mean(pi / 4 * fwhm**2 + fwhm * length))


def _stamp(levels, rows, radius, x0, y0):
    """Add spots that fit into ``2 * radius + 1`` px to the block that starts at (x0, y0)."""
    x, y, fwhm, length, angle, peak = rows[:, :6].T
    column, line = np.rint(x).astype(int), np.rint(y).astype(int)
    side = np.arange(-radius, radius + 1)
    dx = (side[None, None, :] - (x - column)[:, None, None]).astype(np.float32)
    dy = (side[None, :, None] - (y - line)[:, None, None]).astype(np.float32)
    cosine, sine, half, width, top = (
        value[:, None, None].astype(np.float32)
        for value in (np.cos(np.radians(angle)), np.sin(np.radians(angle)), length / 2, fwhm, peak)
    )
    along = np.maximum(np.abs(dx * cosine + dy * sine) - half, 0)
    across = dy * cosine - dx * sine
    spots = top * np.exp(-np.float32(FOUR_LN2) * (along**2 + across**2) / width**2)
    height, block_width = levels.shape
    for spot, j, i in zip(spots, column - radius - x0, line - radius - y0, strict=True):
        top_cut, left_cut = max(-i, 0), max(-j, 0)
        bottom, right = min(2 * radius + 1, height - i), min(2 * radius + 1, block_width - j)
        if top_cut < bottom and left_cut < right:
            levels[i + top_cut : i + bottom, j + left_cut : j + right] += spot[
                top_cut:bottom, left_cut:right
            ]
