import numpy as np

from exo2micro.segments import find_peaks, find_segments


def spots(add_spot, *places, shape=(60, 80)):
    image = np.zeros(shape, dtype=np.float32)
    for place in places:
        add_spot(image, *place)
    return image


def test_separate_spots_get_a_label_each(add_spot):
    image = spots(add_spot, (20, 20, 30, 6), (60, 40, 12, 6))
    labels, count = find_segments(image, 5.0)
    assert count == 2
    assert set(np.unique(labels)) == {0, 1, 2}
    np.testing.assert_array_equal(labels > 0, image > 5)
    assert labels[20, 20] != labels[40, 60]


def test_touching_spots_are_taken_apart_at_the_valley(add_spot):
    image = spots(add_spot, (30, 30, 30, 8), (42, 30, 20, 8))
    assert image[30, 36] > 5  # they touch
    labels, count = find_segments(image, 5.0)
    assert count == 2
    np.testing.assert_array_equal(labels > 0, image > 5)
    valley = 30 + np.argmin(image[30, 30:43])
    assert labels[30, valley - 2] == labels[30, 30] != labels[30, 42] == labels[30, valley + 2]


def test_a_ripple_does_not_split_a_source(add_spot):
    image = spots(add_spot, (40, 30, 30, 14))
    ripple = np.cos(np.arange(80) * 2 * np.pi / 5)[None, :]  # a dip of two sigma at thirty
    labels, count = find_segments((image + ripple * (image > 5)).astype(np.float32), 5.0)
    assert count == 1
    assert (labels > 0).sum() > 200


def test_specks_are_no_sources():
    image = np.zeros((20, 20), dtype=np.float32)
    image[3, 3:6] = 9
    image[10:12, 10:12] = 9
    labels, count = find_segments(image, 5.0)
    assert count == 1
    assert labels[3, 4] == 0
    assert labels[10, 10] == 1


def test_nothing_above_the_threshold():
    labels, count = find_segments(np.ones((8, 8), dtype=np.float32), 5.0)
    assert count == 0
    assert not labels.any()


def test_a_plateau_has_one_peak():
    image = np.zeros((9, 12), dtype=np.float32)
    image[2:7, 2:10] = 20
    peaks = find_peaks(image, image > 5)
    assert peaks[2:7, 2:10].all()
    assert find_segments(image, 5.0)[1] == 1
