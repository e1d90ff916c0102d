import numpy as np

from exo2micro.segments import find_peaks, find_segments


def spots(add_spot, *places, shape=(60, 80)):
    image = np.zeros(shape, dtype=np.float32)
    for place in places:
        add_spot(image, *place)
    return image


def test_separate_spots_get_a_label_each_cut_at_half_their_maximum(add_spot):
    image = spots(add_spot, (20, 20, 30, 6), (60, 40, 12, 6))
    labels, count = find_segments(image, image, 5.0)
    assert count == 2
    assert set(np.unique(labels)) == {0, 1, 2}
    bright, faint = labels == labels[20, 20], labels == labels[40, 60]
    np.testing.assert_array_equal(bright[:, :40], image[:, :40] >= 15)
    np.testing.assert_array_equal(faint[:, 40:], image[:, 40:] >= 6)


def test_outlines_of_equal_spots_are_equal_however_bright(add_spot):
    image = spots(add_spot, (20, 30, 200, 7), (60, 30, 7, 7))
    labels, _ = find_segments(image, image, 5.0)
    areas = np.bincount(labels.ravel())[1:]
    assert areas[0] == areas[1]
    assert abs(areas[0] / (np.pi / 4 * 49) - 1) < 0.1


def test_touching_spots_are_taken_apart_at_the_valley(add_spot):
    image = spots(add_spot, (30, 30, 30, 8), (40, 30, 26, 8))
    assert image[30, 30:41].min() > 15  # above half of either's maximum
    labels, count = find_segments(image, image, 5.0)
    assert count == 2
    valley = 30 + np.argmin(image[30, 30:41])
    assert labels[30, 30] == labels[30, valley - 2] > 0
    assert labels[30, 40] == labels[30, valley + 2] > 0
    assert labels[30, 30] != labels[30, 40]


def test_a_ripple_does_not_split_a_source(add_spot):
    image = spots(add_spot, (40, 30, 30, 14))
    ripple = np.cos(np.arange(80) * 2 * np.pi / 5)[None, :]  # dips of about two sigma at thirty
    rippled = (image + ripple * (image > 5)).astype(np.float32)
    labels, count = find_segments(rippled, rippled, 5.0)
    assert count == 1
    assert (labels > 0).sum() > 100
    deep = (image + 4 * ripple * (image > 5)).astype(np.float32)
    assert find_segments(deep, deep, 5.0)[1] > 1


def test_what_stays_below_the_threshold_is_no_source(add_spot):
    image = spots(add_spot, (20, 30, 4.9, 6), (60, 30, 5.1, 6))
    labels, count = find_segments(image, image, 5.0)
    assert count == 1
    assert labels[30, 20] == 0
    assert labels[30, 60] == 1
    assert find_segments(image, image, 6.0)[1] == 0


def test_a_faint_peak_on_a_bright_source_is_not_listed_alone(add_spot):
    image = spots(add_spot, (30, 30, 9, 6), (44, 30, 4, 6))
    assert image[30, 37] < 3.5 < image[30, 44]
    labels, count = find_segments(image, image, 5.0)
    assert count == 1
    assert labels[30, 44] == 0


def test_a_plateau_has_one_peak():
    image = np.zeros((9, 12), dtype=np.float32)
    image[2:7, 2:10] = 20
    peaks = find_peaks(image, image > 5)
    assert peaks[2:7, 2:10].all()
    assert find_segments(image, image, 5.0)[1] == 1
