"""Block averages, the ridge through them, and the map of their ratios."""

import numpy as np
import pytest

from exo2micro.block_ratio import Blocks, average_blocks, choose_block_size
from exo2micro.noise import NoiseModel
from exo2micro.ridge import fit_ridge, share_noise
from exo2micro.scale_map import (
    clipped_mean,
    evaluate_scale_field,
    fit_scale_field,
    measure_scale_map,
    scale_field_tile,
)


def test_averages_by_hand():
    post = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    mask = np.ones((1, 4, 4), dtype=bool)
    mask[0, 0, 0] = False
    mask[0, 2:, 2:] = False
    blocks = average_blocks(post, 2 * post, mask, 2)
    np.testing.assert_allclose(blocks.post, [(1 + 4 + 5) / 3, 4.5, 10.5])
    np.testing.assert_allclose(blocks.pre, 2 * blocks.post)
    np.testing.assert_array_equal(blocks.pixels, [3, 4, 4])
    assert len(blocks) == 3


def test_blocks_without_light_are_left_out():
    post = np.array([[[1.0, 1.0, -3.0, 1.0]] * 4], dtype=np.float32)
    mask = np.ones((1, 4, 4), dtype=bool)
    blocks = average_blocks(post, np.ones_like(post), mask, 2)
    np.testing.assert_allclose(blocks.post, [1, 1])
    np.testing.assert_allclose(blocks.shifted(0.25).post, [0.75, 0.75])
    assert len(blocks.shifted(1.0)) == 0
    assert len(blocks.take([1])) == 1


def test_ratio_of_averages_has_no_pile_up():
    """Single-pixel ratios of small whole numbers sit on 1, 3/2, 2; block ratios do not."""
    rng = np.random.default_rng(0)
    pre = rng.poisson(4.0, (4, 128, 128)).astype(np.float32)
    post = rng.poisson(4.8, (4, 128, 128)).astype(np.float32)
    blocks = average_blocks(post, pre, np.ones(pre.shape, dtype=bool), 8)
    ratio = blocks.post / blocks.pre
    assert len(np.unique(ratio)) > 0.5 * len(ratio)
    assert np.median(ratio) == pytest.approx(1.2, rel=0.01)


def test_block_size_follows_the_noise():
    many = dict.fromkeys((4, 8, 16, 32), 100_000)
    assert choose_block_size(0.05, many.get) == 8
    assert choose_block_size(0.3, many.get) == 32
    assert choose_block_size(0.3, {**many, 16: 10}.get) == 8


def test_ridge_of_a_straight_line():
    pre = np.linspace(10, 50, 300)
    slope, intercept = fit_ridge(1.7 * pre + 3.5, pre, (0.0, 0.0))
    assert slope == pytest.approx(1.7)
    assert intercept == pytest.approx(3.5)


def test_ridge_takes_the_noise_of_both_axes_off():
    rng = np.random.default_rng(3)
    level = rng.uniform(20, 60, 40_000)
    pre = level + rng.normal(0, 4, level.size)
    post = 1.3 * level + 2 + rng.normal(0, 5, level.size)
    plain = np.polyfit(pre, post, 1)[0]
    slope, intercept = fit_ridge(post, pre, (25.0, 16.0))
    assert plain < 1.3 * 0.93
    assert slope == pytest.approx(1.3, rel=0.005)
    assert intercept == pytest.approx(2, abs=0.3)


def test_no_contrast_no_ridge():
    rng = np.random.default_rng(4)
    slope, intercept = fit_ridge(rng.normal(9, 1, 500), rng.normal(7, 1, 500), (2.0, 2.0))
    assert np.isnan(slope)
    assert np.isnan(intercept)


def test_noise_is_shared_as_two_equal_cameras_would():
    post, pre = share_noise(NoiseModel(0.0, 0.3, 0.0), 60.0, 2.0, 9)
    # Shot noise of post is 20 levels' worth of photons each; pre's is scaled by two.
    assert post + 2.0**2 * pre == pytest.approx(0.3 * 60 / 9)
    assert post / 60 == pytest.approx(pre / 30)


def lattice(scale_at, noise=0.0, seed=0):
    """Blocks of 8 px in patches that cover 1024 x 768 px, and the patches' origins."""
    rng = np.random.default_rng(seed)
    origins = np.array([(y, x) for y in range(0, 768, 128) for x in range(0, 1024, 128)])
    patch = np.repeat(np.arange(len(origins)), 64)
    centre = origins[patch] + 64
    pre = rng.uniform(30, 60, len(patch))
    post = scale_at(centre[:, 1], centre[:, 0]) * pre * (1 + noise * rng.normal(size=len(patch)))
    return Blocks(post, pre, np.full(len(patch), 64.0), patch, 8), origins


def test_an_even_scale_does_not_vary():
    found = measure_scale_map(*lattice(lambda x, y: 1.25 + 0 * x, noise=0.02))
    known = np.asarray(found["scale"])
    assert np.nanmax(np.abs(known / 1.25 - 1)) < 0.02
    assert not found["varies"]
    assert found["spread"] < 0.003


def test_a_varying_scale_is_mapped_and_followed():
    def true(x, y):
        return 1.2 * (1 + 0.1 * (x - 512) / 512 - 0.05 * (y - 384) / 384)

    found = measure_scale_map(*lattice(true, noise=0.02))
    assert found["varies"]
    assert found["p05"] < 1.12 < 1.28 < found["p95"]
    field = fit_scale_field(found)
    x, y = np.meshgrid(np.arange(100.0, 924, 50), np.arange(100.0, 668, 50))
    np.testing.assert_allclose(evaluate_scale_field(field, x, y), true(x, y), rtol=0.015)
    tile = scale_field_tile(field, (200, 220, 300, 340))
    there = evaluate_scale_field(field, np.arange(300, 340)[None, :], np.arange(200, 220)[:, None])
    np.testing.assert_allclose(tile, there, rtol=1e-5)


def test_beyond_the_map_the_field_is_level():
    field = fit_scale_field(measure_scale_map(*lattice(lambda x, y: 1 + x / 4096)))
    far = evaluate_scale_field(field, np.array([5000.0, 50_000.0]), np.array([0.0, 0.0]))
    assert far[0] == far[1]
    assert 1.2 < far[0] < 1.35


def test_clipped_mean_leaves_outliers_out():
    rng = np.random.default_rng(0)
    values = rng.normal(2, 0.1, 500)
    mean, error = clipped_mean(np.append(values, [9.0] * 20), np.ones(520))
    assert mean == pytest.approx(2, abs=0.015)
    assert error == pytest.approx(0.1 / np.sqrt(500), rel=0.15)
