"""The streamed pass: what is put in comes out, whatever the tiles."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from exo2micro.catalogue import Detections, describe_catalogue, detection_features, make_table
from exo2micro.detection import Detector, detection_tiles
from exo2micro.difference_image import Subtraction
from exo2micro.geometry import Transform
from exo2micro.noise import NoiseModel
from exo2micro.significance import Photometry, significance_tile
from exo2micro.storage import (
    ArrayImage,
    open_image,
    write_features,
    write_images,
    write_table,
)
from exo2micro.subtraction import detecting, result_tiles

PAD = 40
SHAPE = (620, 2150)  # two rows of tiles, two work windows in each
FWHM = 4.0
NOISE = 2.0
SCALE = 1.25
MINERAL = 40.0
# The first two lie on the seams of tiles (y = 512, x = 2048 of the padded frame).
PLACES = np.array(
    [[2008.0, 200.3], [700.4, 471.8], [100.0, 100.0], [900.5, 300.5], [2100.0, 560.0], [400, 420]]
)
PEAK = 40.0


@pytest.fixture(scope="module")
def scene():
    """Padded images, the padding record and the photometry that they were made with."""
    rng = np.random.default_rng(5)
    rows, columns = np.indices(SHAPE)
    mineral = MINERAL * (1 + 0.3 * np.sin(columns / 40) * np.cos(rows / 30))
    mineral[:, 1500:1600] = 0  # no sample there
    pre = mineral + 3 + rng.normal(0, 1e-3, SHAPE)
    post = SCALE * mineral + 5 + rng.normal(0, NOISE, SHAPE)
    for x, y in PLACES:
        part = np.s_[max(int(y) - 20, 0) : int(y) + 20, max(int(x) - 20, 0) : int(x) + 20]
        square = (columns[part] - x) ** 2 + (rows[part] - y) ** 2
        post[part] += PEAK * np.exp(-square / 2 / (FWHM / 2.3548) ** 2)
    images = [ArrayImage(np.pad(image.astype(np.float32), PAD)) for image in (post, pre)]
    raw = {"shape": SHAPE}
    padding = {"pad": PAD, "raw": {"post": raw, "pre": raw}, "canvas": images[0].shape}
    area = 4 * np.pi * (FWHM / 2.3548) ** 2  # noise pixels that the filter averages
    photometry = Photometry(
        scale=SCALE,
        field=None,
        dark_post=5.0,
        dark_pre=3.0,
        pixel_noise=NoiseModel(NOISE**2, 0.0, 0.0),
        matched_noise=NoiseModel(NOISE**2 / area, 0.0, 0.0),
        fwhm=FWHM,
        saturation=(np.nan, np.nan),
        sample_level=10.0,
    )
    return images, padding, photometry


@pytest.fixture(scope="module")
def written(scene, tmp_path_factory):
    """Paths of the files of one pass, and what it detected."""
    images, padding, photometry = scene
    folder = tmp_path_factory.mktemp("detection")
    paths = [folder / f"{name}.tiff" for name in ("difference", "significance", "mask")]
    facts = {"channel_name": "Dye", "pixel_size_um": (0.5, 0.5), "header": {}, "threads": 2}
    settings = {"threshold": 5.0, "fwhm": FWHM}
    detector = Detector(*images, Transform(np.eye(3)), padding, photometry, "cubic")
    subtraction = Subtraction(SCALE, None, photometry.dark_post, photometry.dark_pre)
    detections = Detections()
    types = [np.dtype(name) for name in ("float32", "float32", "uint8")]
    with detecting(detector, subtraction, **settings, pad=PAD, threads=2) as workers:
        tiles = result_tiles(workers, detector, detections)
        write_images(list(zip(paths, types, strict=True)), images[0].shape, tiles, **facts)
    detected = detections.result(**settings)
    return SimpleNamespace(**{path.stem: path for path in paths}, detected=detected)


def test_images_are_those_of_the_whole_frame(scene, written):
    (post, pre), _, photometry = scene
    coverage = np.zeros(post.shape, dtype=bool)
    coverage[PAD:-PAD, PAD:-PAD] = True
    window = (0, post.shape[0], 0, post.shape[1])
    whole = significance_tile(photometry, window, post.pixels, pre.pixels * coverage, coverage)
    true = (post.pixels - 5.0) - SCALE * (pre.pixels.astype(float) - 3.0)
    with open_image(written.difference) as difference:
        np.testing.assert_allclose(difference.read(window), true * coverage, atol=2e-5)
    with open_image(written.significance) as significance, open_image(written.mask) as mask:
        assert (significance.dtype, mask.dtype) == (np.float32, np.uint8)
        np.testing.assert_allclose(significance.read(window), whole.significance, atol=2e-3)
        np.testing.assert_array_equal(mask.read(window), whole.mask)
        assert significance.channel_name == "Dye"


def test_every_microbe_is_listed_once_where_it_is(written):
    table = make_table(written.detected, (0.5, 0.5))
    assert len(table) == len(PLACES)
    order = np.argsort(PLACES[:, 1])
    found = table[["x_raw", "y_raw"]].to_numpy()
    np.testing.assert_allclose(found, PLACES[order], atol=0.3)
    np.testing.assert_allclose(table[["x", "y"]], found + PAD)
    assert table["id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert (table["flags"] == "").all()
    np.testing.assert_allclose(table["area_um2"], table["area_px"] / 4)
    np.testing.assert_allclose(table["elongation"], 1, atol=0.2)


def test_flux_and_its_error(written):
    table = make_table(written.detected)
    true = PEAK * 2 * np.pi * (FWHM / 2.3548) ** 2
    assert table["flux"].mean() == pytest.approx(true, rel=0.03)
    pull = (table["flux"] - true * 0.985) / table["flux_error"]
    assert np.abs(pull).max() < 3.5
    assert table["area_um2"].isna().all()


def test_counts_and_densities(written):
    detected = written.detected
    record = describe_catalogue(detected, (0.5, 0.5))
    sample = SHAPE[0] * (SHAPE[1] - 100)
    assert record["n_candidates"] == record["n_listed"] == len(PLACES)
    assert record["n_estimated"] == len(PLACES)
    assert (make_table(detected)["n_microbes"] == 1).all()
    assert record["sample_area_px"] == pytest.approx(sample, rel=0.01)
    assert record["sample_area_mm2"] == pytest.approx(sample * 0.25e-6, rel=0.01)
    assert record["candidates_per_mpx"] == pytest.approx(6e6 / sample, rel=0.01)
    assert record["candidates_per_mm2"] == pytest.approx(6 / (sample * 0.25e-6), rel=0.01)
    assert record["median_fwhm_px"] == pytest.approx(FWHM, rel=0.15)
    assert record["n_dark"] <= 1  # noise
    assert 0 < record["expected_false"] - record["n_dark"] < 1
    assert 2.9 < record["false_at_most"] - record["expected_false"] < 3.8
    assert describe_catalogue(detected)["candidates_per_mm2"] is None


def test_files_are_read_by_others(written, tmp_path):
    detected = written.detected
    table = make_table(detected)
    write_table(tmp_path / "c.csv", table)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "c.csv")[["id", "x_raw", "area_px"]],
        table[["id", "x_raw", "area_px"]],
    )
    write_features(tmp_path / "c.geojson", detection_features(detected, table))
    features = json.loads((tmp_path / "c.geojson").read_text())["features"]
    assert len(features) == len(table)
    for feature, row in zip(features, table.itertuples(), strict=True):
        assert feature["properties"]["objectType"] == "detection"
        ring = np.array(feature["geometry"]["coordinates"][0])
        assert (ring[0] == ring[-1]).all()
        x, y = ring[:-1].T
        shoelace = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        assert shoelace == row.area_px
        # Corners, not centres: pixel (0, 0) reaches from 0 to 1.
        middle = (ring.min(axis=0) + ring.max(axis=0)) / 2
        assert middle == pytest.approx([row.x_raw + 0.5, row.y_raw + 0.5], abs=0.8)


def test_nothing_in_nothing_out(scene):
    (post, pre), padding, photometry = scene
    empty = ArrayImage(np.zeros_like(post.pixels))
    far = Transform(np.array([[1.0, 0, 9000], [0, 1, 0], [0, 0, 1]]))
    tiles = detection_tiles(Detector(empty, pre, far, padding, photometry, "cubic"))
    assert [tile for _, tile in tiles if tile is not None] == []


def test_values_that_are_no_numbers_count_as_not_covered(scene):
    (post, pre), padding, photometry = scene
    holed = post.pixels.copy()
    holed[300:310, 300:310] = np.nan
    identity = Transform(np.eye(3))
    detector = Detector(ArrayImage(holed), pre, identity, padding, photometry, "cubic")
    tile = next(detection_tiles(detector))[1]
    assert np.isfinite(tile.significance.significance).all()
    assert (tile.significance.mask[300:310, 300:310] == 1).all()
    assert tile.significance.mask[320, 320] == 0
