"""What the overview tells of textures."""

import cv2
import numpy as np
import pytest

from exo2micro.footprint import find_footprint
from exo2micro.geometry import Transform
from exo2micro.overview import cell_area, make_overview, spread_of
from exo2micro.storage import open_image, tile_windows, write_image
from exo2micro.tilefit import fit_tiles
from exo2micro.tilematch import TileSource, match_tiles


def test_the_cell_of_white_noise_is_a_pixel():
    noise = np.random.default_rng(0).normal(size=(300, 320)).astype(np.float32)
    assert cell_area(noise) == pytest.approx(1.0, abs=0.05)


def test_the_cell_of_smoothed_noise_is_that_of_its_autocorrelation():
    noise = np.random.default_rng(0).normal(size=(500, 500)).astype(np.float32)
    # The autocorrelation exp(-h^2 / 4 s^2), squared and integrated over the plane, is 2 pi s^2.
    assert cell_area(cv2.GaussianBlur(noise, (0, 0), 3.0)) == pytest.approx(56.5, rel=0.15)


def test_sparse_structure_has_a_spread():
    values = np.zeros(1000)
    values[::10] = 8.0
    assert spread_of(values) > 0.3
    noise = np.random.default_rng(1).normal(size=4000)
    noise[:40] = 200.0
    assert spread_of(noise) < 6


def test_gaps_between_fibres_belong_to_the_area_and_the_surroundings_do_not():
    rng = np.random.default_rng(2)
    image = 2 + 0.3 * rng.normal(size=(400, 400))
    for row in range(120, 290, 10):
        image[row : row + 3, 110:290] += 60 + 20 * rng.random((3, 180))
    footprint = find_footprint(image.astype(np.float32), np.ones(image.shape, dtype=bool))
    assert not footprint.fills_frame
    inside = footprint.area[130:270, 130:270]
    assert inside.all()
    assert not footprint.mask[130:270, 130:270].all()
    assert not footprint.area[:90].any()


def test_tiles_of_unrelated_textures_do_not_agree(make_pair):
    post, pre, box, *_ = make_pair(41, 0.0, 1.0, (3.0, 2.0), pre_seed=42)
    source = TileSource(post, pre, box, box, (255, 255))
    windows = [(y, y + 64, x, x + 64) for y in range(200, 420, 48) for x in range(200, 420, 48)]
    tiles = match_tiles(source, Transform(np.eye(3)), windows, 60.0)
    assert tiles.reach == 30.0
    fit = fit_tiles(tiles, np.eye(3), "false")
    agreeing = 0 if fit is None else fit.good.sum()
    assert agreeing < 0.4 * (len(tiles.post_xy) + tiles.lost)


@pytest.mark.parametrize("level", [2, 40])
def test_only_bright_photographs_are_looked_at_on_the_pyramid(tmp_path, level):
    side, pad = 8400, 300
    image = np.zeros((side + 2 * pad, side + 2 * pad), np.uint8)
    rng = np.random.default_rng(4)
    # One piece over and over: quickly made, and as noisy as all of it would be.
    image[pad:-pad, pad:-pad] = np.tile(rng.poisson(level, (1050, 1050)), (8, 8))
    tiles = (image[window.slices] for window in tile_windows(image.shape))
    write_image(tmp_path / "a.tiff", image.shape, "uint8", tiles)
    with open_image(tmp_path / "a.tiff") as opened:
        seen = make_overview(opened, (pad, side + pad, pad, side + pad), 0.04).image
        exact, _ = opened.read_reduced(0.04)
    scatter = float(np.std(seen - exact))
    if level < 8:
        assert scatter == 0
    else:
        assert 0 < scatter < 0.1  # the noise of 40 photons leaves 0.25
        assert abs(float(np.mean(seen - exact))) < 0.01
