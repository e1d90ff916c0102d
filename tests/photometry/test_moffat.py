import numpy as np
import pytest

from exo2micro.moffat import find_mode, fit_moffat, histogram_near_peak, moffat


def test_profile_by_hand():
    assert moffat(0.0, 8.0, 0.0, 1.0, 3.0) == 8.0
    assert moffat(np.array([1.0, -1.0]), 8.0, 0.0, 1.0, 3.0) == pytest.approx([1.0, 1.0])
    assert moffat(5.0, 2.0, 2.0, 3.0, 1.0) == 1.0  # half width at half maximum


def test_exact_profile_is_found_again():
    edges = np.linspace(-1, 1, 201)
    middle = (edges[1:] + edges[:-1]) / 2
    counts = moffat(middle, 5000.0, 0.0731, 0.12, 3.0)
    fit = fit_moffat(counts, edges, 0.07, 0.06)
    assert fit.mu == pytest.approx(0.0731, abs=1e-5)
    assert fit.alpha == pytest.approx(0.12, rel=1e-3)
    assert fit.beta == pytest.approx(3.0, rel=1e-3)
    assert fit.amp == pytest.approx(5000, rel=1e-3)
    assert fit.goodness < 1e-3


def test_a_tail_on_the_right_does_not_move_the_peak():
    rng = np.random.default_rng(2)
    background = rng.normal(0.08, 0.01, 50_000)
    microbes = 0.08 + rng.exponential(0.15, 10_000)
    values = np.concatenate([background, microbes])
    mode, sigma = find_mode(values)
    counts, edges = histogram_near_peak(values, mode, sigma)
    fit = fit_moffat(counts, edges, mode, sigma)
    assert abs(np.median(values) - 0.08) > 0.001  # what the median makes of it
    assert fit.mu == pytest.approx(0.08, abs=4e-4)
    assert fit.profile(fit.mu) == pytest.approx(fit.amp)


def test_stated_error_is_what_it_scatters_by():
    pulls = []
    for seed in range(40):
        values = np.random.default_rng(seed).normal(0.0, 0.02, 4000)
        mode, sigma = find_mode(values)
        fit = fit_moffat(*histogram_near_peak(values, mode, sigma), mode, sigma)
        pulls.append(fit.mu / fit.mu_error)
    assert 0.6 < np.std(pulls) < 1.5
    assert abs(np.mean(pulls)) < 0.5


def test_mode_of_two_heaps_is_the_denser_one():
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(1, 0.05, 3000), rng.normal(2, 0.5, 5000)])
    mode, sigma = find_mode(values)
    assert mode == pytest.approx(1, abs=0.03)
    assert 0.03 < sigma < 0.08


def test_too_few_bins_give_no_fit():
    counts, edges = histogram_near_peak(np.full(50, 0.3), 0.3, 0.01)
    assert fit_moffat(counts, edges, 0.3, 0.01) is None
