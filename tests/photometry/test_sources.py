import cv2
import numpy as np
import pytest

from exo2micro.candidates import DARK_PIECE, count_dark_sources
from exo2micro.discs import reach_of_disc, reach_of_square, values_around
from exo2micro.matched_filter import matched_filter
from exo2micro.significance import SignificanceTile
from exo2micro.sources import (
    curvature_significance,
    find_sources,
    grow_labels,
    peak_positions,
    valley_depth,
)

FWHM = 4.0
NOISE = 1.0


def spots(add_spot, *places, shape=(60, 80)):
    image = np.zeros(shape, dtype=np.float32)
    for place in places:
        add_spot(image, *place)
    return image


def tile_of(difference):
    """Tile of a difference image with even noise."""
    good = np.ones(difference.shape, dtype=bool)
    matched = matched_filter(difference, good, FWHM)[0]
    score = matched / (NOISE / np.sqrt(4 * np.pi) / (FWHM / 2.3548))
    return SignificanceTile(
        mineral=np.zeros_like(difference),
        smooth_mineral=np.zeros_like(difference),
        difference=difference,
        residual=difference,
        matched=matched,
        sigma=np.full(difference.shape, NOISE, dtype=np.float32),
        score=score,
        significance=score,
        outline=matched_filter(difference, good, FWHM / 2)[0],
        mask=np.zeros(difference.shape, dtype=np.uint8),
        sample=good,
        ground=good,
        grain_edge=~good,
    )


def areas_of(labels):
    return np.bincount(labels.ravel())[1:]


def test_separate_spots_get_a_label_each_cut_at_half_their_maximum(add_spot):
    tile = tile_of(spots(add_spot, (20, 20, 30, 6), (60, 40, 12, 6)))
    labels, _, peaks = find_sources(tile, 5.0, FWHM)
    assert sorted(map(tuple, peaks)) == [(20, 20), (40, 60)]
    for row, column in peaks:
        part = np.s_[row - 12 : row + 12, column - 12 : column + 12]
        own = labels[part] == labels[row, column]
        np.testing.assert_array_equal(own, tile.outline[part] >= tile.outline[row, column] / 2)


def test_outlines_of_equal_spots_are_equal_however_bright(add_spot):
    labels, _, _ = find_sources(
        tile_of(spots(add_spot, (20, 30, 200, 7), (60, 30, 7, 7))), 5.0, FWHM
    )
    areas = areas_of(labels)
    assert areas[0] == areas[1]
    widened = np.pi / 4 * (49 + (FWHM / 2) ** 2)
    assert areas[0] == pytest.approx(widened, rel=0.1)


@pytest.mark.parametrize("apart", [7, 8, 9])
def test_touching_spots_are_taken_apart_between_them(add_spot, apart):
    image = spots(add_spot, (30, 30, 30, 5), (30 + apart, 30, 26, 5))
    assert image[30, 30 : 31 + apart].min() > 5  # sigma: there is no gap
    labels, _, peaks = find_sources(tile_of(image), 5.0, FWHM)
    assert len(peaks) == 2
    left, right = labels[30, 30], labels[30, 30 + apart]
    assert 0 < left != right > 0
    assert labels[30, 32] == left
    assert labels[30, 28 + apart] == right
    areas = areas_of(labels)
    assert areas.max() < 1.3 * areas.min()


def test_noise_does_not_split_a_source(add_spot):
    rng = np.random.default_rng(0)
    image = spots(add_spot, (40, 30, 30, 8))
    for _ in range(20):
        noisy = (image + rng.normal(0, NOISE, image.shape)).astype(np.float32)
        assert len(find_sources(tile_of(noisy), 5.0, FWHM)[2]) == 1


def test_what_stays_below_the_threshold_is_no_source(add_spot):
    tile = tile_of(spots(add_spot, (20, 30, 2.0, 4), (60, 30, 2.6, 4)))
    below, above = tile.score[30, [20, 60]]
    labels, _, peaks = find_sources(tile, (below + above) / 2, FWHM)
    assert [tuple(peak) for peak in peaks] == [(30, 60)]
    assert labels[30, 20] == 0
    assert labels[30, 60] == 1
    assert len(find_sources(tile, above * 1.01, FWHM)[2]) == 0


def test_a_wide_plateau_is_a_source(add_spot):
    image = np.zeros((120, 140), dtype=np.float32)
    image[20:100, 20:120] = 20
    labels, _, peaks = find_sources(tile_of(image), 5.0, FWHM)
    assert 1 <= len(peaks) <= 4
    assert (labels > 0).sum() > 500


def test_curvature_of_noise_scatters_by_one():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 3.0, (400, 400)).astype(np.float32)
    sigma, good = np.full(noise.shape, 3.0, np.float32), np.ones(noise.shape, dtype=bool)
    assert curvature_significance(noise, sigma, good, 3.2).std() == pytest.approx(1, abs=0.03)
    good[:, 200:] = False
    cut = curvature_significance(noise, sigma, good, 3.2)
    assert not cut[:, 215:].any()


def test_labels_grow_to_the_middle_between_them():
    labels = np.zeros((21, 31), dtype=np.int32)
    labels[10, 8], labels[10, 19] = 1, 2
    grown = grow_labels(labels, 5)
    assert (grown[10, 3:14] == 1).all()
    assert (grown[10, 14:25] == 2).all()
    assert not grown[10, :3].any()
    assert not grown[10, 25:].any()
    assert (grown == 1).sum() == (grown == 2).sum()
    assert not grown[4].any()
    assert grown[6, 6] == 1
    assert grown[5, 3] == 0  # a corner of the square is off


def test_peaks_in_the_order_of_their_labels():
    labels = np.array([[2, 2, 0, 1], [2, 0, 1, 1]], dtype=np.int32)
    image = np.array([[1, 5, 9, 2], [4, 9, 3, 1]], dtype=np.float32)
    np.testing.assert_array_equal(peak_positions(image, labels), [[1, 2], [0, 1]])


def test_a_faint_source_is_not_lost_beside_a_bright_one_whose_region_it_shares(add_spot):
    rng = np.random.default_rng(3)
    image = spots(add_spot, (30, 30, 60, 5), (42, 30, 2.2, 5))
    found = 0
    for _ in range(20):
        noisy = (image + rng.normal(0, NOISE, image.shape)).astype(np.float32)
        tile = tile_of(noisy)
        _, _, peaks = find_sources(tile, 4.5, FWHM)
        assert len(peaks) <= 2
        found += any(np.hypot(row - 30, column - 42) < 3 for row, column in peaks)
    assert found >= 18


def test_valley_between_two_places():
    image = np.array([[9.0, 4.0, 6.0], [2.0, 7.0, 8.0]])
    assert valley_depth(image, (0, 0), (0, 2)) == valley_depth(image, (0, 2), (0, 0)) == 2.0
    assert valley_depth(image, (1, 1), (1, 2)) == 0.0


def test_dark_spots_are_counted_once_wherever_pieces_meet(add_spot):
    places = [(DARK_PIECE, 40), (DARK_PIECE - 1, 90), (30, 150), (120, 150), (500, 255), (540, 20)]
    difference = np.random.default_rng(4).normal(0, NOISE, (300, 600)).astype(np.float32)
    for x, y in places:
        add_spot(difference, x, y, -40.0 * NOISE, FWHM)
    tile, window = tile_of(difference), (0, 300, 0, 600)
    assert count_dark_sources(tile, window, window, threshold=5.0, fwhm=FWHM) == len(places)
    core = (0, 300, 0, 400)
    assert count_dark_sources(tile, window, core, threshold=5.0, fwhm=FWHM) == len(places) - 2


@pytest.mark.parametrize("radius", [1, 5, 8])
def test_what_lies_around_places_is_what_a_filter_finds_there(radius):
    image = np.random.default_rng(radius).normal(size=(40, 60)).astype(np.float32)
    places = np.stack([grid.ravel() for grid in np.indices(image.shape)], axis=1)
    side = 2 * radius + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    for reach, shape in (
        (reach_of_disc(radius), disc),
        (reach_of_square(radius), np.ones_like(disc)),
    ):
        around = values_around(image, places, reach)
        assert np.array_equal(around.max(axis=0), cv2.dilate(image, shape).ravel())
        assert np.array_equal(around.min(axis=0), cv2.erode(image, shape).ravel())
