"""What one streamed pass gathers: histograms, reduced images, patches, counts."""

import numpy as np
import pytest

from exo2micro.histograms import GrowingHistogram, GrowingJointHistogram, LabelledHistogram
from exo2micro.pair_statistics import PairStatistics, saturated
from exo2micro.patches import PATCH, Patches, PatchSampler, read_patches
from exo2micro.storage import tile_windows


def test_histogram_grows_by_doubling():
    histogram = GrowingHistogram(4, 1.0)
    histogram.add(np.array([0.0, 0.9, 3.5]))
    np.testing.assert_array_equal(histogram.counts, [2, 0, 0, 1])
    histogram.add(np.array([9.0]))
    assert histogram.width == 4.0
    np.testing.assert_array_equal(histogram.counts, [3, 0, 1, 0])
    np.testing.assert_array_equal(histogram.edges, [0, 4, 8, 12, 16])


def test_signed_histogram_keeps_zero_on_an_edge():
    histogram = GrowingHistogram(2, 1.0, signed=True)
    histogram.add(np.array([-1.5, -0.5, 0.5, 1.0]))
    np.testing.assert_array_equal(histogram.counts, [1, 1, 1, 1])
    histogram.add(np.array([-3.0]))
    np.testing.assert_array_equal(histogram.edges, [-4, -2, 0, 2, 4])
    np.testing.assert_array_equal(histogram.counts, [1, 2, 2, 0])


def test_order_does_not_matter():
    values = np.random.default_rng(0).exponential(40, 2000)
    one, other = GrowingHistogram(64, 0.5), GrowingHistogram(64, 0.5)
    one.add(values)
    for part in np.array_split(values[::-1], 7):
        other.add(part)
    np.testing.assert_array_equal(one.counts, other.counts)
    assert one.counts.sum() == 2000


def test_labels_share_their_bins():
    values = np.array([-3.5, 0.5, 1.5, 1.7, 9.0])
    labels = np.array([0, 1, 1, 2, 0], dtype=np.uint8)
    histogram = LabelledHistogram(3, 4, 1.0, signed=True)
    for part in (slice(0, 3), slice(3, 5)):
        histogram.add(values[part], labels[part])
    for label in range(3):
        alone = GrowingHistogram(4, histogram.width, signed=True)
        alone.add(values[labels == label])
        np.testing.assert_array_equal(histogram.parts[label], alone.counts)
    every = GrowingHistogram(4, 1.0, signed=True)
    every.add(values)
    np.testing.assert_array_equal(histogram.counts, every.counts)
    np.testing.assert_array_equal(histogram.edges, every.edges)
    assert histogram.width == 4.0


def test_joint_histogram_by_hand():
    histogram = GrowingJointHistogram(2, 1.0)
    histogram.add(np.array([0.5, 1.5]), np.array([1.5, 1.5]))
    np.testing.assert_array_equal(histogram.counts, [[0, 1], [0, 1]])
    histogram.add(np.array([3.0]), np.array([0.0]))
    np.testing.assert_array_equal(histogram.counts, [[0 + 2, 0], [1, 0]])
    np.testing.assert_array_equal(histogram.edges, [0, 2, 4])


def pair(seed=0):
    rng = np.random.default_rng(seed)
    post = rng.integers(0, 200, (300, 420)).astype(np.uint8)
    pre = rng.uniform(0, 150, (300, 420)).astype(np.float32)
    coverage = np.zeros(post.shape, dtype=bool)
    coverage[30:270, 40:380] = True
    post[:20], post[280:], post[:, :20], post[:, 400:] = 0, 0, 0, 0
    pre[~coverage] = 0
    post[100, 100:104] = 255
    pre[101, 100] = 252.0
    return post, pre, coverage


BOX = (20, 280, 20, 400)


def gather(tile, **images):
    post, pre, coverage = pair()
    statistics = PairStatistics(post.shape, BOX, (255, 255), post.dtype, **images)
    for window in tile_windows(post.shape, tile):
        part = window.slices
        statistics.add(window, post[part], pre[part], coverage[part])
    statistics.add_raw_pre(np.array([[1, 2], [2, 3]], dtype=np.uint8))
    return statistics.result()


def test_sums_of_the_whole_image():
    post, pre, coverage = pair()
    found = gather(128)
    inside = post[20:280, 20:400]
    np.testing.assert_array_equal(found["post_counts"], np.bincount(inside.ravel(), minlength=256))
    assert found["joint"].sum() == found["pre_counts"].sum() == coverage.sum()
    assert found["joint"][int(pre[60, 60]), post[60, 60]] >= 1
    np.testing.assert_array_equal(found["counts"], [inside.size, coverage.sum(), 4, 1, 5])
    np.testing.assert_array_equal(found["raw_pre_counts"][:4], [0, 1, 2, 1])
    assert found["difference_all"].sum() == inside.size
    lit = (post > 0) & coverage & (pre >= 0.5)
    assert found["difference_both"].sum() == lit.sum()
    assert found["reduction"] == 1
    np.testing.assert_array_equal(found["reduced_post"], post)


def test_tiles_do_not_matter():
    one, other = gather(128), gather((256, 384))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def test_windows_off_the_lattice_are_refused():
    post, pre, coverage = pair()
    statistics = PairStatistics(post.shape, BOX, (255, 255), post.dtype)
    with pytest.raises(ValueError, match="lattice"):
        statistics.add((0, 100, 0, 128), post[:100, :128], pre[:100, :128], coverage[:100, :128])


def test_patches_come_back_as_they_were():
    post, pre, coverage = pair()
    found = read_patches(gather(128))
    assert isinstance(found, Patches)
    shown = [
        (y, x)
        for y in range(0, 300, PATCH)
        for x in range(0, 420, PATCH)
        if coverage[y : y + PATCH, x : x + PATCH].any()
    ]
    assert [tuple(origin) for origin in found.origin] == shown
    for (y, x), patch, seen in zip(found.origin, found.post, found.coverage, strict=True):
        part = np.s_[y : min(y + PATCH, 300), x : min(x + PATCH, 420)]
        height, width = post[part].shape
        np.testing.assert_array_equal(patch[:height, :width], post[part])
        np.testing.assert_array_equal(seen[:height, :width], coverage[part])
        assert not seen[height:].any()
    y, x = found.origin[5]
    np.testing.assert_allclose(
        found.pre[5][:40, :40], pre[y : y + 40, x : x + 40], atol=0.5 / 64 + 1e-6
    )


def test_a_sample_of_patches_is_even_and_small_enough():
    box = (0, 128 * 60, 0, 128 * 50)
    sampler = PatchSampler(box, np.uint8, max_pixels=300 * PATCH**2)
    taken = np.array([[sampler._is_sampled(r, c) for c in range(50)] for r in range(60)])
    assert taken.sum() == pytest.approx(300, rel=0.05)
    quarters = [taken[a : a + 30, b : b + 25].sum() for a in (0, 30) for b in (0, 25)]
    assert max(quarters) - min(quarters) < 12


def test_saturation():
    post, pre = np.array([254, 255]), np.array([249.0, 250.5])
    bright_post, bright_pre = saturated(post, pre, (255, 255))
    assert bright_post.tolist() == [False, True]
    assert bright_pre.tolist() == [False, True]  # interpolation rounds a plateau's rim
    assert not any(mask.any() for mask in saturated(post, pre, (None, np.nan)))


@pytest.mark.parametrize("scale", [1, 40])  # the second part makes bins double
def test_what_was_counted_in_parts_is_merged(scale):
    rng = np.random.default_rng(8)
    parts = [rng.normal(0, 3, 500), rng.normal(0, 3 * scale, 700)]
    labels = [rng.integers(0, 3, part.size).astype(np.uint8) for part in parts]
    kinds = {
        "one": lambda: GrowingHistogram(16, 1.0, signed=True),
        "labelled": lambda: LabelledHistogram(3, 16, 1.0, signed=True),
        "joint": lambda: GrowingJointHistogram(16, 1.0),
    }
    for name, make in kinds.items():
        whole, first, second = make(), make(), make()
        for part, label, own in zip(parts, labels, (first, second), strict=True):
            values = {
                "one": [part],
                "labelled": [part, label],
                "joint": [abs(part), abs(part[::-1])],
            }
            whole.add(*values[name])
            own.add(*values[name])
        first.merge(second)
        np.testing.assert_array_equal(first.counts, whole.counts)
        np.testing.assert_array_equal(first.edges, whole.edges)
        if name == "labelled":
            np.testing.assert_array_equal(first.parts, whole.parts)
