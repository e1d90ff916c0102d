"""The difference image: post minus the scaled, aligned pre image."""

import numpy as np


def difference_tile(post, pre, coverage, scale, dark_post=0.0, dark_pre=0.0):
    """Difference of one tile.

    Parameters
    ----------
    post : ndarray, shape (height, width)
        Padded post, any type.
    pre : ndarray of float32, same shape
        Aligned pre; zero where it shows nothing.
    coverage : ndarray of bool, same shape
        Both images show something.
    scale : float or ndarray broadcastable to the tile
        Photometric scale.
    dark_post, dark_pre : float
        Dark levels to take off where both images show something.

    Returns
    -------
    ndarray of float32
        ``post - scale * pre``; where covered, ``(post - dark_post) - scale * (pre - dark_pre)``.

    Examples
    --------
    >>> covered = np.array([[True, False]])
    >>> difference_tile(np.array([[9, 9]]), np.array([[3.0, 0.0]]), covered, 2.0, 1.0, 1.0)
    array([[4., 9.]], dtype=float32)
    """
    difference = np.asarray(pre, dtype=np.float64) * scale
    np.subtract(post, difference, out=difference)
    constant = scale * dark_pre - dark_post
    difference += constant if np.all(coverage) else np.where(coverage, constant, 0.0)
    return difference.astype(np.float32)
