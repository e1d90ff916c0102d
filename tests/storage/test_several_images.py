"""Several images out of one stream: each as if written alone, all or none at a fault."""

import numpy as np
import pytest

from exo2micro.errors import ImageWriteError
from exo2micro.storage import open_image, tile_windows, write_image, write_images

SHAPE = (1100, 1300)
TYPES = ("float32", "uint8")


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 99, SHAPE).astype(dtype) for dtype in TYPES]


def stream(pictures, stop=None):
    for number, window in enumerate(tile_windows(SHAPE)):
        if number == stop:
            raise ArithmeticError("the source has an end")
        yield tuple(picture[window.slices] for picture in pictures)


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_each_is_written_as_if_alone(pictures, tmp_path, suffix):
    images = [(tmp_path / f"{dtype}.{suffix}", dtype) for dtype in TYPES]
    write_images(images, SHAPE, stream(pictures), channel_name="Dye", threads=2)
    whole = (0, SHAPE[0], 0, SHAPE[1])
    for (path, dtype), picture in zip(images, pictures, strict=True):
        with open_image(path) as image:
            assert image.dtype == dtype
            np.testing.assert_array_equal(image.read(whole), picture)
        tiles = (picture[window.slices] for window in tile_windows(SHAPE))
        alone = path.with_name(f"alone.{suffix}")
        write_image(alone, SHAPE, dtype, tiles, channel_name="Dye")
        assert abs(alone.stat().st_size - path.stat().st_size) < 100


def test_a_fault_of_the_source_leaves_nothing(pictures, tmp_path):
    images = [(tmp_path / f"{dtype}.tiff", dtype) for dtype in TYPES]
    with pytest.raises(ArithmeticError, match="has an end"):
        write_images(images, SHAPE, stream(pictures, stop=4), threads=2)
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_one_writer_stops_the_others(pictures, tmp_path):
    (tmp_path / "file").write_text("no folder")
    images = [(tmp_path / "float32.tiff", "float32"), (tmp_path / "file/uint8.tiff", "uint8")]
    endless = (row for _ in range(1000) for row in stream(pictures))
    with pytest.raises((ImageWriteError, OSError)):
        write_images(images, SHAPE, endless, threads=2)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_too_few_tiles_are_refused(pictures, tmp_path):
    images = [(tmp_path / f"{dtype}.tiff", dtype) for dtype in TYPES]
    with pytest.raises(ValueError, match="shorter"):
        write_images(images, SHAPE, list(stream(pictures))[:-1])
    assert list(tmp_path.iterdir()) == []
