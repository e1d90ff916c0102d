"""A padded image made small, and where the sample lies on it."""

from dataclasses import dataclass

import numpy as np

from .footprint import Footprint
from .geometry import apply_homography, full_from_reduced

# Longest side of the raw image on the overview. Features, outlines and similarities are measured
# there, so that time and memory do not grow with the image.
OVERVIEW_SIDE = 1200
# Grey levels of a sample's outline. Dimmer images are averaged from their full resolution: levels
# of the pyramid are rounded.
DIM = 4.0


@dataclass(frozen=True)
class View:
    """Reduced image, its factors and the sample's footprint.

    Attributes
    ----------
    image : ndarray of float32, shape (h, w)
        Area-averaged image.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    footprint : Footprint
        Sample on this image.
    """

    image: np.ndarray
    factors: tuple
    footprint: Footprint


def overview_factor(shape, down_scale):
    """Reduction for the overview of a raw image.

    Parameters
    ----------
    shape : tuple of int
        Raw ``(h, w)``.
    down_scale : float
        The parameter; small images are reduced less, huge ones more.

    Returns
    -------
    float
    """
    longest = max(shape)
    return min(1.0, OVERVIEW_SIDE / longest, max(down_scale, 600 / longest))


def footprint_centre(view):
    """Centroid of the sample, full-resolution padded ``(x, y)``."""
    rows, columns = np.nonzero(view.footprint.mask)
    if not len(rows):
        rows, columns = np.nonzero(view.footprint.raw_area)
    centre = np.array([[columns.mean(), rows.mean()]])
    return tuple(apply_homography(full_from_reduced(view.factors), centre)[0])


def area_of_box(shape, factors, box):
    """Reduced pixels that lie wholly inside a full-resolution box."""
    fx, fy = factors
    y0, y1, x0, x1 = box
    area = np.zeros(shape, dtype=bool)
    rows = slice(int(np.ceil(y0 * fy - 1e-6)), int(np.floor(y1 * fy + 1e-6)))
    columns = slice(int(np.ceil(x0 * fx - 1e-6)), int(np.floor(x1 * fx + 1e-6)))
    area[rows, columns] = True
    return area
