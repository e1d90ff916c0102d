"""Synthetic pairs as files and windows: determinism, odd cases, records."""

import json
from math import inf

import numpy as np
import pytest
import tifffile

from exo2micro.errors import ConfigError, RecordError
from exo2micro.synthesis import PairSpec, SyntheticPair, Truth, render_pair, write_pair

SMALL = {"post_shape": (700, 800), "texture": "speckle", "seed": 3}


def correlation(first, second):
    return np.corrcoef(first.ravel().astype(float), second.ravel().astype(float))[0, 1]


@pytest.mark.parametrize("frame", ["pre", "post"])
def test_any_window_holds_the_same_pixels(frame):
    spec = PairSpec(
        rotation_deg=20,
        bending_px=2,
        pre_shape=(650, 900),
        crosstalk=0.05,
        microbe_cover=0.1,
        **SMALL,
    )
    whole = SyntheticPair(spec).read(frame)
    y0, y1, x0, x1 = 417, 633, 390, 731
    part = SyntheticPair(spec).read(frame, (y0, y1, x0, x1), threads=1)
    assert part.std() > 1
    np.testing.assert_array_equal(part, whole[y0:y1, x0:x1])


def test_texture_has_no_seams_between_blocks():
    spec = PairSpec(
        photons_per_level=inf, read_noise=0, footprint="full", dtype="float32", colour="grey",
        rotation_deg=30, **SMALL,
    )  # fmt: skip
    image = SyntheticPair(spec).read("pre")
    steps = np.abs(np.diff(image, axis=1)).mean(axis=0)
    assert steps[511] < 1.5 * np.median(steps)


def test_microbes_of_windows_make_up_the_whole_table():
    pair = SyntheticPair(PairSpec(microbe_cover=0.05, **SMALL))
    whole = pair.truth.microbes
    parts = [
        pair._microbes.table((y, min(y + 350, 700), x, x + 400)) for y in (0, 350) for x in (0, 400)
    ]
    assert len(whole) > 100
    assert sum(map(len, parts)) == len(whole)


def test_seed_decides_everything():
    first, again, other = (
        SyntheticPair(PairSpec(**{**SMALL, "seed": seed})).read("post") for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.2


def test_rgb_has_its_signal_in_one_channel():
    image = SyntheticPair(PairSpec(channel=2, crosstalk=0.0, **SMALL)).read("post")
    assert image.shape == (700, 800, 3)
    assert image[..., 2].mean() > 10
    assert image[..., :2].max() == 0


def test_crosstalk_is_faint():
    image = SyntheticPair(PairSpec(channel=0, crosstalk=0.02, **SMALL)).read("post")
    assert 0 < image[..., 1].mean() < 0.05 * image[..., 0].mean()
    assert correlation(image[..., 1], image[..., 2]) < 0.9  # the noise is each channel's own


@pytest.mark.parametrize(
    ("footprint", "at_edge", "low", "high"),
    [
        ("blob", False, 0.3, 0.75),
        ("fragments", False, 0.08, 0.5),
        ("cropped", True, 0.3, 0.9),
        ("full", True, 1.0, 1.0),
    ],
)
def test_footprints(footprint, at_edge, low, high):
    mask = SyntheticPair(PairSpec(footprint=footprint, **SMALL)).sample_mask("post")
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    assert edge.any() == at_edge
    assert low <= mask.mean() <= high


def test_another_sample_in_pre_does_not_match():
    same = PairSpec(microbe_cover=0, footprint="full", **SMALL)
    other = PairSpec(microbe_cover=0, footprint="full", pre_seed=99, **SMALL)
    pre, post, _ = render_pair(same)
    assert correlation(pre[..., 1], post[..., 1]) > 0.9
    assert abs(correlation(SyntheticPair(other).read("pre")[..., 1], post[..., 1])) < 0.2


def test_one_image_twice():
    pre, post, truth = render_pair(PairSpec(pre_is_post=True, rotation_deg=30, **SMALL))
    np.testing.assert_array_equal(pre, post)
    np.testing.assert_array_equal(truth.pre_from_post, np.eye(3))
    assert truth.scale == 1
    assert len(truth.microbes) == 0


def test_blank_images_show_only_noise():
    spec = PairSpec(blank="pre", pre_offset=5, read_noise=1, **SMALL)
    pre = SyntheticPair(spec).read("pre")[..., 1]
    assert pre.mean() == pytest.approx(5, abs=0.05)
    assert pre.std() < 1.3


def test_mirrored_pre_is_flipped():
    spec = PairSpec(
        mirror_pre=True, scale=1, microbe_cover=0, dtype="float32", colour="grey",
        photons_per_level=inf, read_noise=0, **SMALL,
    )  # fmt: skip
    pre, post, _ = render_pair(spec)
    np.testing.assert_allclose(pre[:, ::-1], post, atol=0.02)


@pytest.mark.parametrize(
    ("layout", "fields"),
    [
        ({"tiled": False}, {"colour": "rgb"}),
        ({"tiled": True, "compression": "zlib"}, {"colour": "rgb", "dtype": "uint16"}),
        ({"tiled": True}, {"colour": "grey", "dtype": "float32"}),
    ],
)
def test_files_hold_the_rendered_pixels(tmp_path, layout, fields):
    spec = PairSpec(rotation_deg=5, pixel_size_um=0.5, **SMALL, **fields)
    paths = [tmp_path / "S1" / name for name in ("pre.tif", "post.tif", "truth.json")]
    write_pair(spec, *paths, **layout)
    pre, post, truth = render_pair(spec)
    np.testing.assert_array_equal(tifffile.imread(paths[0]), pre)
    np.testing.assert_array_equal(tifffile.imread(paths[1]), post)
    with tifffile.TiffFile(paths[0]) as tiff:
        assert len(tiff.pages) == 1
        assert tiff.pages[0].get_resolution("MICROMETER") == pytest.approx((2.0, 2.0))
    assert len(list((tmp_path / "S1").iterdir())) == 4
    loaded = Truth.load(paths[2])
    assert loaded.spec == spec
    xy = np.array([[10.5, 20.25], [700.0, 350.0]])
    np.testing.assert_array_equal(loaded.map_points(xy), truth.map_points(xy))
    assert len(loaded.microbes) == len(truth.microbes)
    np.testing.assert_allclose(loaded.microbes.x, truth.microbes.x, atol=1e-5)


def test_a_file_can_be_left_out(tmp_path):
    write_pair(PairSpec(**SMALL), None, tmp_path / "post.tif", None)
    assert [path.name for path in tmp_path.iterdir()] == ["post.tif"]


def test_noise_free_spec_survives_its_record():
    spec = PairSpec(photons_per_level=inf, texture="image", texture_image="rock.tif", **{"seed": 2})
    again = PairSpec.from_record(json.loads(json.dumps(spec.to_record())))
    assert again == spec
    assert again.texture_image == "rock.tif"


def test_damaged_truth_is_explained(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text('{"scale": 1}')
    with pytest.raises(RecordError, match="not the truth of a synthetic pair"):
        Truth.load(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"texture": "marble"}, "texture is 'marble'"),
        ({"microbe_cover": 0.9}, "microbe_cover is 0.9"),
        ({"microbe_fwhm": (5, 3)}, "microbe_fwhm"),
        ({"post_shape": (4, 4)}, "post_shape"),
        ({"texture": "image"}, "needs texture_image"),
        ({"footprint": "texture"}, "needs texture 'image'"),
        ({"pre_is_post": True, "pre_shape": (100, 100)}, "pre_is_post"),
    ],
)
def test_impossible_descriptions_are_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        PairSpec(**fields)
