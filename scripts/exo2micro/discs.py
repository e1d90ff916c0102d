"""What lies within a disc around few places: looked up there, not filtered in a whole image."""

from functools import cache

import cv2
import numpy as np


@cache
def reach_of_disc(radius):
    """Steps from the middle of a disc to each of its pixels, the nearest first.

    Parameters
    ----------
    radius : int
        Of OpenCV's ellipse of ``2 * radius + 1`` px.

    Returns
    -------
    down, right : ndarray of int, shape (K,)
    """
    side = 2 * radius + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return _nearest_first(np.argwhere(disc) - radius)


@cache
def reach_of_square(radius):
    """The same for a square of ``2 * radius + 1`` px."""
    return _nearest_first(np.argwhere(np.ones((2 * radius + 1,) * 2)) - radius)


def _nearest_first(steps):
    down, right = steps[np.argsort((steps**2).sum(axis=1), kind="stable")].T
    return down, right


def values_around(image, places, reach):
    """Values of an image around places.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        Image.
    places : ndarray of int, shape (N, 2)
        (row, column).
    reach : tuple of ndarray, shape (K,)
        From `reach_of_disc` or `reach_of_square`. Where it ends beyond the image, a pixel on the
        image's edge that is within reach as well stands in: nothing is seen that lies further off.

    Returns
    -------
    ndarray, shape (K, N)

    Examples
    --------
    >>> values_around(np.array([[1, 2, 3]]), np.array([[0, 0]]), reach_of_square(1)).max()
    np.int64(2)
    """
    down, right = (steps[:, None] for steps in reach)
    row = np.clip(places[:, 0] + down, 0, image.shape[0] - 1)
    column = np.clip(places[:, 1] + right, 0, image.shape[1] - 1)
    return image.ravel()[row * image.shape[1] + column]
