"""Candidates that are small against the mineral's own structure."""

import cv2
import numpy as np
import pytest

from exo2micro.candidates import count_dark_sources, find_candidates
from exo2micro.catalogue import FLAGS, is_counted
from exo2micro.mineral_change import spot_contrast
from exo2micro.noise import FWHM_PER_SIGMA, NoiseModel
from exo2micro.significance import Photometry, significance_tile

FWHM = 4.0
AREA = 4 * np.pi * (FWHM / 2.3548) ** 2
SHAPE = (160, 200)
WINDOW = (0, *SHAPE[:1], 0, SHAPE[1])


@pytest.fixture
def tile_of():
    """Tile of a mineral and a post image with even noise of one grey level."""

    def make(post, mineral):
        photometry = Photometry(
            scale=1.0,
            field=None,
            dark_post=0.0,
            dark_pre=0.0,
            pixel_noise=NoiseModel(1.0, 0.0, 0.0),
            matched_noise=NoiseModel(1.0 / AREA, 0.0, 0.0),
            fwhm=FWHM,
            saturation=(255.0, 255.0),
            sample_level=10.0,
        )
        mineral, post = np.minimum(mineral, 255), np.minimum(post, 255)
        return significance_tile(photometry, WINDOW, post, mineral, np.ones(SHAPE, dtype=bool))

    return make


@pytest.fixture
def mineral():
    return np.full(SHAPE, 50.0, dtype=np.float32)


def test_contrast_of_a_spot_and_of_an_edge(mineral, add_spot):
    add_spot(mineral, 60, 80, 30.0, FWHM)
    mineral[:, 150:] += 40
    smooth = cv2.GaussianBlur(mineral, (0, 0), FWHM / FWHM_PER_SIGMA)
    spot, edge, nothing = spot_contrast(smooth, np.array([[80, 61], [80, 149], [20, 20]]), FWHM)
    # Behind a filter of its own width half of a spot's peak is left.
    assert spot == pytest.approx(15, rel=0.3)
    assert edge == pytest.approx(0, abs=0.1)
    assert nothing == pytest.approx(0, abs=1e-3)


def candidates(tile):
    images = np.zeros(SHAPE), np.zeros(SHAPE)
    settings = {"threshold": 5.0, "fwhm": FWHM, "pad": 0}
    return find_candidates(tile, WINDOW, WINDOW, *images, **settings)[0]


def test_a_grain_that_changed_is_told_from_a_microbe(mineral, add_spot, tile_of):
    for x in (40, 80):
        add_spot(mineral, x, 80, 60.0, FWHM)
    post = mineral.copy()
    add_spot(post, 40, 80, 15.0, FWHM)  # a quarter brighter than before
    add_spot(post, 80, 80, 90.0, FWHM)  # a microbe on a grain
    add_spot(post, 120, 80, 15.0, FWHM)  # a microbe beside any
    found = candidates(tile_of(post, mineral)).sort_values("x")
    assert found["x"].round().tolist() == [40, 80, 120]
    bit = 1 << FLAGS.index("mineral")
    assert [bool(flags & bit) for flags in found["flags"]] == [True, False, False]
    assert is_counted(found["flags"]).tolist() == [False, True, True]


def test_what_is_left_beside_a_saturated_grain_is_the_grain(mineral, add_spot, tile_of):
    add_spot(mineral, 60, 80, 900.0, 6.0)
    post = mineral.copy()
    add_spot(post, 70, 80, 4.0, FWHM)
    add_spot(post, 140, 80, 4.0, FWHM)
    found = candidates(tile_of(post, mineral)).sort_values("x")
    assert found["x"].round().tolist() == [70, 140]
    assert is_counted(found["flags"]).tolist() == [False, True]


def test_dark_sources_are_counted_as_bright_ones_are_listed(mineral, add_spot, tile_of):
    add_spot(mineral, 40, 80, 60.0, FWHM)
    post = mineral.copy()
    add_spot(post, 40, 80, -15.0, FWHM)  # a grain that changed
    add_spot(post, 120, 80, -15.0, FWHM)
    add_spot(post, 120, 40, 15.0, FWHM)
    tile = tile_of(post, mineral)
    settings = {"threshold": 5.0, "fwhm": FWHM}
    assert count_dark_sources(tile, WINDOW, WINDOW, **settings) == 1
    assert count_dark_sources(tile, WINDOW, (0, 160, 0, 100), **settings) == 0
    assert len(candidates(tile)) == 1
