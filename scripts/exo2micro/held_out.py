"""What a fit says of tiles that it has not seen, and how accurate it is for that."""

import numpy as np
from scipy.spatial import cKDTree

ENOUGH_TILES = 8
FOLDS = 5
# Median distance of a two-dimensional Gaussian, in units of its one-axis sigma.
MEDIAN_RADIUS = 1.1774


def predict_held_out(tiles, good, fit):
    """Residual of each good tile under a fit that left its whole neighbourhood out.

    Parameters
    ----------
    tiles : TileShifts
        Measured positions.
    good : ndarray of bool, shape (N,)
        Tiles to fit.
    fit : callable
        Takes a boolean choice of tiles, returns a map of (N, 2) post points to pre points.

    Returns
    -------
    ndarray of float64, shape (N, 2)
        Measured minus predicted, px; NaN where not good.
    """
    held_out = np.full(tiles.post_xy.shape, np.nan)
    fold = _neighbourhood(tiles.post_xy) % FOLDS
    for k in range(FOLDS):
        out = good & (fold == k)
        rest = good & (fold != k)
        if out.any() and rest.sum() >= ENOUGH_TILES:
            held_out[out] = tiles.pre_xy[out] - fit(rest)(tiles.post_xy[out])
    missing = good & np.isnan(held_out[:, 0])
    held_out[missing] = tiles.pre_xy[missing] - fit(good)(tiles.post_xy[missing])
    return held_out


def _neighbourhood(xy):
    """Number of the cell of about four tiles in which each tile lies, numbered in a mixed order."""
    span = np.ptp(xy, axis=0)
    cells = max(len(xy) / 4, 1.0)
    side = max(float(np.sqrt(max(span[0], 1) * max(span[1], 1) / cells)), 1.0)
    column, row = ((xy - xy.min(axis=0)) / side).astype(int).T
    return column * 2 + row * 3 + (column // 5) + (row // 5) * 2


def estimate_accuracy(tiles, good, residual, held_out, freedom, caution=0.5):
    """Estimated median error of the fit, px.

    Parameters
    ----------
    tiles : TileShifts
        Measured positions.
    good : ndarray of bool, shape (N,)
        Tiles that the fit agrees with.
    residual, held_out : ndarray of float64, shape (N, 2)
        Measured minus fitted, and minus predicted by `predict_held_out`.
    freedom : float
        Free parameters of the fit, both axes together.
    caution : float
        See the notes.

    Returns
    -------
    float

    Notes
    -----
    The fit's own variance follows from the residuals and the number of free parameters. What the
    model can't follow is smooth, so it shows as a correlation between held-out neighbours, whose
    noise is independent; of that, `caution` standard errors are taken to be chance.
    """
    count = int(good.sum())
    variance = 0.5 * (residual[good] ** 2).sum(axis=1)
    variance = variance[variance <= 25 * np.median(variance)].mean()
    fit_variance = variance * freedom / (2 * count)
    pairs = cKDTree(tiles.post_xy[good]).query(tiles.post_xy[good], k=min(5, count))[1]
    held = held_out[good]
    products = 0.5 * (held[pairs[:, :1]] * held[pairs[:, 1:]]).sum(axis=2).ravel()
    limit = 9 * max(np.median(np.abs(products)), 1e-12)
    products = np.clip(products, -limit, limit)
    shared = products.mean()
    # Each tile takes part in about eight products.
    error = products.std() / np.sqrt(max(len(products) / 4, 1))
    excess = max(0.0, shared - fit_variance - caution * error)
    return float(MEDIAN_RADIUS * np.sqrt(fit_variance + excess))
