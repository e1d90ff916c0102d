"""Histograms of a stream whose range is not known beforehand.

Bins are ``[k * width, (k + 1) * width)``. When a value lies beyond the last bin, neighbours are
merged and the width doubles. Widths are powers of two times the first, so the result depends on
the values alone, never on the order in which they came.
"""

import numpy as np


class GrowingHistogram:
    """One-dimensional histogram from zero (or symmetric about zero) that grows by doubling.

    Parameters
    ----------
    bins : int
        Number of bins on the positive side; even.
    width : float
        First bin width, in the unit of the values.
    signed : bool
        Also count negative values, in as many bins again; otherwise they fall into the first bin.
    """

    def __init__(self, bins, width, signed=False):
        self.bins, self.width, self.signed = bins, float(width), signed
        self.counts = np.zeros(2 * bins if signed else bins, dtype=np.int64)

    def add(self, values):
        """Count an array of finite values."""
        if values.size == 0:
            return
        top = max(float(values.max()), -float(values.min()) if self.signed else 0.0)
        while top >= self.bins * self.width:
            self._double()
        index = np.floor(values.ravel() * (1.0 / self.width)).astype(np.int64)
        if self.signed:
            index += self.bins
        np.clip(index, 0, len(self.counts) - 1, out=index)
        self.counts += np.bincount(index, minlength=len(self.counts))

    @property
    def edges(self):
        """Bin edges, ndarray of float64, one more than bins."""
        first = -self.bins if self.signed else 0
        return (first + np.arange(len(self.counts) + 1)) * self.width

    def _double(self):
        merged = self.counts.reshape(-1, 2).sum(axis=1)
        start = self.bins // 2 if self.signed else 0
        self.counts = np.zeros_like(self.counts)
        self.counts[start : start + len(merged)] = merged
        self.width *= 2


class GrowingJointHistogram:
    """Two-dimensional histogram of two non-negative values with a common width that doubles.

    Parameters
    ----------
    bins : int
        Bins along each axis; even.
    width : float
        First bin width.
    """

    def __init__(self, bins, width):
        self.bins, self.width = bins, float(width)
        self.counts = np.zeros((bins, bins), dtype=np.int64)

    def add(self, first, second):
        """Count pairs: `first` along the rows, `second` along the columns."""
        if first.size == 0:
            return
        top = max(float(first.max()), float(second.max()))
        while top >= self.bins * self.width:
            self._double()
        scale = 1.0 / self.width
        row = np.clip(np.floor(first.ravel() * scale).astype(np.int64), 0, self.bins - 1)
        column = np.clip(np.floor(second.ravel() * scale).astype(np.int64), 0, self.bins - 1)
        flat = np.bincount(row * self.bins + column, minlength=self.bins**2)
        self.counts += flat.reshape(self.counts.shape)

    @property
    def edges(self):
        """Bin edges of either axis, ndarray of float64."""
        return np.arange(self.bins + 1) * self.width

    def _double(self):
        half = self.bins // 2
        merged = self.counts.reshape(half, 2, half, 2).sum(axis=(1, 3))
        self.counts = np.zeros_like(self.counts)
        self.counts[:half, :half] = merged
        self.width *= 2
