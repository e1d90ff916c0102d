"""What a fit says of tiles that it has not seen, and how accurate it is for that."""

import numpy as np
from scipy.spatial import cKDTree

ENOUGH_TILES = 8
FOLDS = 5
# Median distance of a two-dimensional Gaussian, in units of its one-axis sigma.
MEDIAN_RADIUS = 1.1774
# A spline that runs nearly through its tiles leaves no residuals: where it uses more than this
# share of their freedom it is not believed to be better than the tiles' own errors. Of 32 drawn
# pairs with 1.5 to 5 px of bending 94 % were then stated within a factor of two, 78 % before.
MUCH_USED = 0.2
LEAST_LEFT = 0.25
# Squared distances, and products of two, are limited to so many times their median.
OUTLYING = 9.0


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
    The fit's own variance follows from the tiles' weights and the number of free parameters, scaled
    by how the residuals compare with what the weights expect, the parameters' share taken off. What
    the model can't follow is smooth, so it shows as a correlation between held-out neighbours,
    whose noise is independent; of that, `caution` standard errors are taken to be chance.
    """
    count = int(good.sum())
    weight = _weights(tiles.sigma[good], residual[good])
    misfit = 0.5 * (residual[good] ** 2).sum(axis=1) * weight
    misfit = np.minimum(misfit, OUTLYING * np.median(misfit)).mean()
    used = freedom / (2 * count)
    misfit /= max(1 - used, LEAST_LEFT)
    if used > MUCH_USED:
        misfit = max(misfit, min(1.0, 2 * used))
    fit_variance = misfit * freedom / (2 * weight.sum())
    pairs = cKDTree(tiles.post_xy[good]).query(tiles.post_xy[good], k=min(5, count))[1]
    first, others = pairs[:, :1], pairs[:, 1:]
    held = held_out[good]
    products = 0.5 * (held[first] * held[others]).sum(axis=2).ravel()
    limit = OUTLYING * max(np.median(np.abs(products)), 1e-12)
    products = np.clip(products, -limit, limit)
    share = np.sqrt(weight[first] * weight[others]).ravel()
    share /= share.sum()
    shared = (share * products).sum()
    # Each tile takes part in about eight products, so a quarter of them are independent.
    error = 2 * np.sqrt((share**2 * (products - shared) ** 2).sum())
    excess = max(0.0, shared - fit_variance - caution * error)
    return float(MEDIAN_RADIUS * np.sqrt(fit_variance + excess))


def _weights(sigma, residual):
    """Inverse variances (1/px2, one axis) of tiles: their own, and what is common to all."""
    squared = (residual**2).sum(axis=1)
    common = np.median(squared) / MEDIAN_RADIUS**2 - np.median(sigma**2)
    return 1 / (sigma**2 + max(common, 0.0) + 1e-12)
