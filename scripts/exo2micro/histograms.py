"""Histograms of a stream whose range is not known beforehand.

Bins are ``[k * width, (k + 1) * width)``. When a value lies beyond the last bin, neighbours are
merged and the width doubles. Widths are powers of two times the first, so the result depends on
the values alone, never on the order in which they came.
"""

import cv2
import numpy as np

MOST_SMALL = 2**16  # bins; their numbers fit into 16 bits, which count in half the time


def _index_type(bins):
    """Type of bins' numbers."""
    return np.uint16 if bins <= MOST_SMALL else np.intp


def _count(index, bins):
    """How often each bin's number occurs, int64."""
    if index.dtype in (np.uint8, np.uint16) and index.size < 2**24:  # float32 counts no further
        flat = np.ascontiguousarray(index).reshape(1, -1)
        counts = cv2.calcHist([flat], [0], None, [bins], [0, bins])
        return counts.ravel().astype(np.int64)
    return np.bincount(index.ravel(), minlength=bins)


def _bins_of(values, width, zero, bins):
    """Number of the bin of each value, flat, the bin of zero being `zero`."""
    if width == 1.0 and values.dtype.kind == "u" and zero == 0:
        return values.ravel()
    scaled = values.ravel() * (1.0 / width)
    # Down to the next whole number before the shift, which would round what is just below one.
    np.floor(scaled, out=scaled)
    scaled += zero
    return np.clip(scaled, 0, bins - 1, out=scaled).astype(_index_type(bins))


def _make_as_wide(first, second):
    """Double the bins of the one of two histograms that has the narrower ones."""
    while first.width < second.width:
        first._double()
    while second.width < first.width:
        second._double()


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
            self.counts += _count(self._bin_of(values), len(self.counts))

    def merge(self, other):
        """Take in what another of the same first bins has counted; the other may double, too."""
        _make_as_wide(self, other)
        self.counts += other.counts

    def _grow(self, values):
        top = max(float(values.max()), -float(values.min()) if self.signed else 0.0)
        while top >= self.bins * self.width:
            self._double()

    def _bin_of(self, values):
        """Number of the bin of each value, flat."""
        return _bins_of(values, self.width, self.bins if self.signed else 0, len(self.counts))

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
        index = label.ravel() * _index_type(self.parts.size)(len(self.counts))
        index += self._bin_of(values)
        counts = _count(index, self.parts.size)
        self.parts += counts.reshape(self.parts.shape)
        self.counts = self.parts.sum(axis=0)

    def merge(self, other):
        """See `GrowingHistogram.merge`."""
        super().merge(other)
        self.parts += other.parts

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
        row = self._bin_of(first).astype(_index_type(self.bins**2))
        row *= row.dtype.type(self.bins)
        row += self._bin_of(second)
        self.counts += _count(row, self.bins**2).reshape(self.counts.shape)

    def merge(self, other):
        """Take in what another of the same first bins has counted; the other may double, too."""
        _make_as_wide(self, other)
        self.counts += other.counts

    def _bin_of(self, values):
        return _bins_of(values, self.width, 0, self.bins)

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
