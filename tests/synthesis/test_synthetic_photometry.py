"""Scale, noise, saturation and microbes of synthetic pairs against their descriptions."""

from math import inf

import cv2
import numpy as np
import pytest

from exo2micro.errors import ConfigError
from exo2micro.synthesis import PairSpec, SyntheticPair, render_pair
from exo2micro.synthesis.camera import add_noise

SHAPE = (600, 700)
CLEAN = {"photons_per_level": inf, "read_noise": 0, "pre_offset": 0, "post_offset": 0}
FLOAT = {"dtype": "float32", "colour": "grey", **CLEAN}
SPECKLE = {"texture": "speckle", "post_shape": SHAPE, "seed": 1}


def test_ratio_of_clean_mineral_is_the_scale():
    pre, post, truth = render_pair(PairSpec(scale=1.37, microbe_cover=0, **SPECKLE, **FLOAT))
    mineral = pre > 1
    assert mineral.mean() > 0.3
    np.testing.assert_allclose(post[mineral] / pre[mineral], 1.37, rtol=1e-4)
    assert truth.scale == 1.37


def test_offsets_come_on_top_of_the_mineral():
    spec = PairSpec(
        scale=2, microbe_cover=0, **SPECKLE, **FLOAT | {"pre_offset": 3, "post_offset": 7}
    )
    pre, post, _ = render_pair(spec)
    np.testing.assert_allclose(post - 7, 2 * (pre - 3), atol=1e-3)
    assert pre.min() == pytest.approx(3, abs=1e-4)


def test_varying_gain_and_second_mineral_are_what_scale_at_says():
    spec = PairSpec(
        footprint="full",
        psf_fwhm=0,
        gain_variation=0.3,
        second_mineral_fraction=0.3,
        second_mineral_ratio=1.6,
        microbe_cover=0,
        **SPECKLE,
        **FLOAT,
    )
    pair = SyntheticPair(spec)
    ratio = pair.read("post") / pair.read("pre")
    xy = np.random.default_rng(2).integers(0, 600, (500, 2))
    np.testing.assert_allclose(ratio[xy[:, 1], xy[:, 0]], pair.scale_at(xy), rtol=1e-3)
    assert ratio.max() / ratio.min() > 1.5
    assert 0.05 < np.mean(ratio > 1.3 * np.median(ratio)) < 0.45


@pytest.mark.parametrize("brightness", [8, 40, 140])
def test_mean_brightness_of_the_mineral(brightness):
    spec = PairSpec(brightness=brightness, microbe_cover=0, colour="grey", **SPECKLE, **CLEAN)
    pair = SyntheticPair(spec)
    inner = cv2.erode(pair.sample_mask("pre").astype(np.uint8), np.ones((25, 25))) > 0
    assert pair.read("pre")[inner].mean() == pytest.approx(brightness, rel=0.03)
    assert pair.read("post").max() < 255


@pytest.mark.parametrize("fraction", [0.01, 0.1])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_saturated_fraction(dtype, fraction):
    spec = PairSpec(
        seed=1,
        post_shape=SHAPE,
        dtype=dtype,
        saturated_fraction=fraction,
        microbe_cover=0,
        colour="grey",
    )
    pair = SyntheticPair(spec)
    image = pair.read("pre")
    assert image.dtype == dtype
    saturated = np.mean(image[pair.sample_mask("pre")] == np.iinfo(dtype).max)
    assert fraction * 0.5 < saturated < fraction * 1.5


def test_whole_mineral_saturating_is_refused():
    with pytest.raises(ConfigError, match="saturates"):
        PairSpec(brightness=150, scale=1.8)


@pytest.mark.parametrize("level", [0.0, 1.0, 30.0])
def test_noise_is_that_of_photons_and_camera(level):
    levels = np.full((600, 600), level, np.float32)
    noisy = add_noise(levels, 10.0, 0.5, np.random.default_rng(3)).astype(float)
    variance = level / 10 + 0.25
    assert noisy.mean() == pytest.approx(level, abs=5 * np.sqrt(variance / levels.size))
    assert noisy.var() == pytest.approx(variance, rel=0.02)
    third = np.mean((noisy - noisy.mean()) ** 3)
    assert third == pytest.approx(level / 100, abs=0.02 * variance**1.5)


def test_noise_of_the_images_is_independent():
    spec = PairSpec(blank="both", background=20, photons_per_level=10, read_noise=1, **SPECKLE)
    pair = SyntheticPair(spec)
    pre, post = (pair.read(frame)[..., 1].astype(float) for frame in ("pre", "post"))
    assert abs(np.corrcoef(pre.ravel(), post.ravel())[0, 1]) < 0.01
    assert pre.std() == pytest.approx(np.sqrt(20 / 10 + 1 + 1 / 12), rel=0.02)


@pytest.mark.parametrize(("cover", "clusters"), [(0.03, 0.0), (0.1, 0.5), (0.2, 0.5)])
def test_cover_by_microbes(cover, clusters):
    spec = PairSpec(
        seed=1,
        post_shape=(1100, 1100),
        texture="speckle",
        microbe_cover=cover,
        cluster_fraction=clusters,
        microbe_peak=(50, 50),
        **FLOAT,
    )
    pair = SyntheticPair(spec)
    light = pair.signal("post") - pair.signal("post", microbes=False)
    covered = np.mean(light[pair.sample_mask("post")] > 25)
    assert covered == pytest.approx(cover, rel=0.3)
    microbes = pair.truth.microbes
    assert microbes.on_sample.mean() > 0.9
    assert light.sum(dtype=float) == pytest.approx(microbes.flux.sum(), rel=0.01)


def test_a_microbe_has_the_place_width_and_peak_of_its_row():
    spec = PairSpec(
        seed=6,
        post_shape=SHAPE,
        texture="speckle",
        microbe_cover=0.002,
        cluster_fraction=0,
        rod_fraction=0,
        **FLOAT,
    )
    pair = SyntheticPair(spec)
    light = pair.signal("post") - pair.signal("post", microbes=False)
    rows = pair.truth.microbes
    inside = rows.x.between(30, SHAPE[1] - 30) & rows.y.between(30, SHAPE[0] - 30)
    checked = 0
    for row in rows[inside].itertuples():
        others = np.hypot(rows.x - row.x, rows.y - row.y).sort_values().iloc[1]
        if others < 40:
            continue
        x, y = round(row.x), round(row.y)
        patch = light[y - 14 : y + 15, x - 14 : x + 15].astype(float)
        dy, dx = np.mgrid[y - 14 : y + 15, x - 14 : x + 15]
        assert (patch * dx).sum() / patch.sum() == pytest.approx(row.x, abs=0.02)
        assert (patch * dy).sum() / patch.sum() == pytest.approx(row.y, abs=0.02)
        spread = (patch * (dx - row.x) ** 2).sum() / patch.sum()
        assert 2.3548 * np.sqrt(spread) == pytest.approx(row.fwhm, rel=0.03)
        assert patch.sum() == pytest.approx(row.flux, rel=0.01)
        assert patch.max() == pytest.approx(row.peak, rel=0.2)
        checked += 1
    assert checked >= 5
    assert not np.allclose(light, 0)


def test_microbes_are_in_post_only():
    spec = PairSpec(microbe_cover=0.1, **SPECKLE, **FLOAT)
    without = PairSpec(microbe_cover=0, **SPECKLE, **FLOAT)
    np.testing.assert_array_equal(
        SyntheticPair(spec).read("pre"), SyntheticPair(without).read("pre")
    )


def test_stain_image_is_added_to_post():
    stain = np.zeros(SHAPE, np.float32)
    stain[200:260, 300:380] = 5
    spec = PairSpec(stain_image=stain, stain_peak=70, microbe_cover=0, **SPECKLE, **FLOAT)
    pair = SyntheticPair(spec)
    added = pair.read("post") - spec.scale * pair.read("pre")
    assert added[230, 340] == pytest.approx(70, rel=0.01)
    assert np.abs(added[:180]).max() < 0.01
