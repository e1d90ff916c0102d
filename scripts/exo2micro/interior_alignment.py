"""Stage 3: from the coarse transform to a fraction of a pixel, by the sample's interior."""

from dataclasses import dataclass, replace

import numpy as np

from .features import FeatureMatch, match_features
from .geometry import Transform, apply_homography, lift, lower, point_grid
from .overview import similarity_of
from .storage import ArrayImage, Window
from .tilefit import TileFit, fit_tiles
from .tilematch import TileShifts, TileSource, expect_shifts, match_tiles

# Tiles of this side are matched at full resolution; smaller ones where too few would fit.
TILE_SIDES = (256, 192, 128, 96, 64, 48)
# Neighbouring tiles share this rim, which the filters and the shift take off each of them.
TILE_RIM = 16
WANTED_TILES = 80
MOST_TILES = 400
FIRST_TILES = 100
FIRST_REACH = 60.0
REFINED_REACH = 12.0
LAST_REACH = 3.0
# A transform that moves nine tiles in ten by no more than this is final.
SETTLED_PX = 0.1
MOST_ROUNDS = 4
# Where more than this share agrees, these tiles start from where they were found. Elsewhere all are
# measured anew: tiles that agree by chance would be kept and join others in every round.
SURE_SHARE = 0.6
# Reach of the tiles on the overview, px of the overview.
OVERVIEW_TILE = 96
OVERVIEW_REACH = 24.0
# With so many features in agreement no other blur is tried.
ENOUGH_INLIERS = 60


@dataclass(frozen=True)
class InteriorAlignment:
    """Stage 3's result.

    Attributes
    ----------
    transform : Transform
        Padded post to padded pre.
    features : FeatureMatch or None
        Key points on the overviews.
    tiles : TileShifts or None
        Last measurement of the tiles, against `before_last`.
    fit : TileFit or None
        Last fit.
    tile_side : int
        Side of the tiles, px.
    levels : list of str
        Steps that succeeded: 'features', 'overview tiles', 'tiles', 'refined tiles'.
    correction_px : float
        Farthest that stage 3 moved a point of the sample, padded-pre px.
    notes : list of str
        What the stage says of itself.
    start_correlation : float
        Of the interiors on the overviews, under stage 2's transform.
    """

    transform: Transform
    features: FeatureMatch | None
    tiles: TileShifts | None
    fit: TileFit | None
    tile_side: int
    levels: list
    correction_px: float
    notes: list
    start_correlation: float


def align_interior(source, overview_post, overview_pre, start, values, threads=1):
    """Refine a coarse transform by what is inside the sample.

    Parameters
    ----------
    source : TileSource
        Padded images at full resolution.
    overview_post, overview_pre : Overview
        Their overviews.
    start : ndarray, shape (3, 3)
        Stage 2's padded-post to padded-pre transform.
    values : dict
        All parameters.
    threads : int
        Tiles measured side by side.

    Returns
    -------
    InteriorAlignment
    """
    levels, notes = [], []
    small = lower(start, overview_pre.factors, overview_post.factors)
    alike = similarity_of(overview_post, overview_pre, small)[0]
    overviews = overview_post, overview_pre
    matrix, features = _by_features(*overviews, start, values, levels, notes)
    matrix = _by_overview_tiles(*overviews, matrix, levels, threads)
    windows = choose_windows(overview_post, source.post_box)
    side = windows[0].height if windows else 0
    every = max(1, len(windows) // FIRST_TILES)
    tiles = match_tiles(source, Transform(matrix), windows[::every], FIRST_REACH, threads)
    tiles = replace(tiles, number=every * tiles.number)
    fit = fit_tiles(tiles, matrix, "false")
    if fit is None:
        notes.append("no agreement among the tiles at full resolution; stage 2's transform stands")
        return InteriorAlignment(
            Transform(start), features, tiles, None, side, [], 0.0, notes, alike
        )
    levels.append("tiles")
    fit, tiles = _refine(source, windows, fit, tiles, values["interior_nonrigid"], levels, threads)
    moved = _farthest(start, fit.transform, source.post_box)
    return InteriorAlignment(fit.transform, features, tiles, fit, side, levels, moved, notes, alike)


def _refine(source, windows, fit, tiles, nonrigid, levels, threads):
    """Measure all tiles against the latest transform until that changes nothing any more."""
    reach = max(REFINED_REACH, 4 * float(np.abs(fit.residual[fit.good]).max()))
    for _ in range(MOST_ROUNDS):
        known = None
        if _share(fit, tiles) > SURE_SHARE:
            known = expect_shifts(tiles, fit.good, fit.transform, len(windows))
        again = match_tiles(source, fit.transform, windows, reach, threads, known)
        refined = fit_tiles(again, fit.transform.pre_from_post, nonrigid, source.post_box)
        if refined is None or refined.good.sum() < 0.4 * _share(fit, tiles) * len(windows):
            return fit, tiles
        moved = refined.transform.map_points(again.post_xy)
        moved -= fit.transform.map_points(again.post_xy)
        fit, tiles = refined, again
        if float(np.quantile(np.hypot(*moved.T), 0.9)) < SETTLED_PX:
            levels.append("refined tiles")
            return fit, tiles
        reach = max(LAST_REACH, 5 * float(np.median(np.hypot(*fit.residual[fit.good].T))))
    return fit, tiles


def _share(fit, tiles):
    """Agreeing tiles as a share of all witnesses."""
    return fit.good.sum() / max(len(fit.good) + tiles.lost, 1)


def choose_windows(overview, box):
    """Windows for the tiles, spread over the sample.

    Parameters
    ----------
    overview : Overview
        Overview of the padded post image.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image.

    Returns
    -------
    list of Window
        Windows inside `box` of which at least half is sample (less for the smallest), the order
        mixed so that any part of the list is spread over the sample.
    """
    for side in TILE_SIDES:
        shares = {
            Window(y, y + side, x, x + side): _sample_share(overview, (y, y + side, x, x + side))
            for y in _starts(box[0], box[1], side)
            for x in _starts(box[2], box[3], side)
        }
        least = 0.5 if side > TILE_SIDES[-1] else 0.2
        windows = [window for window, share in shares.items() if share > least]
        if len(windows) >= WANTED_TILES:
            break
    order = np.random.default_rng(0).permutation(len(windows))
    return [windows[k] for k in order[:MOST_TILES]]


def _starts(low, high, side):
    """Starts of windows of one side that tile a range, spread evenly."""
    if high - low < side:
        return []
    count = max(1, min((high - low - TILE_RIM) // (side - TILE_RIM), 60))
    return [round(s) for s in np.linspace(low, high - side, count)]


def _sample_share(overview, window):
    """Share of a full-resolution window that is sample."""
    fx, fy = overview.factors
    y0, y1, x0, x1 = window
    rows = slice(int(y0 * fy), max(int(np.ceil(y1 * fy)), int(y0 * fy) + 1))
    columns = slice(int(x0 * fx), max(int(np.ceil(x1 * fx)), int(x0 * fx) + 1))
    return float(overview.footprint.area[rows, columns].mean())


def _by_features(post, pre, start, values, levels, notes):
    """Homography through the interior's features, if it makes the interiors more alike."""
    near = lower(start, pre.factors, post.factors)
    reach = values["interior_max_correction"] * pre.factors[0] + 3.0
    before = similarity_of(post, pre, near)[0]
    blurs = {values["interior_blur_base"] * post.factors[0], 0.0}
    best = None
    for blur in sorted(blurs, reverse=True):
        found = match_features(post, pre, blur, "homography", 2.0, near=(near, reach))
        if best is None or found.inliers.sum() > best.inliers.sum():
            best = found
        if best.inliers.sum() >= ENOUGH_INLIERS:
            break
    if best.pre_from_post is None:
        notes.append(f"too few matching features ({len(best.post_xy)})")
        return start, best
    if best.inlier_ratio < values["interior_min_inlier_ratio"]:
        notes.append(
            f"features: inlier ratio {best.inlier_ratio:.2f} is below interior_min_inlier_ratio = "
            f"{values['interior_min_inlier_ratio']:g}; not used"
        )
        return start, best
    after = similarity_of(post, pre, best.pre_from_post)[0]
    if after <= before:
        notes.append("features: the interiors grew no more alike; not used")
        return start, best
    levels.append("features")
    return lift(best.pre_from_post, pre.factors, post.factors), best


def _by_overview_tiles(post, pre, matrix, levels, threads):
    """Tiles on the overviews, for when a full-resolution tile would not reach far enough."""
    small = lower(matrix, pre.factors, post.factors)
    boxes = [_mask_box(o.footprint.raw_area) for o in (post, pre)]
    source = TileSource(ArrayImage(post.image), ArrayImage(pre.image), *boxes)
    side = OVERVIEW_TILE
    identity = replace(post, factors=(1.0, 1.0))
    windows = [
        (y, y + side, x, x + side)
        for y in _starts(boxes[0][0], boxes[0][1], side)
        for x in _starts(boxes[0][2], boxes[0][3], side)
        if _sample_share(identity, (y, y + side, x, x + side)) > 0.5
    ]
    tiles = match_tiles(source, Transform(small), windows, OVERVIEW_REACH, threads)
    fit = fit_tiles(tiles, small, "false")
    if fit is None or fit.good.sum() < 0.4 * len(tiles.post_xy):
        return matrix
    found = fit.transform.pre_from_post
    if similarity_of(post, pre, found)[0] < similarity_of(post, pre, small)[0]:
        return matrix
    levels.append("overview tiles")
    return lift(found, pre.factors, post.factors)


def _mask_box(mask):
    """Bounding box ``(y0, y1, x0, x1)`` of a mask."""
    rows, columns = np.nonzero(mask)
    return (int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1)


def _farthest(start, transform, box):
    """Farthest that two transforms put a point of a box apart, px."""
    points = point_grid((box[2], box[0], box[3] - 1, box[1] - 1), 9)
    gap = transform.map_points(points) - apply_homography(start, points)
    return float(np.hypot(*gap.T).max())
