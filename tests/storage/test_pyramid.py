import numpy as np
import pytest
import tifffile

from exo2micro.storage import tile_windows, write_image
from exo2micro.storage.pyramid import halve, level_shapes


def test_levels_are_halved_and_rounded_up_until_small():
    assert level_shapes((2051, 3001)) == [(2051, 3001), (1026, 1501), (513, 751)]
    assert level_shapes((1024, 7)) == [(1024, 7)]
    assert level_shapes((34000, 29000))[-1] == (532, 454)


def test_integers_are_rounded_to_nearest_and_ties_to_even():
    blocks = [([0, 0, 1, 1], 0), ([1, 1, 2, 2], 2), ([0, 1, 1, 1], 1), ([0, 0, 0, 1], 0)]
    blocks += [([255, 255, 255, 255], 255), ([255, 255, 255, 254], 255), ([2, 2, 3, 3], 2)]
    for pixels, expected in blocks:
        for dtype in (np.uint8, np.uint16):
            assert halve(np.array(pixels, dtype).reshape(2, 2)) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_halving_matches_the_plain_mean(dtype):
    top = 1000.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max + 1
    block = (np.random.default_rng(2).random((64, 36)) * top).astype(dtype)
    mean = block.astype(float).reshape(32, 2, 18, 2).mean(axis=(1, 3))
    halved = halve(block)
    assert halved.dtype == dtype
    if np.dtype(dtype).kind == "u":
        np.testing.assert_array_equal(halved, np.rint(mean))
    else:
        np.testing.assert_allclose(halved, mean, rtol=1e-6)


def test_odd_sides_average_what_is_there():
    block = np.array([[0, 10, 4], [20, 30, 8], [6, 2, 9]], np.uint8)
    np.testing.assert_array_equal(halve(block), [[15, 6], [4, 9]])


def test_no_bias_adds_up_over_the_levels():
    brightness = np.linspace(10, 50, 1024)[:, None]
    image = np.random.default_rng(3).poisson(brightness, (1024, 1024)).astype(np.uint8)
    level = image
    for _ in range(5):
        level = halve(level)
    assert abs(level.mean() - image.mean()) < 0.05


@pytest.mark.parametrize("stored", [True, False])
def test_reduced_levels_are_stored_as_they_are_where_packing_saves_little(tmp_path, stored):
    pixels = np.random.default_rng(4).normal(0, 10, (2048, 2048)).astype(np.float32)
    if not stored:
        pixels = np.rint(pixels)
    tiles = (pixels[window.slices] for window in tile_windows(pixels.shape))
    write_image(tmp_path / "a.tiff", pixels.shape, pixels.dtype, tiles)
    with tifffile.TiffFile(tmp_path / "a.tiff") as tiff:
        full, reduced = tiff.series[0].levels
        assert max(full.keyframe.databytecounts) < 512 * 512 * 4
        assert (min(reduced.keyframe.databytecounts) >= 512 * 512 * 4) == stored
        np.testing.assert_array_equal(full.asarray(), pixels)
        np.testing.assert_array_equal(reduced.asarray(), halve(pixels))
