"""Sources that may be the mineral's own: small changes of what varies much.

Noise is modelled for mineral as it is on the whole; its tails are not. A grain of few pixels may
come out brighter in one photograph than in the other, and beside a saturated grain a little of its
light is left over. So what is new is held against the structure of the mineral around it.
"""

import numpy as np

from exo2micro.discs import reach_of_disc, reach_of_square, values_around
from exo2micro.noise import FWHM_PER_SIGMA
from exo2micro.pixel_mask import BLIND

# Over pairs of 0.8 Mpx without microbes, candidates with 3 % (10 %) saturated grains: 15, 4 (26,
# 17); after the first rule with 0.5: 9, 1 (26, 17), with 0.7: 5, 1 (21, 14), after both: 2, 0 (18,
# 11). With microbes in, precision 0.93, 0.97 (0.91, 0.93) becomes 0.98, 1.00 (0.96, 0.97), and
# recall goes from 0.99, 0.97 (0.99, 0.95) to 0.98, 0.96 (0.97, 0.92).
SPOT_PART = 0.7  # of the contrast that a spot of the mineral has there
SATURATED_PART = 0.03  # of the mineral's range near a saturated grain
SATURATED_REACH = 8  # px from pixels in which the mineral saturates
RANGE_REACH = 6  # px
STEP = 2  # px; over which curvature is taken


def find_mineral_changes(tile, peaks, fwhm):
    """Which sources are small against the mineral's own structure.

    Parameters
    ----------
    tile : SignificanceTile
        Significance of a window.
    peaks : ndarray of int, shape (N, 2)
        (row, column) of each source.
    fwhm : float
        Width of the matched filter, px.

    Returns
    -------
    ndarray of bool, shape (N,)
    """
    row, column = peaks.T
    new = tile.matched[row, column]
    changed = new < SPOT_PART * spot_contrast(tile.smooth_mineral, peaks, fwhm)
    blind = (tile.mask & BLIND) > 0
    if blind.any():
        near = values_around(blind, peaks, reach_of_disc(SATURATED_REACH)).any(axis=0)
        extent = np.ptp(values_around(tile.mineral, peaks, reach_of_square(RANGE_REACH)), axis=0)
        changed |= near & (new < SATURATED_PART * extent)
    return changed


def spot_contrast(smooth, peaks, fwhm):
    """By how much the matched-filtered mineral stands out at each place, as a spot.

    A spot curves down in every direction, an edge or a vein in one at most: what counts is the
    least of the curvatures, as for a Gaussian of the filter's own width behind the filter.

    Parameters
    ----------
    smooth : ndarray of float32, shape (height, width)
        Scaled mineral behind the matched filter, grey levels.
    peaks : ndarray of int, shape (N, 2)
        (row, column).
    fwhm : float
        Width of the matched filter, px.

    Returns
    -------
    ndarray of float, shape (N,)
        Grey levels, the largest within a pixel; 0 where there is no spot.
    """
    sigma = fwhm / FWHM_PER_SIGMA
    steps = np.arange(-STEP - 1, STEP + 2)
    rows, columns = (
        np.clip(places + steps[:, None], 0, side - 1)
        for places, side in zip(peaks.T, smooth.shape, strict=True)
    )
    around = smooth[rows[:, None], columns[None, :]].astype(np.float64)
    return np.maximum(2 * sigma**2 * _least_curvature(around).max(axis=(0, 1), initial=0), 0)


def _least_curvature(around):
    """Curvature (downwards) along the direction that curves least, levels / px^2.

    Of (3 + 2 STEP) x (3 + 2 STEP) pixels around each place, for the 3 x 3 in their middle.
    """

    def at(dy, dx):
        down, right = (slice(STEP * (1 + d), STEP * (1 + d) + 3) for d in (dy, dx))
        return around[down, right]

    middle = 2 * at(0, 0)
    across = at(0, 1) + at(0, -1) - middle
    down = at(1, 0) + at(-1, 0) - middle
    mixed = (at(1, 1) + at(-1, -1) - at(1, -1) - at(-1, 1)) / 4
    return -((across + down) / 2 + np.hypot((across - down) / 2, mixed)) / STEP**2
