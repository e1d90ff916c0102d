from types import SimpleNamespace

import numpy as np
import pytest

from exo2micro.geometry import Transform, apply_homography, similarity, translation
from exo2micro.held_out import estimate_accuracy
from exo2micro.tilefit import fit_tiles, refine_homography
from exo2micro.tilematch import TileShifts, TileSource, match_tiles

TRUTH = np.array([[0.98, 0.05, 12.0], [-0.04, 1.03, -7.0], [1.5e-6, -2e-6, 1.0]])


def shifts(truth, noise, seed=0, count=15, outliers=0, extra=None):
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(300, 2900, count), np.linspace(300, 2500, count))
    post = np.stack([x.ravel(), y.ravel()], axis=1)
    pre = apply_homography(truth, post) + noise * rng.normal(size=post.shape)
    if extra is not None:
        pre += extra(post)
    bad = rng.choice(len(post), outliers, replace=False)
    pre[bad] += rng.uniform(-20, 20, (outliers, 2))
    ones = np.ones(len(post))
    return TileShifts(post, pre, noise * ones, ones, pre - post, len(post)), bad


def test_a_homography_is_recovered_among_outliers():
    tiles, bad = shifts(TRUTH, 0.05, outliers=60)
    fit = fit_tiles(tiles, np.eye(3), "false")
    true = apply_homography(TRUTH, tiles.post_xy)
    error = np.hypot(*(fit.transform.map_points(tiles.post_xy) - true).T)
    assert np.median(error) < 0.02
    far = np.hypot(*(tiles.pre_xy[bad] - true[bad]).T) > 1
    assert not fit.good[bad[far]].any()
    assert fit.good.sum() >= 150


def test_the_estimated_accuracy_is_the_true_error():
    ratios = []
    for seed in range(12):
        tiles, _ = shifts(TRUTH, 0.1, seed)
        fit = fit_tiles(tiles, TRUTH, "false")
        true = apply_homography(TRUTH, tiles.post_xy)
        error = np.median(np.hypot(*(fit.transform.map_points(tiles.post_xy) - true).T))
        ratios.append(fit.accuracy_px / error)
    assert 0.6 < np.median(ratios) < 1.6


def wave(xy):
    x, y = xy.T
    return 4 * np.stack([np.sin(y / 420), np.cos(x / 510)], axis=1)


def test_bending_is_used_where_it_predicts():
    tiles, _ = shifts(TRUTH, 0.05, extra=wave, outliers=10)
    fit = fit_tiles(tiles, TRUTH, "auto", (200, 2600, 200, 3000))
    true = apply_homography(TRUTH, tiles.post_xy) + wave(tiles.post_xy)
    error = np.hypot(*(fit.transform.map_points(tiles.post_xy) - true).T)
    assert fit.model == "bending"
    assert np.median(error) < 0.15
    stiff = fit_tiles(tiles, TRUTH, "false")
    assert stiff.model == "homography"
    assert stiff.accuracy_px > 1


def steep_corner(xy):
    """Gentle bending, steeper towards a corner."""
    across, down = (2900 - xy[:, 0]) / 700, (xy[:, 1] - 300) / 700
    amount = 4 * np.exp(-(across**2) - down**2)
    return np.stack([amount, -0.6 * amount], axis=1) + wave(xy) / 4


def test_tiles_at_a_steeply_bent_rim_are_believed_and_stray_ones_are_not():
    tiles, bad = shifts(np.eye(3), 0.01, seed=3, count=11, outliers=8, extra=steep_corner)
    fit = fit_tiles(tiles, np.eye(3), "auto", (200, 2600, 200, 3000))
    assert fit.model == "bending"
    assert not fit.good[bad].any()
    corner = (tiles.post_xy[:, 0] > 2200) & (tiles.post_xy[:, 1] < 1000)
    corner[bad] = False
    assert fit.good[corner].mean() > 0.9


def test_bending_is_not_used_where_there_is_only_noise():
    bent = 0
    for seed in range(10):
        tiles, _ = shifts(TRUTH, 0.2, seed)
        bent += fit_tiles(tiles, TRUTH, "auto", (200, 2600, 200, 3000)).model == "bending"
    assert bent == 0


def test_too_few_tiles_give_no_fit():
    tiles, _ = shifts(TRUTH, 0.05, count=2)
    assert fit_tiles(tiles, TRUTH, "auto", (0, 1, 0, 1)) is None


def test_weights_follow_the_tiles_errors():
    tiles, _ = shifts(TRUTH, 0.02, count=12)
    rng = np.random.default_rng(5)
    rough = rng.random(len(tiles.post_xy)) < 0.5
    sigma = np.where(rough, 1.0, 0.02)
    pre = tiles.pre_xy + np.where(rough, 1.0, 0.0)[:, None] * rng.normal(size=tiles.pre_xy.shape)
    matrix, _ = refine_homography(tiles.post_xy, pre, sigma, TRUTH)
    gap = apply_homography(matrix, tiles.post_xy) - apply_homography(TRUTH, tiles.post_xy)
    assert np.hypot(*gap.T).max() < 0.06


@pytest.mark.parametrize("shift", [(0.3, -0.4), (7.6, 3.2), (-21.0, 15.5)])
def test_tiles_measure_a_known_shift(make_pair, shift):
    post, pre, box, true_map, _ = make_pair(3, 0.0, 1.0, shift)
    source = TileSource(post, pre, box, box, (255, 255))
    windows = [(y, y + 128, x, x + 128) for y in (210, 280, 340) for x in (210, 280, 340)]
    tiles = match_tiles(source, Transform(np.eye(3)), windows, 60.0)
    assert len(tiles.post_xy) == 9
    error = tiles.pre_xy - true_map(tiles.post_xy)
    assert np.median(np.hypot(*error.T)) < 0.06
    assert np.abs(np.median(error, axis=0)).max() < 0.03


def test_tiles_do_not_follow_microbes(make_pair):
    post, pre, box, true_map, _ = make_pair(4, 0.0, 1.0, (1.3, 0.6))
    rng = np.random.default_rng(0)
    y, x = np.indices(post.pixels.shape)
    glow = np.zeros(post.pixels.shape)
    for cx, cy in rng.uniform(200, 480, (150, 2)):
        glow += 120 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 8)
    post.pixels[:] = np.clip(post.pixels + glow, 0, 255)
    source = TileSource(post, pre, box, box, (255, 255))
    windows = [(y0, y0 + 128, x0, x0 + 128) for y0 in (210, 330) for x0 in (210, 330)]
    tiles = match_tiles(source, Transform(np.eye(3)), windows, 20.0)
    error = np.hypot(*(tiles.pre_xy - true_map(tiles.post_xy)).T)
    assert len(error) >= 3
    assert np.median(error) < 0.1


def test_empty_tiles_are_no_witnesses(make_pair):
    post, pre, box, _, _ = make_pair(5, 0.0, 1.0)
    source = TileSource(post, pre, box, box, (255, 255))
    tiles = match_tiles(source, Transform(translation(0, 0)), [(0, 96, 0, 96)], 20.0)
    assert len(tiles.post_xy) == 0
    assert tiles.tried == 1


def test_a_start_with_rotation_is_kept_in_the_positions(make_pair):
    post, pre, box, true_map, _ = make_pair(6, 30.0, 1.05)
    points = np.array([[200.0, 200], [500, 200], [200, 500]])
    close = similarity(30.0, 1.05, (340, 340), (340 + 25.3, 340 - 14.8))
    assert np.hypot(*(apply_homography(close, points) - true_map(points)).T).max() < 1e-9
    source = TileSource(post, pre, box, box, (255, 255))
    windows = [(y, y + 96, x, x + 96) for y in (250, 340) for x in (250, 340)]
    tiles = match_tiles(source, Transform(translation(2.5, 1.5) @ close), windows, 10.0)
    error = np.hypot(*(tiles.pre_xy - true_map(tiles.post_xy)).T)
    assert np.median(error) < 0.06
    assert np.median(np.hypot(*tiles.shift.T)) == pytest.approx(np.hypot(2.5, 1.5) / 1.05, abs=0.1)


def test_a_fit_through_all_its_tiles_is_no_better_than_they_are():
    rng = np.random.default_rng(5)
    xy = rng.uniform(0, 1000, (90, 2))
    sigma = np.full(90, 0.02)
    tiles = SimpleNamespace(post_xy=xy, sigma=sigma)
    good = np.ones(90, dtype=bool)
    held_out = rng.normal(0, 0.02, (90, 2))
    through = estimate_accuracy(tiles, good, np.full((90, 2), 1e-4), held_out, 175.0, 0.0)
    assert 0.015 < through < 0.04
    stiff = estimate_accuracy(tiles, good, rng.normal(0, 0.02, (90, 2)), held_out, 8.0)
    assert 0.002 < stiff < 0.012
