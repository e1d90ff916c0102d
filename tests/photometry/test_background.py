import numpy as np
import pytest

from exo2micro.background import dilate, erode, find_background
from exo2micro.microbe_width import DEFAULT_FWHM, measure_microbe_width, width_across

SCALE = 1.2


def stained(seed=0, count=6, microbes=60, fwhm=4.0):
    """Patches of an even mineral with microbes: post, pre, and where microbes shine."""
    rng = np.random.default_rng(seed)
    pre = rng.normal(40, 1.0, (count, 128, 128)).astype(np.float32)
    light = np.zeros_like(pre)
    rows, columns = np.indices((128, 128))
    for _ in range(microbes):
        n, y, x = rng.integers(count), *rng.uniform(12, 116, 2)
        square = (rows - y) ** 2 + (columns - x) ** 2
        light[n] += rng.uniform(20, 60) * np.exp(-square / 2 / (fwhm / 2.3548) ** 2)
    post = (SCALE * 40 + light + rng.normal(0, 2.0, pre.shape)).astype(np.float32)
    return post, pre, light


def test_microbes_are_masked_with_their_wings_and_little_else():
    post, pre, light = stained()
    usable = np.ones(pre.shape, dtype=bool)
    found = find_background(post, pre, usable, usable, SCALE)
    assert not (found.clean & (light > 2)).any()
    assert (post - SCALE * pre)[found.clean].mean() == pytest.approx(0, abs=0.03)
    far = light < 1e-3
    assert found.clean[far].mean() > 0.5
    assert found.masked == pytest.approx(1 - found.clean.mean())
    sigma = np.sqrt(found.pixel_noise.variance(SCALE * 40, 0))
    assert sigma == pytest.approx(np.hypot(2.0, SCALE), rel=0.05)


def test_nothing_usable_is_no_background():
    post, pre, _ = stained(microbes=0)
    assert find_background(post, pre, pre < 0, pre < 0, SCALE) is None


def test_growing_and_shrinking_by_a_disc():
    mask = np.zeros((21, 21), dtype=bool)
    mask[10, 10] = True
    grown = dilate(mask, 5)
    assert grown.dtype == np.uint8
    assert grown[10, 5:16].all()
    assert not grown[5, 5]
    assert erode(grown > 0, 5)[10, 10]
    assert erode(np.ones((9, 9), dtype=bool), 3).all()  # beyond the frame counts as inside


@pytest.mark.parametrize("fwhm", [3.0, 4.5, 7.0])
def test_width_of_microbes(fwhm):
    post, pre, _ = stained(seed=1, microbes=80, fwhm=fwhm)
    usable = np.ones(pre.shape, dtype=bool)
    found = measure_microbe_width(post - SCALE * pre, usable, 2.4)
    assert found == pytest.approx(fwhm, rel=0.12)


def test_width_without_microbes_is_the_default():
    post, pre, _ = stained(microbes=0)
    usable = np.ones(pre.shape, dtype=bool)
    assert measure_microbe_width(post - SCALE * pre, usable, 2.4) == DEFAULT_FWHM


def test_width_across_a_rod_is_not_its_length():
    rows, columns = np.indices((33, 33)) - 16
    along = np.maximum(np.abs(columns) - 6, 0)
    rod = np.exp(-(along**2 + rows**2) / 2 / (4 / 2.3548) ** 2).astype(np.float32)
    assert 4 <= width_across(rod) < 6  # it is 16 px long, and pixels are coarse
    assert width_across(np.ones((33, 33), np.float32)) is None
