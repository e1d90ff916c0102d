"""The streamed images against a plain computation on whole arrays, tile seams included."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from exo2micro import padding
from exo2micro.aligned_image import write_aligned_and_measure
from exo2micro.catalogue import Detections
from exo2micro.detection import Detector
from exo2micro.difference_image import Subtraction
from exo2micro.geometry import DisplacementGrid, Transform, similarity
from exo2micro.noise import NoiseModel
from exo2micro.significance import Photometry
from exo2micro.storage import open_image, tile_windows, write_image
from exo2micro.subtraction import detecting, result_tiles

PAD = 70
RAW = {"post": (960, 2080), "pre": (1010, 2040)}
CANVAS = (1010 + 2 * PAD, 2080 + 2 * PAD)  # three rows of tiles, five columns; two places a row
SCALE, DARK_POST, DARK_PRE = 1.3, 4.0, 2.0
FACTS = {"channel_name": "D", "pixel_size_um": None, "header": {}}


@pytest.fixture(scope="module")
def record():
    """A transform's record: rotation, magnification, and bending in waves of 3000 px."""
    y, x = np.mgrid[-40:1200:20, -40:2300:20]
    dx, dy = 3 * np.sin(y / 480), 3 * np.cos(x / 480)
    grid = DisplacementGrid(-40.0, -40.0, 20.0, 20.0, dx, dy)
    matrix = similarity(11, 1.02, (1100, 560), (1090, 570))
    return {"pre_from_post": matrix, "displacement": grid.to_record()}


@pytest.fixture(scope="module")
def transform(record):
    return Transform.from_record(record)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Padded images as files, as whole arrays, and stage 1's record."""
    folder = tmp_path_factory.mktemp("whole")
    arrays, paths = {}, {}
    for number, (stain, (height, width)) in enumerate(RAW.items()):
        rng = np.random.default_rng(number)
        raw = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 1.5) * 120 + 90
        padded = np.zeros(CANVAS, np.uint8)
        padded[PAD : PAD + height, PAD : PAD + width] = np.clip(raw, 1, 255)
        arrays[stain], paths[stain] = padded, folder / f"{stain}.tiff"
        tiles = (padded[window.slices] for window in tile_windows(CANVAS))
        write_image(paths[stain], CANVAS, np.uint8, tiles)
    padding = {
        "pad": PAD,
        "canvas": list(CANVAS),
        "raw": {stain: {"shape": list(shape)} for stain, shape in RAW.items()},
        "saturation": {"post": 255, "pre": 255},
    }
    return SimpleNamespace(folder=folder, paths=paths, padding=padding, **arrays)


@pytest.fixture(scope="module")
def whole(pair, transform):
    """Aligned pre image and coverage by float64 on whole arrays."""
    y, x = np.indices(CANVAS)
    mapped = transform.map_points(np.stack([x.ravel(), y.ravel()], axis=1))
    x, y = (mapped[:, axis].reshape(CANVAS) - PAD for axis in (0, 1))
    height, width = RAW["pre"]
    coverage = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    raw = pair.pre[PAD : PAD + height, PAD : PAD + width].astype(np.float64)
    doubled = _between(_between(raw).T).T
    aligned = ndimage.map_coordinates(doubled, [2 * y, 2 * x], order=1, mode="nearest")
    return aligned * coverage, coverage


def _between(image):
    """Values half-way along the rows by the four-point formula, edge pixels repeated."""
    wide = np.pad(image, ((0, 0), (1, 2)), mode="edge")
    before, left, right, after = (wide[:, k : k + image.shape[1]] for k in range(4))
    halfway = (9 * (left + right) - before - after) / 16
    return np.stack([image, halfway], axis=2).reshape(len(image), -1)


@pytest.fixture(scope="module", params=[1, 2])
def aligned(request, pair, record):
    """Stage 3's image, by one process or by two, and what was measured on the way."""
    target = pair.folder / "aligned.tiff"
    sources, facts = SimpleNamespace(**pair.paths), {**FACTS, "threads": request.param}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(padding, "LARGE_PX", 0)
        arrays = write_aligned_and_measure(sources, target, record, pair.padding, "cubic", facts)
    return _read(target), arrays


def _read(path):
    with open_image(path) as image:
        return image.read((0, *image.shape[:1], 0, *image.shape[1:]))


def _agree(found, expected, coverage):
    """Compare images but for pixels on the very edge of the covered area."""
    edge = ndimage.binary_dilation(coverage) & ~ndimage.binary_erosion(coverage)
    gap = np.abs(found - expected)[~edge]
    # Positions are straight between nodes 8 px apart: to 0.0005 px here, at up to 60 levels a px.
    assert gap.max() < 0.03
    assert np.median(gap[coverage[~edge]]) < 5e-4
    assert edge.mean() < 0.01


def test_the_aligned_image_is_that_of_the_whole_arrays(aligned, whole):
    assert whole[1].mean() > 0.6
    _agree(aligned[0], *whole)


def test_what_is_measured_is_that_of_the_whole_arrays(aligned, whole, pair):
    _, arrays = aligned
    pre, coverage = whole
    shown = np.zeros(CANVAS, bool)
    shown[PAD : PAD + RAW["post"][0], PAD : PAD + RAW["post"][1]] = True
    both = shown & coverage
    assert arrays["counts"][0] == shown.sum()
    assert arrays["counts"][1] == pytest.approx(both.sum(), abs=20)
    assert arrays["joint"].sum() == arrays["counts"][1]
    middles = (arrays["joint_edges"][1:] + arrays["joint_edges"][:-1]) / 2
    joint = arrays["joint"] / arrays["joint"].sum()
    assert joint.sum(axis=1) @ middles == pytest.approx(pre[both].mean(), abs=0.05)
    assert joint.sum(axis=0) @ middles == pytest.approx(pair.post[both].mean(), abs=0.55)
    side = int(arrays["reduction"])
    for name, image in (("post", pair.post * 1.0), ("pre", pre)):
        block = image[600 : 600 + side, 1024 : 1024 + side].mean()
        reduced = arrays[f"reduced_{name}"][600 // side, 1024 // side]
        assert reduced == pytest.approx(block, abs=1e-2), name


@pytest.mark.parametrize("threads", [1, 2])
def test_the_difference_is_that_of_the_very_files(
    pair, transform, aligned, whole, threads, monkeypatch
):
    monkeypatch.setattr(padding, "LARGE_PX", 0)
    photometry = Photometry(
        scale=SCALE,
        field=None,
        dark_post=DARK_POST,
        dark_pre=DARK_PRE,
        pixel_noise=NoiseModel(400.0, 0.0, 0.0),
        matched_noise=NoiseModel(40.0, 0.0, 0.0),
        fwhm=4.0,
        saturation=(255.0, 255.0),
        sample_level=20.0,
    )
    subtraction = Subtraction(SCALE, None, DARK_POST, DARK_PRE)
    settings = {"threshold": 50.0, "fwhm": 4.0, "pad": PAD, "threads": threads}
    with open_image(pair.paths["post"]) as post, open_image(pair.paths["pre"]) as pre:
        detector = Detector(post, pre, transform, pair.padding, photometry, "cubic")
        with detecting(detector, subtraction, **settings) as workers:
            tiles = list(result_tiles(workers, detector, Detections()))
    found = np.zeros(CANVAS, np.float32)
    for window, (difference, _, _) in zip(tile_windows(CANVAS), tiles, strict=True):
        found[window.slices] = 0 if difference is None else difference
    shown = np.zeros(CANVAS, bool)
    shown[PAD : PAD + RAW["post"][0], PAD : PAD + RAW["post"][1]] = True
    dark = np.where(shown & whole[1], SCALE * DARK_PRE - DARK_POST, 0)
    edge = ndimage.binary_dilation(whole[1]) & ~ndimage.binary_erosion(whole[1])
    expected = (pair.post - SCALE * aligned[0].astype(np.float64) + dark).astype(np.float32)
    np.testing.assert_array_equal(found[~edge], expected[~edge])
