import numpy as np
import pytest

from exo2micro.noise import (
    NoiseModel,
    _stable_order,
    dark_variance,
    fit_noise,
    predict_mineral,
    square_curvature,
    widen_gradient,
)


def test_variance_by_hand():
    model = NoiseModel(2.0, 0.1, 0.5)
    assert model.variance(30.0, 16.0) == pytest.approx(2 + 3 + 4)
    assert model.variance(-5.0, 0.0) == 2.0


def draws(seed, read=1.5, per_level=0.2, registration=0.3, count=300_000):
    rng = np.random.default_rng(seed)
    level = rng.uniform(5, 80, count)
    gradient = rng.exponential(4.0, count) ** 2
    variance = read + per_level * level + registration**2 * gradient
    return rng.normal(0, np.sqrt(variance)), level, gradient


def test_the_model_is_found_again():
    model = fit_noise(*draws(1))
    assert model.read_variance == pytest.approx(1.5, abs=0.35)
    assert model.per_level == pytest.approx(0.2, rel=0.05)
    assert model.registration_px == pytest.approx(0.3, rel=0.05)


def test_microbes_do_not_count():
    residual, level, gradient = draws(2)
    plain = fit_noise(residual, level, gradient)
    stained = residual.copy()
    stained[::5] += np.random.default_rng(3).exponential(30, len(stained[::5]))
    model = fit_noise(stained, level, gradient)
    assert model.variance(40.0, 4.0) == pytest.approx(plain.variance(40.0, 4.0), rel=0.06)


def test_heavy_tails_count():
    residual, level, gradient = draws(4, registration=0.0)
    heavy = residual.copy()
    heavy[::12] *= 4
    usual, wide = (fit_noise(r, level, gradient).variance(40.0, 4.0) for r in (residual, heavy))
    assert wide > 1.3 * usual


def test_too_few_pixels():
    assert fit_noise(*(np.ones(100) for _ in range(3))) is None


def test_gradient_of_a_ramp_and_curvature_of_a_bowl():
    rows, columns = np.indices((64, 64)).astype(np.float32)
    level, slope = predict_mineral(3 * columns + 4 * rows, 2.0)
    inner = np.s_[16:-16, 16:-16]
    np.testing.assert_allclose(slope[inner], 100, rtol=1e-3)
    np.testing.assert_allclose(level[inner], 2 * (3 * columns + 4 * rows)[inner], rtol=1e-3)
    bowl = 0.5 * (columns - 32) ** 2
    np.testing.assert_allclose(square_curvature(bowl, 1.5)[inner], 1, rtol=0.01)
    assert widen_gradient(bowl, 1.5)[32, 36] == pytest.approx(16, rel=0.01)


def test_interpolation_error_is_found_apart_from_misregistration():
    rng = np.random.default_rng(6)
    level, gradient = rng.uniform(5, 80, (2, 300_000))
    curvature = rng.exponential(5.0, level.size) ** 2
    variance = 1.0 + 0.2**2 * gradient + 0.3**2 * curvature
    model = fit_noise(rng.normal(0, np.sqrt(variance)), level, gradient, curvature)
    assert model.interpolation == pytest.approx(0.3, rel=0.05)
    assert model.registration_px == pytest.approx(0.2, rel=0.15)
    assert model.variance(40, 30, 25) == pytest.approx(1 + 1.2 + 2.25, rel=0.08)


def test_a_residual_of_nothing_has_no_noise_but_its_floor():
    nothing = np.zeros(20_000)
    model = fit_noise(nothing, np.linspace(1, 50, nothing.size), nothing)
    assert model.variance(30.0, 9.0) == 0
    assert model.floored(1 / 12).variance(30.0, 9.0) == pytest.approx(1 / 12)


def test_dark_pixels_set_the_least_variance():
    residual, level, gradient = draws(7, read=1.0, registration=0.0)
    dark = np.random.default_rng(8).normal(0, np.sqrt(3.0), 20_000)
    least = dark_variance(dark)
    assert least == pytest.approx(3.0, rel=0.05)
    model = fit_noise(residual, level, gradient, least=least)
    assert model.read_variance >= least
    # Brighter pixels scatter nearly as they did.
    assert model.variance(60.0, 0.0) == pytest.approx(1 + 0.2 * 60, rel=0.12)
    assert dark_variance(dark[:100]) == 0
    assert dark_variance(np.ones(1000)) == 0


def test_pixels_are_ordered_by_value_then_by_place():
    values = np.round(np.random.default_rng(5).normal(0, 2, 5000)).astype(np.float32)
    values[::7] = -0.0
    assert np.array_equal(_stable_order(values), np.argsort(values, kind="stable"))
