import numpy as np
import pytest

from exo2micro.storage import Window, tile_windows
from exo2micro.storage.windows import check_inside, intersect


def test_tiles_cover_every_pixel_once_in_row_major_order():
    covered = np.zeros((1100, 513), int)
    tiles = list(tile_windows(covered.shape))
    for window in tiles:
        covered[window.slices] += 1
    assert (covered == 1).all()
    assert tiles[:3] == [(0, 512, 0, 512), (0, 512, 512, 513), (512, 1024, 0, 512)]
    assert tiles[-1] == (1024, 1100, 512, 513)


def test_oblong_tiles():
    assert list(tile_windows((5, 4), (3, 4))) == [(0, 3, 0, 4), (3, 5, 0, 4)]


def test_window_cuts_the_same_pixels_from_the_image_and_from_a_part_of_it():
    image = np.arange(80).reshape(8, 10)
    window, part = Window(3, 6, 4, 9), Window(2, 8, 1, 10)
    assert window.shape == (window.height, window.width) == (3, 5)
    np.testing.assert_array_equal(image[part.slices][window.within(part)], image[window.slices])
    assert window.shifted(2, -4) == (5, 8, 0, 5)


def test_intersection():
    assert intersect((0, 5, 0, 5), (3, 9, -4, 2)) == (3, 5, 0, 2)
    assert intersect((0, 5, 0, 5), (5, 9, 0, 5)) is None


@pytest.mark.parametrize("window", [(-1, 3, 0, 3), (0, 6, 0, 3), (0, 3, 2, 1), (0, 3, 0, 8)])
def test_windows_that_stick_out_are_refused(window):
    with pytest.raises(ValueError, match="not inside"):
        check_inside(window, (5, 7))
