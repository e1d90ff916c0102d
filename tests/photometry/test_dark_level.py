import numpy as np
import pytest

from exo2micro.dark_level import measure_dark_levels


def patches(seed, dark_post, dark_pre, noise, sample=True, whole=True, microbes=0):
    """Eight patches, the sample in the left half of each."""
    rng = np.random.default_rng(seed)
    count, side = 8, 128
    mineral = np.zeros((count, side, side))
    if sample:
        mineral[:, :, :64] = 40 + 8 * rng.normal(size=(count, side, 64)).cumsum(axis=2) / 8
    post = 1.3 * mineral + dark_post
    rows, columns = np.indices((side, side))
    for _ in range(microbes):
        n, y, x = rng.integers(count), *rng.uniform(0, side, 2)
        post[n] += 40 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
    images = [post + rng.normal(0, noise, post.shape), mineral + dark_pre]
    images[1] = images[1] + rng.normal(0, noise, post.shape)
    if whole:
        images = [np.clip(np.round(image), 0, 255) for image in images]
    return [image.astype(np.float32) for image in images]


def measure(images, whole=True):
    return measure_dark_levels(*images, np.ones(images[0].shape, dtype=bool), whole)


def test_levels_beside_the_sample():
    found = measure(patches(1, 6.3, 3.8, 0.8))
    assert found.how == "outside"
    assert found.post == pytest.approx(6.3, abs=0.02)
    assert found.pre == pytest.approx(3.8, abs=0.02)
    assert abs(found.post - 6.3) < 4 * found.post_error
    assert found.noise == pytest.approx(np.sqrt(0.64 + 1 / 12), rel=0.05)


def test_noise_cut_off_at_zero_is_undone():
    images = patches(2, 0.4, 0.2, 1.0)
    found = measure(images)
    assert images[0][:, :, 80:].mean() > 0.55  # what a plain mean would say
    assert found.post == pytest.approx(0.4, abs=0.05)
    assert found.pre == pytest.approx(0.2, abs=0.05)


def test_floats_keep_their_negative_noise():
    found = measure(patches(3, 0.0, -0.5, 0.6, whole=False), whole=False)
    assert found.post == pytest.approx(0, abs=0.02)
    assert found.pre == pytest.approx(-0.5, abs=0.02)


def test_stray_microbes_do_not_raise_it():
    images = patches(4, 2.0, 2.0, 0.6, microbes=120)
    assert images[0][:, :, 80:].mean() > 2.4
    found = measure(images)
    assert found.post == pytest.approx(2.0, abs=0.06)
    assert found.pre == pytest.approx(2.0, abs=0.02)


def test_a_sample_that_fills_the_frame_has_no_outside():
    rng = np.random.default_rng(5)
    mineral = 40 * np.exp(0.3 * rng.normal(size=(6, 128, 128)).cumsum(axis=2) / 6)
    found = measure([(1.2 * mineral + 2).astype(np.float32), (mineral + 2).astype(np.float32)])
    assert found.how == "none"
    assert np.isnan(found.post)


def test_an_empty_frame_is_no_outside_either():
    assert measure(patches(6, 5.0, 5.0, 0.7, sample=False)).how == "none"
