"""The scale over the field: measured on a coarse grid, and a smooth surface through it."""

import numpy as np

from exo2micro.patches import PATCH

MAX_CELLS = 8  # along the longer side
MIN_BLOCKS = 40  # in a cell
FIELD_ORDER = 3
REACH = 1.15  # beyond this, in units of the map's half extent, the surface goes on level
SIGNIFICANT = 5.0  # (chi2 - dof) / sqrt(2 dof)
NOTABLE_SPREAD = 0.01  # relative; smaller variations are let pass


def measure_scale_map(blocks, origins):
    """Measure the scale in each cell of a coarse grid.

    Parameters
    ----------
    blocks : Blocks
        Background blocks.
    origins : ndarray, shape (N, 2)
        ``(y, x)`` of the patches.

    Returns
    -------
    dict
        ``x``, ``y`` (cell centres, padded-post px), ``scale``, ``error``, ``blocks`` (lists by row;
        NaN where there are too few blocks), ``spread`` (relative standard deviation beyond the
        errors), ``p05``, ``p95``, ``significance`` ((chi2 - dof) / sqrt(2 dof)), ``varies``.
    """
    top, left = origins.min(axis=0)
    bottom, right = origins.max(axis=0) + PATCH
    cell = max(bottom - top, right - left) / MAX_CELLS
    rows, columns = (max(1, round((b - a) / cell)) for a, b in ((top, bottom), (left, right)))
    centre = origins[blocks.patch] + PATCH / 2
    row = np.minimum(((centre[:, 0] - top) / (bottom - top) * rows).astype(int), rows - 1)
    column = np.minimum(((centre[:, 1] - left) / (right - left) * columns).astype(int), columns - 1)
    ratio = np.log(blocks.post / blocks.pre)
    scale, error = np.full((2, rows, columns), np.nan)
    count = np.zeros((rows, columns), dtype=int)
    for i, j in np.ndindex(rows, columns):
        inside = (row == i) & (column == j)
        count[i, j] = inside.sum()
        if count[i, j] >= MIN_BLOCKS:
            middle, sigma = clipped_mean(ratio[inside], blocks.pixels[inside] * blocks.pre[inside])
            scale[i, j], error[i, j] = np.exp(middle), np.exp(middle) * sigma
    y, x = (
        low + (np.arange(n) + 0.5) * (high - low) / n
        for low, high, n in ((top, bottom, rows), (left, right, columns))
    )
    return {"y": y, "x": x, "scale": scale, "error": error, "blocks": count, **_vary(scale, error)}


def clipped_mean(values, weights):
    """Weighted mean after three cuts at 3 sigma, and its error."""
    keep = np.ones(len(values), dtype=bool)
    for _ in range(3):
        middle = np.median(values[keep])
        sigma = 1.4826 * np.median(np.abs(values[keep] - middle)) + 1e-12
        keep = np.abs(values - middle) < 3 * sigma
    mean = np.average(values[keep], weights=weights[keep])
    weight = weights[keep] / weights[keep].sum()
    return mean, np.sqrt((weight**2 * (values[keep] - mean) ** 2).sum())


def _vary(scale, error):
    known = np.isfinite(scale)
    if known.sum() < 3:
        return {"spread": 0.0, "p05": None, "p95": None, "significance": 0.0, "varies": False}
    values = np.log(scale[known])
    sigma = error[known] / scale[known] + 1e-4
    mean = np.average(values, weights=sigma**-2)
    freedom = len(values) - 1
    chi2 = (((values - mean) / sigma) ** 2).sum()
    spread = np.sqrt(max(values.var(ddof=1) - np.mean(sigma**2), 0.0))
    significance = (chi2 - freedom) / np.sqrt(2 * freedom)
    return {
        "spread": float(spread),
        "p05": float(np.quantile(scale[known], 0.05)),
        "p95": float(np.quantile(scale[known], 0.95)),
        "significance": float(significance),
        "varies": bool(spread > NOTABLE_SPREAD and significance > SIGNIFICANT),
    }


def fit_scale_field(scale_map):
    """Fit a smooth surface (polynomial of the logarithm) through the map.

    Parameters
    ----------
    scale_map : dict
        From `measure_scale_map`.

    Returns
    -------
    dict
        ``centre``, ``half`` (x, y) that bring positions to [-1, 1], ``order``, ``coefficients``.
    """
    x, y = np.meshgrid(scale_map["x"], scale_map["y"])
    scale, error = np.asarray(scale_map["scale"], float), np.asarray(scale_map["error"], float)
    known = np.isfinite(scale)
    centre = [(a.max() + a.min()) / 2 for a in (x, y)]
    half = [max((a.max() - a.min()) / 2, 1.0) for a in (x, y)]
    order = FIELD_ORDER
    while order > 0 and 2 * (order + 1) * (order + 2) / 2 > known.sum():
        order -= 1
    field = {"centre": centre, "half": half, "order": order}
    terms = _terms(x[known], y[known], field)
    weight = scale[known] / np.hypot(error[known], 1e-3 * scale[known])
    # A trace of ridge regression keeps the corners, where there is no sample, tame.
    system = np.vstack([terms * weight[:, None], 1e-3 * weight.max() * np.eye(terms.shape[1])])
    target = np.concatenate([np.log(scale[known]) * weight, np.zeros(terms.shape[1])])
    target[len(weight)] = 1e-3 * weight.max() * np.median(np.log(scale[known]))
    coefficients, *_ = np.linalg.lstsq(system, target, rcond=None)
    return {**field, "coefficients": coefficients.tolist()}


def measure_roughness(scale_map, field):
    """Relative scatter of the map about the smooth surface through it, beyond its errors.

    Returns
    -------
    float
        Robust standard deviation of the logarithm; large where minerals change side by side.
    """
    scale = np.asarray(scale_map["scale"], float)
    known = np.isfinite(scale)
    x, y = (axis[known] for axis in np.meshgrid(scale_map["x"], scale_map["y"]))
    gap = np.log(scale[known]) - np.log(evaluate_scale_field(field, x, y))
    error = np.asarray(scale_map["error"], float)[known] / scale[known]
    beyond = np.quantile(np.abs(gap), 0.6827) ** 2 - np.mean(error**2)
    return float(np.sqrt(max(beyond, 0.0)))


def evaluate_scale_field(field, x, y):
    """Scale at positions of the padded-post frame.

    Positions beyond the map take the value at its edge.

    Parameters
    ----------
    field : dict
        From `fit_scale_field`.
    x, y : ndarray of float64
        Positions, broadcast against each other.

    Returns
    -------
    ndarray of float64
    """
    return np.exp(_terms(x, y, field) @ np.asarray(field["coefficients"]))


def scale_field_tile(field, window):
    """Scale at every pixel of a window.

    Parameters
    ----------
    field : dict
        From `fit_scale_field`.
    window : tuple of int
        ``(y0, y1, x0, x1)``, padded-post frame.

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    y0, y1, x0, x1 = window
    order = field["order"]
    u, v = _normalised(np.arange(x0, x1), np.arange(y0, y1), field)
    weights = np.zeros((order + 1, order + 1))
    for (i, j), coefficient in zip(_powers(order), field["coefficients"], strict=True):
        weights[j, i] = coefficient
    rows, columns = np.vander(v, order + 1, True), np.vander(u, order + 1, True)
    return np.exp(rows @ weights @ columns.T).astype(np.float32)


def _powers(order):
    return [(i, k - i) for k in range(order + 1) for i in range(k + 1)]


def _normalised(x, y, field):
    u = np.clip((x - field["centre"][0]) / field["half"][0], -REACH, REACH)
    v = np.clip((y - field["centre"][1]) / field["half"][1], -REACH, REACH)
    return u, v


def _terms(x, y, field):
    u, v = _normalised(x, y, field)
    return np.stack([u**i * v**j for i, j in _powers(field["order"])], axis=-1)
