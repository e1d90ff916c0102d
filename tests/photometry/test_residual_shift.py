"""A known shift of a known mineral."""

import cv2
import numpy as np
import pytest

from exo2micro.residual_shift import measure_shift, measure_slopes, take_shift_off

SHIFT = (0.3, -0.2)
NOISE = 0.5


@pytest.fixture
def scene():
    """Post with noise and bright microbes, and the mineral that lies beside it by `SHIFT`."""
    rng = np.random.default_rng(3)
    y, x = np.indices((256, 256)).astype(np.float32)
    waves = [(*rng.uniform(-0.3, 0.3, 2), rng.uniform(0, 6)) for _ in range(12)]

    def mineral(x, y):
        return 60 + 15 * sum(np.cos(a * x + b * y + phase) for a, b, phase in waves)

    post = mineral(x + SHIFT[0], y + SHIFT[1]) + rng.normal(0, NOISE, x.shape)
    spots = np.zeros(x.shape)
    spots[rng.integers(8, 248, 150), rng.integers(8, 248, 150)] = 2000.0
    post += cv2.GaussianBlur(spots, (0, 0), 2.0)
    return post.astype(np.float32), mineral(x, y).astype(np.float32), spots > 0


def test_the_shift_is_found_in_spite_of_microbes(scene):
    post, mineral, _ = scene
    found = measure(post, mineral)
    assert found == pytest.approx(SHIFT, abs=0.03)


def test_it_is_taken_off_where_both_images_show_something(scene):
    post, mineral, spots = scene
    far = cv2.dilate(spots.astype(np.uint8), np.ones((25, 25))) == 0
    covered = np.ones(post.shape, bool)
    covered[:, :60] = False
    difference = post - mineral
    left = take_shift_off(difference, mineral, covered, SHIFT)
    np.testing.assert_array_equal(left[:, :62], difference[:, :62])
    inside = far.copy()
    inside[:, :70] = False
    assert difference[inside].std() > 4 * NOISE
    assert left[inside].std() < 1.3 * NOISE
    np.testing.assert_array_equal(take_shift_off(post, mineral, covered, (0.0, 0.0)), post)


def test_what_no_small_shift_explains_is_left_alone(scene):
    post, mineral, _ = scene
    assert measure(post[:20, :20], mineral[:20, :20]) == (0.0, 0.0)
    across, _ = (slopes.ravel() for slopes in measure_slopes(mineral))
    even = np.ones_like(across)
    assert measure_shift(5 * across, across, 0 * across, 20 * even) == (0.0, 0.0)


def measure(post, mineral):
    slopes = (slopes.ravel() for slopes in measure_slopes(mineral))
    return measure_shift((post - mineral).ravel(), *slopes, np.full(post.size, 1.0))
