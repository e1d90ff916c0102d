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
        if values.size:
            self._grow(values)
            self.counts += np.bincount(self._bin_of(values), minlength=len(self.counts))

    def _grow(self, values):
        top = max(float(values.max()), -float(values.min()) if self.signed else 0.0)
        while top >= self.bins * self.width:
            self._double()

    def _bin_of(self, values):
        """Number of the bin of each value, flat."""
        if self.width == 1.0 and values.dtype.kind == "u":
            return values.ravel()
        scaled = values.ravel() * (1.0 / self.width)
        index = np.floor(scaled, out=scaled).astype(np.intp)
        if self.signed:
            index += self.bins
        return np.clip(index, 0, len(self.counts) - 1, out=index)

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


class LabelledHistogram(GrowingHistogram):
    """Histograms of the values with each label, with common bins.

    Parameters
    ----------
    labels : int
        How many there are.
    bins, width, signed
        See `GrowingHistogram`.

    Attributes
    ----------
    parts : ndarray of int64, shape (labels, bins)
        Counts of each label; `counts` is their sum.
    """

    def __init__(self, labels, bins, width, signed=False):
        super().__init__(bins, width, signed)
        self.parts = np.zeros((labels, len(self.counts)), dtype=np.int64)

    def add(self, values, label):
        """Count an array of finite values; `label` is a number from 0 for each, uint8."""
        if values.size == 0:
            return
        self._grow(values)
        index = self._bin_of(values) + label.ravel() * np.intp(len(self.counts))
        counts = np.bincount(index, minlength=self.parts.size)
        self.parts += counts.reshape(self.parts.shape)
        self.counts = self.parts.sum(axis=0)

    def _double(self):
        parts = []
        for part in self.parts:
            self.counts = part
            width = self.width
            super()._double()
            parts.append(self.counts)
            self.width = width
        self.width *= 2
        self.parts = np.array(parts)
        self.counts = self.parts.sum(axis=0)


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
        row = self._bin_of(first) * np.intp(self.bins)
        row += self._bin_of(second)
        self.counts += np.bincount(row, minlength=self.bins**2).reshape(self.counts.shape)

    def _bin_of(self, values):
        if self.width == 1.0 and values.dtype.kind == "u":
            return values.ravel()
        scaled = values.ravel() * (1.0 / self.width)
        index = np.floor(scaled, out=scaled).astype(np.intp)
        return np.clip(index, 0, self.bins - 1, out=index)

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
