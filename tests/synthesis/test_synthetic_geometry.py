"""The geometric truth of synthetic pairs, checked by independent means."""

from math import inf

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from exo2micro.errors import ConfigError
from exo2micro.synthesis import PairSpec, SyntheticPair, render_pair
from exo2micro.synthesis.mapping import node_count, spread_map

CLEAN = {
    "dtype": "float32",
    "colour": "grey",
    "photons_per_level": inf,
    "read_noise": 0,
    "pre_offset": 0,
    "post_offset": 0,
    "microbe_cover": 0,
}
SIDE = 420
REACH = 10


@pytest.fixture(scope="module")
def beads():
    """Isolated Gaussian beads on a dark ground, and roughly where they are."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    places = [
        (cx + rng.uniform(-8, 8), cy + rng.uniform(-8, 8))
        for cx in range(50, SIDE - 40, 64)
        for cy in range(50, SIDE - 40, 64)
    ]
    image = sum(np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 1.8**2)) for cx, cy in places)
    return image.astype(np.float32), np.array(places)


def centroid(image, near):
    x, y = np.rint(near).astype(int)
    part = image[y - REACH : y + REACH + 1, x - REACH : x + REACH + 1].astype(float)
    rows, columns = np.mgrid[y - REACH : y + REACH + 1, x - REACH : x + REACH + 1]
    return np.array([(part * columns).sum(), (part * rows).sum()]) / part.sum()


@pytest.mark.parametrize(
    "motion",
    [
        {"shift": (0.3, 0.7)},
        {"rotation_deg": 33, "magnification": 1.07, "shift": (5.3, -7.7), "shear": 0.01},
        {"rotation_deg": -90, "magnification": 0.93, "perspective_px": 4},
        {"rotation_deg": 17, "bending_px": 3, "bending_periods": 1},
        {"mirror_pre": True, "rotation_deg": 170},
    ],
)
def test_beads_lie_where_the_truth_says(beads, motion):
    image, places = beads
    pre, post, truth = render_pair(
        PairSpec(
            seed=4,
            post_shape=(SIDE, SIDE),
            pre_shape=(SIDE + 20, SIDE + 40),
            texture="image",
            texture_image=image,
            footprint="texture",
            **CLEAN,
            **motion,
        )
    )
    height, width = pre.shape
    errors = []
    for place in places:
        post_xy = centroid(post, place)
        expected = truth.map_points(post_xy)[0]
        if (expected > REACH + 2).all() and (
            expected < (width - REACH - 2, height - REACH - 2)
        ).all():
            errors.append(centroid(pre, expected) - expected)
    assert len(errors) > 10
    assert np.abs(errors).max() < 0.01
    assert np.abs(np.mean(errors, axis=0)).max() < 0.002


@pytest.mark.parametrize("texture", ["grains", "speckle"])
def test_textures_match_after_resampling_by_the_truth(texture):
    spec = PairSpec(
        seed=4,
        post_shape=(640, 640),
        texture=texture,
        footprint="full",
        rotation_deg=20,
        shift=(3.3, 1.2),
        bending_px=2,
        scale=1,
        **CLEAN,
    )
    pre, post, truth = render_pair(spec)
    y, x = np.mgrid[170:470, 170:470]
    seen = truth.inverse_points(np.stack([x.ravel(), y.ravel()], axis=1))
    expected = map_coordinates(post.astype(float), seen[:, ::-1].T, order=5).reshape(x.shape)
    difference = pre[170:470, 170:470] - expected
    slopes = np.gradient(expected)[::-1]
    for rows in range(0, 300, 100):
        part = np.s_[rows : rows + 100, :]
        shift = np.linalg.lstsq(
            np.stack([s[part].ravel() for s in slopes], axis=1),
            difference[part].ravel(),
            rcond=None,
        )[0]
        assert np.abs(shift).max() < 0.002
    assert difference.std() < 0.01 * expected.std()


def test_inverse_undoes_the_motion():
    truth = SyntheticPair(
        PairSpec(texture="speckle", post_shape=(600, 800), bending_px=6, rotation_deg=70, **CLEAN)
    ).truth
    xy = np.random.default_rng(1).uniform(0, 600, (200, 2))
    assert np.abs(truth.map_points(xy) - xy).max() > 50
    np.testing.assert_allclose(truth.inverse_points(truth.map_points(xy)), xy, atol=1e-6)
    padded = truth.map_points(xy + 200, pad=200)
    np.testing.assert_allclose(padded, truth.map_points(xy) + 200, atol=1e-9)


def test_padded_matrix_maps_padded_points():
    truth = SyntheticPair(
        PairSpec(
            texture="speckle", post_shape=(600, 800), rotation_deg=30, perspective_px=5, **CLEAN
        )
    ).truth
    xy = np.array([[100.0, 250.0], [700.0, 30.0]])
    homogeneous = np.column_stack([xy + 300, np.ones(2)]) @ truth.pre_from_post_padded(300).T
    np.testing.assert_allclose(
        homogeneous[:, :2] / homogeneous[:, 2:], truth.map_points(xy) + 300, atol=1e-9
    )


def test_largest_bending_is_the_one_asked_for():
    spec = PairSpec(texture="speckle", post_shape=(500, 900), bending_px=5, **CLEAN)
    truth = SyntheticPair(spec).truth
    x, y = np.meshgrid(np.arange(0, 900, 5.0), np.arange(0, 500, 5.0))
    xy = np.stack([x.ravel(), y.ravel()], axis=1)
    bent = truth.map_points(xy) - xy
    assert np.linalg.norm(bent, axis=1).max() == pytest.approx(5, rel=0.02)


def test_folding_bend_is_refused():
    with pytest.raises(ConfigError, match="folds the sample"):
        PairSpec(post_shape=(200, 200), bending_px=20, bending_periods=2)


def test_spread_map_follows_short_waves():
    def waves(xy):
        return np.stack([xy[:, 0] + 4 * np.sin(xy[:, 1] / 20), xy[:, 1] * 2], axis=1)

    window = (1000, 1540, 20_000, 20_530)
    maps, base = spread_map(waves, window, node_count(540, 2 * np.pi * 20))
    y, x = np.mgrid[1000:1540, 20_000:20_530]
    expected = waves(np.stack([x.ravel(), y.ravel()], axis=1).astype(float)).T.reshape(maps.shape)
    assert np.abs(maps + base[:, None, None] - expected).max() < 5e-4
