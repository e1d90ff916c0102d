"""Fit a homography, and where it truly predicts more a bending field, to the tiles' shifts."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from .geometry import DisplacementGrid, Transform, apply_homography, normalize
from .held_out import ENOUGH_TILES, MEDIAN_RADIUS, estimate_accuracy, predict_held_out

TUKEY = 4.685
ENOUGH_FOR_BENDING = 20
# Smoothing of the thin-plate spline, from nearly through the tiles to nearly affine.
SMOOTHINGS = tuple(10.0**k for k in (-4, -3, -2, -1, 0, 1))
# A bending field must predict held-out tiles better by this many standard errors.
SIGNIFICANCE = 3.0
GRID_INTERVALS = 96
# A tile agrees with a fit only within this share of the reach in which its shift was looked for:
# shifts of unrelated textures lie anywhere in the reach, and 2 % of them there by chance.
AGREEMENT = 1 / 6


@dataclass(frozen=True)
class TileFit:
    """A transform fitted to tiles and how well it predicts tiles it has not seen.

    Attributes
    ----------
    transform : Transform
        Fit to all good tiles.
    good : ndarray of bool, shape (N,)
        Tiles that the fit agrees with.
    residual : ndarray of float64, shape (N, 2)
        Measured minus fitted padded-pre position, px.
    held_out : ndarray of float64, shape (N, 2)
        Measured minus predicted by fits that left the tile's neighbourhood out; NaN where bad.
    accuracy_px : float
        Estimated median distance between where a point is put and where it belongs, px.
    model : str
        'homography' or 'bending'.
    smoothing : float or None
        The spline's, where there is one.
    gain_sigma : float
        By how many standard errors the bending field predicts held-out tiles better.
    """

    transform: Transform
    good: np.ndarray
    residual: np.ndarray
    held_out: np.ndarray
    accuracy_px: float
    model: str
    smoothing: float | None = None
    gain_sigma: float = 0.0


def fit_tiles(tiles, start, nonrigid="auto", box=None):
    """Fit the tiles' positions.

    Parameters
    ----------
    tiles : TileShifts
        Measured positions.
    start : ndarray, shape (3, 3)
        Homography to start from.
    nonrigid : {'auto', 'true', 'false'}
        Whether a bending field may, must or must not be used.
    box : tuple of float
        ``(y0, y1, x0, x1)`` in the padded post frame over which a bending field is given.

    Returns
    -------
    TileFit or None
        None when fewer than eight tiles agree on anything.

    Notes
    -----
    The homography is found by MAGSAC++ and refined by Gauss-Newton with Tukey weights. The bending
    field is a thin-plate spline (Duchon 1977) of the residuals whose smoothing is chosen by
    held-out neighbourhoods of tiles.
    """
    if len(tiles.post_xy) < ENOUGH_TILES:
        return None
    rigid = _fit_rigid(tiles, start)
    if rigid is None:
        return None
    if nonrigid == "false" or len(tiles.post_xy) < ENOUGH_FOR_BENDING:
        return _within_reach(rigid, tiles)
    bent = _fit_bending(tiles, rigid, box)
    if bent is None:
        return _within_reach(rigid, tiles)
    if nonrigid == "true" or bent.gain_sigma > SIGNIFICANCE:
        return _within_reach(bent, tiles)
    return _within_reach(replace(rigid, gain_sigma=bent.gain_sigma), tiles)


def _within_reach(fit, tiles):
    """Only tiles near what the others predict agree with a fit; None when they are too few."""
    good = fit.good & (np.hypot(*fit.held_out.T) < AGREEMENT * tiles.reach)
    return replace(fit, good=good) if good.sum() >= ENOUGH_TILES else None


def refine_homography(post_xy, pre_xy, sigma, start, rounds=8):
    """Weighted, robust Gauss-Newton fit of a homography.

    Parameters
    ----------
    post_xy, pre_xy : ndarray of float64, shape (N, 2)
        Corresponding points.
    sigma : ndarray of float64, shape (N,)
        Standard error of each, px.
    start : ndarray, shape (3, 3)
        First guess.
    rounds : int
        Iterations.

    Returns
    -------
    matrix : ndarray, shape (3, 3)
        Homography.
    weight : ndarray of float64, shape (N,)
        Tukey weight of each point, 0 for outliers.
    """
    frame_post, frame_pre = _unit_frame(post_xy), _unit_frame(pre_xy)
    a, b = apply_homography(frame_post, post_xy), apply_homography(frame_pre, pre_xy)
    matrix = normalize(frame_pre @ start @ np.linalg.inv(frame_post))
    unit = frame_pre[0, 0]
    weight = np.ones(len(a))
    for _ in range(rounds):
        mapped = apply_homography(matrix, a)
        gap = b - mapped
        distance = np.hypot(*gap.T) / unit
        good = weight > 0
        # What the tiles' own errors do not explain is common to all of them.
        common = max(np.median(distance[good] ** 2) / 1.386 - np.median(sigma[good] ** 2), 0.0)
        error = np.sqrt(sigma**2 + common) + 1e-4
        weight = np.clip(1 - (distance / (TUKEY * 1.2 * error)) ** 2, 0, None) ** 2
        if (weight > 0).sum() < ENOUGH_TILES:
            break
        matrix = normalize(matrix + _step(matrix, a, mapped, gap, weight / error**2))
    return normalize(np.linalg.inv(frame_pre) @ matrix @ frame_post), weight


def _step(matrix, a, mapped, gap, weight):
    """Gauss-Newton step of the eight free elements."""
    w = matrix[2, 0] * a[:, 0] + matrix[2, 1] * a[:, 1] + matrix[2, 2]
    point = np.column_stack([a, np.ones(len(a))]) / w[:, None]
    zero = np.zeros_like(point)
    rows_x = np.hstack([point, zero, -mapped[:, :1] * point[:, :2]])
    rows_y = np.hstack([zero, point, -mapped[:, 1:] * point[:, :2]])
    design = np.vstack([rows_x, rows_y])
    root = np.sqrt(np.concatenate([weight, weight]))[:, None]
    target = np.concatenate([gap[:, 0], gap[:, 1]])[:, None]
    solution = np.linalg.lstsq(design * root, target * root, rcond=1e-10)[0].ravel()
    return np.append(solution, 0.0).reshape(3, 3)


def _unit_frame(xy):
    """Matrix that carries points to about the unit square, for a well-conditioned fit."""
    middle = xy.mean(axis=0)
    size = max(float(np.abs(xy - middle).max()), 1.0)
    return np.array(
        [[1 / size, 0, -middle[0] / size], [0, 1 / size, -middle[1] / size], [0, 0, 1.0]]
    )


def _fit_rigid(tiles, start):
    """Homography through the tiles with held-out residuals and accuracy."""
    predicted = apply_homography(start, tiles.post_xy)
    residual = tiles.pre_xy - predicted
    if np.median(np.hypot(*residual.T)) > 1.0 or len(tiles.post_xy) < 3 * ENOUGH_TILES:
        threshold = max(1.0, 3 * float(np.median(tiles.sigma)))
        found, inliers = cv2.findHomography(
            tiles.post_xy, tiles.pre_xy, cv2.USAC_MAGSAC, threshold, None, 10000, 0.9999
        )
        if found is not None and inliers.sum() >= ENOUGH_TILES:
            start = found
    matrix, weight = refine_homography(tiles.post_xy, tiles.pre_xy, tiles.sigma, start)
    residual = tiles.pre_xy - apply_homography(matrix, tiles.post_xy)
    good = weight > 0
    if good.sum() < ENOUGH_TILES:
        return None

    def fit(chosen):
        part, _ = refine_homography(
            tiles.post_xy[chosen], tiles.pre_xy[chosen], tiles.sigma[chosen], matrix
        )
        return lambda xy: apply_homography(part, xy)

    held_out = predict_held_out(tiles, good, fit)
    accuracy = estimate_accuracy(tiles, good, residual, held_out, freedom=8)
    return TileFit(Transform(matrix), good, residual, held_out, accuracy, "homography")


def _fit_bending(tiles, rigid, box):
    """Thin-plate spline on the residuals, its smoothing chosen by held-out neighbourhoods."""
    matrix = rigid.transform.pre_from_post
    residual = tiles.pre_xy - apply_homography(matrix, tiles.post_xy)
    good = _agrees_with_neighbours(tiles, residual)
    if good.sum() < ENOUGH_FOR_BENDING:
        return None
    middle, size = tiles.post_xy.mean(axis=0), np.abs(np.ptp(tiles.post_xy, axis=0)).max() / 2
    error = tiles.sigma**2 + np.median(tiles.sigma[good]) ** 2
    relative = error / np.median(error[good])

    def spline(chosen, smoothing):
        field = RBFInterpolator(
            (tiles.post_xy[chosen] - middle) / size,
            residual[chosen],
            smoothing=smoothing * relative[chosen],
            kernel="thin_plate_spline",
            degree=1,
        )
        return lambda xy: field((xy - middle) / size)

    def predict(smoothing):
        def fit(chosen):
            field = spline(chosen, smoothing)
            return lambda xy: apply_homography(matrix, xy) + field(xy)

        return predict_held_out(tiles, good, fit)

    trials = {smoothing: predict(smoothing) for smoothing in SMOOTHINGS}
    losses = {smoothing: _loss(held, good).mean() for smoothing, held in trials.items()}
    best = min(losses, key=losses.get)

    def stiff(chosen):
        part, _ = refine_homography(
            tiles.post_xy[chosen], tiles.pre_xy[chosen], tiles.sigma[chosen], matrix
        )
        return lambda xy: apply_homography(part, xy)

    gain = _loss(predict_held_out(tiles, good, stiff), good) - _loss(trials[best], good)
    gain_sigma = float(gain.mean() / max(gain.std() / np.sqrt(len(gain)), 1e-12))
    field = spline(good, best)
    grid = _sample_field(field, matrix, box, np.abs(residual[good]).max())
    if grid is None:
        return None
    transform = Transform(matrix, grid)
    left = tiles.pre_xy - transform.map_points(tiles.post_xy)
    freedom = 2 * _effective_freedom(tiles, good, best, relative, middle, size)
    # Between and beyond its tiles a bending field errs more than at them: nothing is taken off.
    accuracy = estimate_accuracy(tiles, good, left, trials[best], freedom, caution=0.0)
    return TileFit(transform, good, left, trials[best], accuracy, "bending", best, gain_sigma)


def _loss(held_out, good):
    """Squared held-out distance, limited so that a stray tile does not decide."""
    squared = (held_out[good] ** 2).sum(axis=1)
    return np.minimum(squared, 9 * np.median(squared))


def _agrees_with_neighbours(tiles, residual, neighbours=8):
    """Tiles whose residual is what their neighbours let expect.

    That is their median, with the common trend taken away, for with its neighbours on one side
    only, a tile at the rim of a bent sample would else stand out; or, where the sample bends more
    than a common trend can follow, what a plane through the neighbours comes to.
    """
    xy = tiles.post_xy
    count = min(neighbours + 1, len(residual))
    index = cKDTree(xy).query(xy, k=count)[1][:, 1:]
    level = residual - _trend(xy, residual)
    away = (level - np.median(level[index], axis=1), residual - _planes(xy, residual, index))
    agrees = np.zeros(len(xy), dtype=bool)
    for gap in away:
        distance = np.hypot(*gap.T)
        agrees |= distance < np.maximum(5 * np.median(distance), 5 * tiles.sigma)
    return agrees


def _planes(xy, residual, index, rounds=5):
    """What robust planes through each tile's neighbours come to at the tile."""
    offset = xy[index] - xy[:, None]
    offset /= np.abs(offset).max(axis=(1, 2), keepdims=True)
    design = np.concatenate([np.ones((*index.shape, 1)), offset], axis=2)
    values, weight = residual[index], np.ones(index.shape)
    # Neighbours in one line leave a slope open: it is then taken as none.
    slight = np.diag([0.0, 1e-6, 1e-6])
    for _ in range(rounds):
        weighted = design * weight[..., None]
        normal = np.einsum("nki,nkj->nij", weighted, design) + slight
        plane = np.linalg.solve(normal, np.einsum("nki,nkc->nic", weighted, values))
        distance = np.linalg.norm(values - design @ plane, axis=2)
        spread = np.maximum(np.median(distance, axis=1), 1e-9)[:, None] / MEDIAN_RADIUS
        weight = np.clip(1 - (distance / (TUKEY * 1.2 * spread)) ** 2, 0, None) ** 2
    return plane[:, 0]


def _trend(xy, residual, rounds=6):
    """Robust cubic surface through the residuals; quadratic for few tiles."""
    u, v = apply_homography(_unit_frame(xy), xy).T
    degree = 3 if len(xy) >= 40 else 2
    terms = [u**i * v**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    design = np.stack(terms, axis=1)
    weight = np.ones(len(xy))
    for _ in range(rounds):
        root = np.sqrt(weight)[:, None]
        surface = design @ np.linalg.lstsq(design * root, residual * root, rcond=1e-8)[0]
        distance = np.hypot(*(residual - surface).T)
        spread = max(float(np.median(distance)), 1e-9) / MEDIAN_RADIUS
        weight = np.clip(1 - (distance / (TUKEY * 1.2 * spread)) ** 2, 0, None) ** 2
    return surface


def _effective_freedom(tiles, good, smoothing, relative, middle, size):
    """Effective parameters of a smoothing spline per axis: the trace of its hat matrix."""
    points = (tiles.post_xy[good] - middle) / size
    unit = np.eye(len(points))
    hat = RBFInterpolator(
        points,
        unit,
        smoothing=smoothing * relative[good],
        kernel="thin_plate_spline",
        degree=1,
    )(points)
    return float(np.trace(hat))


def _sample_field(field, matrix, box, limit):
    """The field on a regular grid, bounded; None where it would fold the image."""
    y0, y1, x0, x1 = box
    step = max((x1 - x0), (y1 - y0)) / GRID_INTERVALS
    x = x0 + step * np.arange(int(np.ceil((x1 - x0) / step)) + 1)
    y = y0 + step * np.arange(int(np.ceil((y1 - y0) / step)) + 1)
    grid_x, grid_y = np.meshgrid(x, y)
    xy = np.stack([grid_x.ravel(), grid_y.ravel()], axis=1)
    shift = np.clip(field(xy), -1.5 * limit, 1.5 * limit).reshape(len(y), len(x), 2)
    grid = DisplacementGrid(float(x0), float(y0), step, step, shift[..., 0], shift[..., 1])
    mapped = Transform(matrix, grid).map_points(xy).reshape(len(y), len(x), 2)
    right, down = np.diff(mapped, axis=1)[:-1], np.diff(mapped, axis=0)[:, :-1]
    turn = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    orientation = np.sign(np.linalg.det(matrix[:2, :2]))
    return None if (turn * orientation <= 0).any() else grid
