"""Iterative closest point on the sample's outline, bounded, and never for the worse."""

from dataclasses import dataclass
from math import hypot

import numpy as np
from scipy.spatial import cKDTree

from .geometry import apply_homography, decompose, local_affine

ITERATIONS = 40
ENOUGH_POINTS = 60


@dataclass(frozen=True)
class IcpLimits:
    """How far the correction may go, in padded-pre px and degrees."""

    max_translation: float
    max_rotation: float
    max_scale_delta: float
    max_scale_diff: float


@dataclass(frozen=True)
class IcpResult:
    """Outcome of the refinement.

    Attributes
    ----------
    pre_from_post : ndarray, shape (3, 3)
        Refined transform, or the one given when there was nothing to gain.
    accepted : bool
        True when the refined transform is used.
    before_px, after_px : float or None
        Mean distance of the outlines' trimmed matches, px; None without outlines.
    note : str
        Why it was accepted or not.
    """

    pre_from_post: np.ndarray
    accepted: bool
    before_px: float | None
    after_px: float | None
    note: str


def refine_by_outline(post_outline, pre_outline, start, limits, centre):
    """Move the post outline onto the pre outline by an affine correction.

    Parameters
    ----------
    post_outline, pre_outline : tuple of ndarray, shapes (N, 2) and (N, 2)
        Outline points and their outward normals, padded px of their own frame.
    start : ndarray, shape (3, 3)
        ``pre_from_post`` to start from.
    limits : IcpLimits
        Bounds of the correction.
    centre : tuple of float
        ``(x, y)``, middle of the sample in the padded post frame.

    Returns
    -------
    IcpResult

    Notes
    -----
    Point-to-line distances (Chen and Medioni 1992) of matches whose normals agree; the farthest
    matches are trimmed (Chetverikov et al. 2002) because outlines differ where one photograph is
    cut off. The correction starts as a similarity and ends as an affine map.
    """
    points, normals = post_outline
    targets, target_normals = pre_outline
    if min(len(points), len(targets)) < ENOUGH_POINTS:
        return IcpResult(start, False, None, None, "no boundary that both images show")
    scale = np.sqrt(abs(np.linalg.det(local_affine(start, centre))))
    tree = cKDTree(targets)
    matrix, before = start, None
    for step in range(ITERATIONS):
        radius = max(3.0, limits.max_translation * scale * 0.8**step)
        match = _closest(matrix, points, normals, tree, target_normals, radius)
        if match is None:
            break
        rows, columns, distance = match
        if before is None:
            before = float(np.abs(distance).mean())
        full = step > ITERATIONS // 3
        correction = _solve(
            apply_homography(matrix, points[rows]),
            targets[columns],
            target_normals[columns],
            full,
        )
        matrix = correction @ matrix
        if _largest_step(correction, targets) < 1e-3 and radius <= 3.0:
            break
    return _judge(start, matrix, points, normals, tree, target_normals, limits, centre)


def _closest(matrix, points, normals, tree, target_normals, radius):
    """Nearest outline points with normals within 60 degrees; the farthest fifth is trimmed."""
    mapped = apply_homography(matrix, points)
    turned = apply_homography(matrix, points + normals) - mapped
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    distance, index = tree.query(mapped, distance_upper_bound=radius)
    found = np.isfinite(distance)
    rows = np.nonzero(found)[0]
    columns = index[found]
    agree = (turned[rows] * target_normals[columns]).sum(axis=1) > 0.5
    rows, columns = rows[agree], columns[agree]
    if len(rows) < ENOUGH_POINTS // 2:
        return None
    along = ((mapped[rows] - tree.data[columns]) * target_normals[columns]).sum(axis=1)
    keep = np.abs(along) <= np.quantile(np.abs(along), 0.8)
    return rows[keep], columns[keep], along[keep]


def _solve(moved, targets, normals, full):
    """Small similarity or affine correction that brings `moved` onto the lines at `targets`."""
    middle = moved.mean(axis=0)
    spread = max(float(np.abs(moved - middle).max()), 1.0)
    x, y = ((moved - middle) / spread).T
    nx, ny = normals.T
    if full:
        design = np.stack([nx * x, nx * y, ny * x, ny * y, nx, ny], axis=1)
    else:
        design = np.stack([nx * x + ny * y, ny * x - nx * y, nx, ny], axis=1)
    gap = ((targets - moved) * normals).sum(axis=1)
    # A whisper of ridge keeps a straight or round outline from sliding along itself.
    ridge = 1e-4 * len(gap) * np.eye(design.shape[1])
    solution = np.linalg.solve(design.T @ design + ridge, design.T @ gap)
    if full:
        linear, shift = solution[:4].reshape(2, 2), solution[4:]
    else:
        stretch, turn = solution[:2]
        linear, shift = np.array([[stretch, -turn], [turn, stretch]]), solution[2:]
    correction = np.eye(3)
    correction[:2, :2] += linear / spread
    correction[:2, 2] = shift - linear / spread @ middle
    return correction


def _largest_step(correction, targets):
    """Farthest that the correction moves a point, px."""
    corners = np.array([targets.min(axis=0), targets.max(axis=0)])
    return float(np.abs(apply_homography(correction, corners) - corners).max())


def _judge(start, matrix, points, normals, tree, target_normals, limits, centre):
    """Accept the refined transform if it is within bounds and brings the outlines together."""
    radius = max(limits.max_translation, 3.0)
    first = _closest(start, points, normals, tree, target_normals, radius)
    last = _closest(matrix, points, normals, tree, target_normals, radius)
    if first is None or last is None:
        return IcpResult(start, False, None, None, "the outlines are too far apart")
    before, after = (float(np.abs(match[2]).mean()) for match in (first, last))
    excess = bounds_exceeded(start, matrix, limits, centre)
    if excess:
        return IcpResult(start, False, before, after, f"correction refused: {excess}")
    if after >= before or len(last[0]) < 0.9 * len(first[0]):
        return IcpResult(start, False, before, after, "the outlines came no closer")
    return IcpResult(matrix, True, before, after, "the outlines came closer")


def bounds_exceeded(start, matrix, limits, centre):
    """Say which bound the correction from `start` to `matrix` breaks, or return an empty text."""
    correction = matrix @ np.linalg.inv(start)
    at = tuple(apply_homography(start, np.array([centre], dtype=np.float64))[0])
    parts = decompose(correction / correction[2, 2], at)
    shift = hypot(*parts["shift"])
    checks = [
        (shift, limits.max_translation, "max_translation", "px"),
        (abs(parts["rotation_deg"]), limits.max_rotation, "max_rotation", "degrees"),
        (abs(parts["scale_x"] - 1), limits.max_scale_delta, "max_scale_delta", ""),
        (abs(parts["scale_y"] - 1), limits.max_scale_delta, "max_scale_delta", ""),
        (abs(parts["scale_x"] - parts["scale_y"]), limits.max_scale_diff, "max_scale_diff", ""),
    ]
    return "; ".join(
        f"{value:.3g} {unit} exceeds {name} = {limit:g}".replace("  ", " ")
        for value, limit, name, unit in checks
        if value > limit
    )
