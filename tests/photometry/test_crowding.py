import numpy as np
import pytest
from scipy.spatial import cKDTree

from exo2micro.crowding import HIDING_AREA, estimate_microbes

FWHM = 4.0
AREA = 25.0
SIDE = 1200


def seen(xy):
    """Those that are not too near to one that was seen before."""
    apart = np.sqrt(2 * HIDING_AREA * AREA / np.pi)  # of two, one is hidden
    shown = np.ones(len(xy), dtype=bool)
    for first, second in sorted(cKDTree(xy).query_pairs(apart)):
        if shown[first]:
            shown[second] = False
    return xy[shown]


@pytest.mark.parametrize("count", [1000, 4000])
def test_what_was_hidden_is_added(count):
    rng = np.random.default_rng(count)
    xy = seen(rng.uniform(0, SIDE, (count, 2)))
    number = estimate_microbes(xy, np.full(len(xy), AREA), FWHM)
    assert number.sum() == pytest.approx(count, rel=0.03)
    assert len(xy) < 0.97 * count


def test_clusters_hide_more_than_an_even_spread():
    rng = np.random.default_rng(1)
    middles = np.repeat(rng.uniform(100, SIDE - 100, (100, 2)), 12, axis=0)
    xy = seen(middles + rng.normal(0, 8, middles.shape))
    found = estimate_microbes(xy, np.full(len(xy), AREA), FWHM).sum()
    assert len(xy) < 0.8 * len(middles)
    evenly = rng.uniform(0, SIDE, xy.shape)
    assert found > 1.15 * estimate_microbes(evenly, np.full(len(xy), AREA), FWHM).sum()
    assert found < len(middles)


def test_lone_candidates_stand_for_one():
    xy = np.array([[0.0, 0.0], [500.0, 0.0], [0.0, 500.0]])
    np.testing.assert_array_equal(estimate_microbes(xy, np.full(3, AREA), FWHM), 1)
    assert len(estimate_microbes(np.zeros((0, 2)), np.zeros(0), FWHM)) == 0
