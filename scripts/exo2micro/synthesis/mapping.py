"""Coordinates of every pixel of a block, from a smooth map evaluated at a few Chebyshev nodes."""

from functools import lru_cache
from math import ceil, pi

import cv2
import numpy as np

BLOCK = 512  # px; every random number and every interpolation is tied to this fixed grid


@lru_cache(maxsize=64)
def _nodes_and_weights(length: int, count: int):
    """Chebyshev nodes on ``0..length-1`` and the matrix from node values to pixel values."""
    nodes = np.cos(pi * (np.arange(count) + 0.5) / count)
    pixels = np.linspace(-1.0, 1.0, length)
    order = np.arange(count)
    at_nodes = np.cos(order[:, None] * np.arccos(nodes)[None, :])
    at_pixels = np.cos(np.arccos(pixels)[:, None] * order[None, :])
    weights = at_pixels @ (at_nodes * np.where(order == 0, 1.0, 2.0)[:, None] / count)
    return (nodes + 1) / 2 * (length - 1), weights, weights.T.astype(np.float32)


def node_count(extent: float, wavelength: float) -> int:
    """Nodes that follow a wave to better than 1e-6 of its amplitude.

    Parameters
    ----------
    extent : float
        Length of the interval, px.
    wavelength : float
        Shortest wavelength on it, px.
    """
    return 12 + ceil(1.25 * pi * extent / wavelength)


def spread_map(function, window, count: int):
    """Evaluate a smooth function of the plane at every pixel of a window.

    Parameters
    ----------
    function : callable
        From points ``(N, 2)`` (x, y) to values ``(N, K)``, float64.
    window : tuple of int
        ``(y0, y1, x0, x1)``; may stick out of the image.
    count : int
        Nodes a side, see `node_count`.

    Returns
    -------
    maps : ndarray of float32, shape (K, height, width)
        Values less `base`: small numbers, so that float32 does for positions.
    base : ndarray of float64, shape (K,)
        What was taken off each.
    """
    y0, y1, x0, x1 = window
    along_y, weight_y, _ = _nodes_and_weights(y1 - y0, count)
    along_x, _, weight_x = _nodes_and_weights(x1 - x0, count)
    x, y = np.meshgrid(x0 + along_x, y0 + along_y)
    values = function(np.stack([x.ravel(), y.ravel()], axis=1))
    base = np.floor(values.mean(axis=0))
    values = (values - base).T.reshape(-1, count, count)
    # OpenCV's product stays on this thread; numpy's wakes one for each core, which costs ten times
    # the work itself where several blocks are drawn at a time.
    maps = np.empty((len(values), y1 - y0, x1 - x0), np.float32)
    for value, target in zip(values, maps, strict=True):
        columns = cv2.gemm(weight_y, np.ascontiguousarray(value), 1, None, 0)
        cv2.gemm(columns.astype(np.float32), weight_x, 1, None, 0, dst=target)
    return maps, base
