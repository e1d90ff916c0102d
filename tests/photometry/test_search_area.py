"""Where microbes are looked for."""

import numpy as np
import pytest

from exo2micro import detection
from exo2micro.catalogue import Detections
from exo2micro.difference_image import Subtraction
from exo2micro.geometry import Transform
from exo2micro.noise import NoiseModel
from exo2micro.search_area import BLOCK, SearchArea
from exo2micro.significance import Photometry
from exo2micro.storage import ArrayImage, Window
from exo2micro.subtraction import detecting, result_tiles

SHAPE = (900, 1300)
MIDDLE = np.array([700.0, 420.0])  # x, y in pre
RADIUS = 250.0
MINERAL = 60.0
FWHM = 4.0


@pytest.fixture(scope="module")
def transform():
    angle = np.radians(20)
    matrix = np.eye(3)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:2, 2] = 120, -80
    return Transform(matrix)


def mineral_at(xy):
    """A disc of mineral with a soft rim, in the pre image's frame."""
    return MINERAL / (1 + np.exp((np.hypot(*(xy - MIDDLE).T) - RADIUS) / 2))


def pixels():
    rows, columns = np.indices(SHAPE)
    return np.stack([columns.ravel(), rows.ravel()], axis=1)


@pytest.fixture(scope="module")
def mineral(transform):
    """The mineral in the post image."""
    return mineral_at(transform.map_points(pixels())).reshape(SHAPE)


@pytest.fixture(scope="module")
def sample(mineral):
    return mineral > 20


@pytest.fixture(scope="module")
def pre():
    return ArrayImage(mineral_at(pixels()).reshape(SHAPE).astype(np.float32))


def test_blocks_hold_the_sample_and_little_else(pre, transform, sample):
    area = SearchArea.find(pre, transform, SHAPE, (0, *SHAPE[:1], 0, SHAPE[1]), 10.0)
    found = area.within(Window(0, SHAPE[0], 0, SHAPE[1]))
    assert found.shape == SHAPE
    assert found[sample].all()
    assert found.sum() < 1.7 * sample.sum()
    part = Window(37, 411, 333, 901)
    np.testing.assert_array_equal(area.within(part), found[part.slices])


def test_a_window_is_trimmed_to_what_it_holds(pre, transform):
    area = SearchArea.find(pre, transform, SHAPE, (0, *SHAPE[:1], 0, SHAPE[1]), 10.0)
    whole = Window(0, SHAPE[0], 0, SHAPE[1])
    found = area.within(whole)
    trimmed = area.trim(whole)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert trimmed == (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    assert area.trim(Window(0, BLOCK, 0, BLOCK)) is None
    beside = SearchArea.find(pre, transform, SHAPE, (0, BLOCK, 0, BLOCK), 10.0)
    assert beside.trim(whole) is None


@pytest.fixture(scope="module")
def scene(mineral):
    """Post with many microbes, on the sample and beside it, their places, and the photometry."""
    rng = np.random.default_rng(4)
    post = rng.normal(0, 1, SHAPE) + mineral
    places = rng.uniform(20, 880, (700, 2)) * (SHAPE[1] / 900, 1)
    side = np.arange(-9, 10)
    for x, y in places:
        part = np.s_[int(y) - 9 : int(y) + 10, int(x) - 9 : int(x) + 10]
        dx, dy = side - (x - int(x)), side - (y - int(y))
        spot = 40 * np.exp(-4 * np.log(2) * (dx[None] ** 2 + dy[:, None] ** 2) / FWHM**2)
        post[part] += spot[: post[part].shape[0], : post[part].shape[1]]
    photometry = Photometry(
        scale=1.0,
        field=None,
        dark_post=0.0,
        dark_pre=0.0,
        pixel_noise=NoiseModel(1.0, 0.0, 0.1),
        matched_noise=NoiseModel(1 / (4 * np.pi * (FWHM / 2.3548) ** 2), 0.0, 0.1),
        fwhm=FWHM,
        saturation=(np.nan, np.nan),
        sample_level=20.0,
    )
    return ArrayImage(post.astype(np.float32)), places, photometry


def detect(scene, pre, transform):
    post, _, photometry = scene
    raw = {"shape": SHAPE}
    padding = {"pad": 0, "raw": {"post": raw, "pre": raw}, "canvas": SHAPE}
    detector = detection.Detector(post, pre, transform, padding, photometry, "cubic")
    detections, settings = Detections(), {"threshold": 5.0, "fwhm": FWHM}
    subtraction = Subtraction(1.0, None, 0.0, 0.0)
    with detecting(detector, subtraction, **settings, pad=0) as workers:
        images = list(result_tiles(workers, detector, detections))
    return detections.result(**settings), images


def test_nothing_is_found_beside_the_sample(scene, pre, transform, sample):
    found, images = detect(scene, pre, transform)
    places = scene[1]
    on = sample[places[:, 1].round().astype(int), places[:, 0].round().astype(int)]
    assert (~on).sum() > 300
    assert 0.85 * on.sum() < len(found["x"]) < 1.15 * on.sum()
    distance = np.hypot(*(transform.map_points(np.stack([found["x"], found["y"]], 1)) - MIDDLE).T)
    assert distance.max() < RADIUS + 10
    assert any(significance is None for _, significance, _ in images)
    assert len(images) == 6
    assert found["sample_px"] == pytest.approx(sample.sum(), rel=0.02)


def test_the_catalogue_is_the_same_however_the_frame_is_cut(scene, pre, transform, monkeypatch):
    found = detect(scene, pre, transform)[0]
    monkeypatch.setattr(detection, "TILES_IN_A_ROW", 1)
    again = detect(scene, pre, transform)[0]
    assert len(found["x"]) > 90
    np.testing.assert_allclose(again["x"], found["x"], atol=1e-3)
    np.testing.assert_array_equal(again["area_px"], found["area_px"])
    np.testing.assert_allclose(again["flux"], found["flux"], rtol=1e-4)
    np.testing.assert_array_equal(again["flags"], found["flags"])
