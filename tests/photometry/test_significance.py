import numpy as np
import pytest

from exo2micro.difference import difference_tile
from exo2micro.matched_filter import matched_filter
from exo2micro.noise import NoiseModel
from exo2micro.pixel_mask import BLIND, SATURATED_POST, SATURATED_PRE, UNCOVERED
from exo2micro.significance import (
    Photometry,
    hold_flanks_down,
    significance_tile,
)

FWHM = 4.0
AREA = 4 * np.pi * (FWHM / 2.3548) ** 2  # pixels that the filter averages
NOISE = 3.0


def photometry(**changes):
    return Photometry(
        **{
            "scale": 1.5,
            "field": None,
            "dark_post": 2.0,
            "dark_pre": 1.0,
            "pixel_noise": NoiseModel(NOISE**2, 0.0, 0.0),
            "matched_noise": NoiseModel(NOISE**2 / AREA, 0.0, 0.0),
            "fwhm": FWHM,
            "saturation": (255.0, 255.0),
            "sample_level": 10.0,
            **changes,
        }
    )


def scene(shape=(200, 240), level=40.0, seed=0):
    """Post, pre and coverage of an even mineral."""
    rng = np.random.default_rng(seed)
    pre = np.full(shape, level + 1.0, dtype=np.float32)
    post = (1.5 * level + 2 + rng.normal(0, NOISE, shape)).astype(np.float32)
    return post, pre, np.ones(shape, dtype=bool)


def tile_of(post, pre, coverage, **changes):
    window = (0, post.shape[0], 0, post.shape[1])
    return significance_tile(photometry(**changes), window, post, pre, coverage)


def test_difference_by_hand():
    covered = np.array([[True, False]])
    post, pre = np.array([[9, 9]], np.uint8), np.array([[3.0, 0.0]], np.float32)
    found = difference_tile(post, pre, covered, 2.0, 1.0, 1.0)
    np.testing.assert_array_equal(found, [[4.0, 9.0]])
    scales = np.array([[2.0, 1.0]])
    np.testing.assert_array_equal(difference_tile(post, pre, covered, scales), [[3.0, 9.0]])


def test_background_scatters_by_one():
    tile = tile_of(*scene((500, 500)))
    assert tile.significance.std() == pytest.approx(1, abs=0.03)
    assert tile.significance.mean() == pytest.approx(0, abs=0.05)
    assert tile.sigma == pytest.approx(NOISE)
    assert tile.sample.all()
    assert not tile.mask.any()
    assert not tile.grain_edge.any()


def test_a_microbe_of_the_filter_s_width_has_its_optimal_significance(add_spot):
    post, pre, coverage = scene()
    post[:] = 62.0
    add_spot(post, 120, 100, 20.0, FWHM)
    tile = tile_of(post, pre, coverage)
    flux_variance = NOISE**2 * AREA
    flux = 20.0 * 2 * np.pi * (FWHM / 2.3548) ** 2
    assert tile.significance[100, 120] == pytest.approx(flux / np.sqrt(flux_variance), rel=0.02)
    assert np.unravel_index(tile.significance.argmax(), tile.significance.shape) == (100, 120)


def test_flanks_are_held_below_five_and_centres_are_not(add_spot):
    post, pre, coverage = scene()
    post[:] = 62.0
    add_spot(post, 120, 100, 150.0, 6.0)
    add_spot(post, 160, 100, 9.0, FWHM)
    found = tile_of(post, pre, coverage, saturation=(np.nan, np.nan)).significance
    columns = np.arange(240)
    outside = (np.abs(columns - 120) > 5) & (np.abs(columns - 120) < 20)
    assert found[100, 118:123].min() > 40
    assert found[100, outside].max() <= 5
    assert found[100, 160] > 5  # brighter than all flanks of its bright neighbour


def test_significance_falls_off_with_a_source_s_profile(add_spot):
    profile = np.zeros((41, 41), np.float32)
    add_spot(profile, 20, 20, 1.0, FWHM)
    held = hold_flanks_down(np.full_like(profile, 45.0), profile, FWHM)
    assert held[20, 20] == pytest.approx(45, rel=1e-5)
    assert held[20, 22] == pytest.approx(5, abs=0.01)  # half of the maximum
    assert held[20, 21] == pytest.approx(5 + 40 * (2 * 0.5**0.25 - 1), abs=0.01)
    assert held[20, 23] == pytest.approx(10 * 0.5**2.25, abs=0.01)


def test_a_known_spread_of_the_scale_is_no_signal():
    post, pre, coverage = scene(level=100.0)
    post *= 1.2
    assert np.median(tile_of(post, pre, coverage).significance) > 20
    tile = tile_of(post, pre, coverage, scale_spread=0.2)
    assert np.median(tile.significance) == pytest.approx(1, abs=0.1)
    assert tile.sigma == pytest.approx(np.hypot(NOISE, 30), rel=0.01)


def test_without_a_source_nothing_is_held_down():
    rng = np.random.default_rng(0)
    noise = np.clip(rng.normal(size=(80, 80)), -4.9, 4.9).astype(np.float32)
    np.testing.assert_array_equal(hold_flanks_down(noise, noise, FWHM), noise)


def test_what_is_not_covered_says_nothing_and_does_not_leak():
    post, pre, coverage = scene()
    coverage[:, :100] = False
    pre[:, :100] = 0
    post[:, :100] = 200
    tile = tile_of(post, pre, coverage)
    assert (tile.mask[:, :100] == UNCOVERED).all()
    assert not tile.significance[:, :100].any()
    assert np.abs(tile.significance[:, 100:]).max() < 5
    assert tile.significance[:, 103:].std() == pytest.approx(1, abs=0.1)
    assert not tile.sample[:, :100].any()


def test_saturated_mineral_is_blind_and_a_saturated_microbe_is_not(add_spot):
    post, pre, coverage = scene()
    pre[50:60, 50:60] = 254.9
    post[50:60, 50:60] = 255
    add_spot(post, 120, 100, 400.0, 5.0)
    post = np.minimum(post, 255)
    tile = tile_of(post, pre, coverage)
    assert (tile.mask[50:60, 50:60] & (SATURATED_PRE | BLIND)).all()
    assert (tile.mask[48:62, 48:62] & BLIND).any()
    assert not tile.significance[50:60, 50:60].any()
    assert tile.mask[100, 120] == SATURATED_POST
    assert tile.significance[100, 120] > 30
    assert tile.mask[100, 60] == 0


def test_mineral_that_saturates_in_post_alone_is_blind():
    post, pre, coverage = scene()
    pre[80:100, 80:100] = 180.0
    post[80:100, 80:100] = 255
    tile = tile_of(post, pre, coverage)
    assert (tile.mask[82:98, 82:98] == SATURATED_POST | BLIND).all()
    assert np.abs(tile.significance).max() < 5


def test_grain_edges_do_not_light_up_when_misregistered():
    post, pre, coverage = scene(level=0.0)
    columns = np.arange(240.0)
    edge = 60 / (1 + np.exp(-(columns - 120) / 2))
    shifted = 60 / (1 + np.exp(-(columns + 0.5 - 120) / 2))
    pre += edge.astype(np.float32)
    post += (1.5 * shifted).astype(np.float32)
    plain = tile_of(post, pre, coverage)
    noise = {name: NoiseModel(NOISE**2 / part, 0.0, 0.5) for name, part in
             (("pixel_noise", 1.0), ("matched_noise", AREA))}  # fmt: skip
    aware = tile_of(post, pre, coverage, **noise)
    assert plain.significance.max() > 8
    assert aware.significance.max() < 4
    assert aware.grain_edge[:, 118:123].all()
    assert not aware.grain_edge[:, :100].any()


def test_matched_filter_of_a_constant_with_holes():
    image = np.full((60, 60), 7.0, dtype=np.float32)
    good = np.random.default_rng(0).random((60, 60)) < 0.7
    smooth, fill, effective = matched_filter(image, good, FWHM)
    np.testing.assert_allclose(smooth, 7, rtol=1e-4)
    assert fill.mean() == pytest.approx(0.7, abs=0.03)
    assert effective.mean() > 1.2
    good[:] = True
    good[-1, -1] = False
    whole = matched_filter(image, good, FWHM)
    np.testing.assert_allclose(whole[2][10:-10, 10:-10], 1, rtol=1e-4)
    assert whole[1][0, 0] < 0.4  # beyond the corner there is nothing


def test_matched_filter_is_the_same_with_and_without_a_distant_hole():
    image = np.random.default_rng(1).normal(size=(60, 60)).astype(np.float32)
    good = np.ones(image.shape, dtype=bool)
    whole = matched_filter(image, good, FWHM)
    good[-1, -1] = False
    holed = matched_filter(image, good, FWHM)
    for one, other in zip(whole, holed, strict=True):
        inner = np.broadcast_to(one, image.shape)[10:40, 10:40]
        np.testing.assert_allclose(inner, other[10:40, 10:40], atol=1e-5)


def test_a_record_is_read():
    record = {
        "scale_estimate": 1.3,
        "scale_model": "constant",
        "scale_field": None,
        "scale_map": {"varies": False, "spread": 0.004, "roughness": 0.0},
        "dark": {"post": 2.0, "pre": 1.0},
        "noise": {
            "pixel": NoiseModel(1.0, 0.1, 0.0).to_record(),
            "matched": NoiseModel(0.1, 0.01, 0.0).to_record(),
            "microbe_fwhm_px": 3.5,
            "shift_px": [0.1, -0.2],
        },
        "saturation": [255.0, None],
        "sample_level": 9.0,
    }
    found = Photometry.from_record(record)
    assert (found.scale, found.field, found.fwhm) == (1.3, None, 3.5)
    assert np.isnan(found.saturation[1])
    assert (found.scale_spread, found.shift) == (0.0, (0.1, -0.2))
    varying = {
        **record,
        "scale_field": {"order": 0},
        "scale_map": {"varies": True, "spread": 0.04, "roughness": 0.002},
    }
    for model in ("constant", "smooth"):
        followed = Photometry.from_record({**varying, "scale_model": model})
        assert (followed.field, followed.scale_spread) == ({"order": 0}, 0.002)
    forced = Photometry.from_record(varying, scale=2.0)
    assert (forced.scale, forced.field, forced.scale_spread) == (2.0, None, 0.0)
