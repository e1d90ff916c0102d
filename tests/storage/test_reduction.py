import numpy as np
import pytest

from exo2micro.storage import open_image, tile_windows, write_image
from exo2micro.storage.reduction import AreaAverage, reduced_shape


def share_matrix(size, reduced):
    """How much of each pixel lies in each reduced pixel, divided by its width."""
    edges = np.linspace(0, size, reduced + 1)
    low = np.maximum(edges[:-1, None], np.arange(size))
    high = np.minimum(edges[1:, None], np.arange(1, size + 1))
    return np.clip(high - low, 0, None) * reduced / size


def area_average(image, shape):
    rows, columns = (share_matrix(n, m) for n, m in zip(image.shape, shape, strict=True))
    return rows @ image.astype(float) @ columns.T


def write_tiles(path, image):
    tiles = (image[window.slices] for window in tile_windows(image.shape))
    write_image(path, image.shape, image.dtype, tiles)


@pytest.mark.parametrize("factor", [1.0, 0.71, 0.5, 0.3, 0.075, 0.01])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_any_factor_is_the_exact_area_average(factor, dtype):
    image = (np.random.default_rng(1).random((431, 257)) * 250).astype(dtype)
    shape = reduced_shape(image.shape, factor)
    average = AreaAverage(image.shape, shape)
    for window in tile_windows(image.shape, 100):
        average.add(image[window.slices], window.y0, window.x0)
    np.testing.assert_allclose(average.mean(), area_average(image, shape), rtol=2e-6, atol=2e-5)


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
@pytest.mark.parametrize("factor", [0.9, 0.3, 0.075])
def test_integer_files_reduce_to_the_exact_average(tmp_path, suffix, factor):
    image = np.random.default_rng(2).poisson(2.3, (2051, 1703)).astype(np.uint8)
    write_tiles(tmp_path / f"a.{suffix}", image)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        reduced, (fx, fy) = opened.read_reduced(factor)
    assert reduced.dtype == np.float32
    assert reduced.shape == (round(2051 * factor), round(1703 * factor))
    assert (fx, fy) == (reduced.shape[1] / 1703, reduced.shape[0] / 2051)
    np.testing.assert_allclose(reduced, area_average(image, reduced.shape), atol=1e-5)


@pytest.mark.parametrize("factor", [0.5, 0.3, 0.125, 0.075])
def test_float_pyramids_reduce_like_the_plain_average(tmp_path, factor):
    y, x = np.mgrid[0:2051, 0:1703]
    image = (1000 + 300 * np.sin(x / 17.3) * np.cos(y / 23.1) + x / 3).astype(np.float32)
    write_tiles(tmp_path / "a.tiff", image)
    with open_image(tmp_path / "a.tiff") as opened:
        assert len(opened.levels) > 1
        reduced, _ = opened.read_reduced(factor)
        coarse, _ = opened.read_reduced(factor, exact=False)
    truth = area_average(image, reduced.shape)
    np.testing.assert_array_equal(reduced, coarse)
    assert np.abs(reduced - truth).max() < 0.02 * truth.std()


def test_levels_of_integers_are_used_when_asked_for(tmp_path):
    image = np.random.default_rng(2).poisson(40, (4100, 1703)).astype(np.uint16)
    write_tiles(tmp_path / "a.tiff", image)
    with open_image(tmp_path / "a.tiff") as opened:
        reduced, _ = opened.read_reduced(0.12, exact=False)
        exact, _ = opened.read_reduced(0.12)
    assert np.abs(reduced - exact).max() > 0
    assert reduced.mean() == pytest.approx(image.mean(), abs=0.05)


@pytest.mark.parametrize("factor", [0.5, 0.3, 0.1, 0.075])
def test_a_spot_stays_where_it_is(tmp_path, factor):
    y, x = np.mgrid[0:1500, 0:1301]
    truth_x, truth_y, sigma = 702.37, 891.81, 60.0
    image = (1e4 * np.exp(-((x - truth_x) ** 2 + (y - truth_y) ** 2) / 2 / sigma**2)).astype(
        np.float32
    )
    write_tiles(tmp_path / "spot.tiff", image)
    with open_image(tmp_path / "spot.tiff") as opened:
        reduced, (fx, fy) = opened.read_reduced(factor)
    rows, columns = np.indices(reduced.shape)
    x_full = ((columns + 0.5) / fx - 0.5) * reduced
    y_full = ((rows + 0.5) / fy - 0.5) * reduced
    assert x_full.sum() / reduced.sum() == pytest.approx(truth_x, abs=0.02)
    assert y_full.sum() / reduced.sum() == pytest.approx(truth_y, abs=0.02)


def test_a_tiny_image_reduces_to_one_pixel(tmp_path):
    write_tiles(tmp_path / "a.tiff", np.array([[1, 2], [3, 6]], np.uint8))
    with open_image(tmp_path / "a.tiff") as opened:
        reduced, factors = opened.read_reduced(0.01)
    np.testing.assert_array_equal(reduced, [[3.0]])
    assert factors == (0.5, 0.5)


def test_nan_counts_as_zero():
    average = AreaAverage((2, 2), (1, 1))
    average.add(np.array([[np.nan, 4], [4, np.inf]], np.float32), 0, 0)
    assert average.mean()[0, 0] == 2


def test_factors_out_of_range_are_refused(tmp_path):
    write_tiles(tmp_path / "a.tiff", np.ones((4, 4), np.uint8))
    with open_image(tmp_path / "a.tiff") as opened:
        for factor in (0, -0.5, 1.5):
            with pytest.raises(ValueError, match="factor"):
                opened.read_reduced(factor)
