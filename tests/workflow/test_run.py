"""A small demonstration from raw files to the summary, and what it leaves."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import tifffile
from astropy.io import fits

from exo2micro import load_transform
from exo2micro.parameters import resolve
from exo2micro.synthesis import Truth
from exo2micro.targets import variant_targets

PAIRS = [("CD070", "SybrGld"), ("ER22", "DAPI")]


@pytest.fixture(scope="module")
def summary(finished):
    table = io.StringIO(finished.summary)
    return pd.read_csv(table, sep="\t", keep_default_na=False, na_values=[""])


def test_every_pair_is_complete_or_skipped_with_its_reason(finished, summary):
    status = {(row.sample, row.dye): row.status for row in summary.itertuples()}
    assert status[PAIRS[0]] == status[PAIRS[1]] == "complete"
    assert status["ER22", "SybrGld"].startswith("skipped: ")
    assert "pre" in status["ER22", "SybrGld"]
    assert len(status) == 3
    assert "Found against true" in finished.output


def test_the_summary_has_the_columns_of_the_specification(summary):
    assert list(summary.columns[:13]) == [
        "sample", "dye", "variant", "status", "alignment", "accuracy_px", "scale_estimate",
        "scale_error", "scale_percentile_value", "manual_scale", "n_candidates", "seconds",
        "peak_mb",
    ]  # fmt: skip
    complete = summary[summary.status == "complete"]
    assert (complete.variant == "_pad60").all()
    assert complete.alignment.isin(["pass", "warn"]).all()
    for column in ("accuracy_px", "scale_estimate", "scale_error", "seconds", "peak_mb"):
        assert (complete[column] > 0).all(), column


def test_summary_json_tells_the_same(finished, summary):
    rows = json.loads(finished.summary_record)["pairs"]
    assert [(row["sample"], row["dye"]) for row in rows] == list(
        zip(summary["sample"], summary["dye"], strict=True)
    )
    for row, line in zip(rows, summary.itertuples(), strict=True):
        if row["scale_estimate"] is not None:
            assert row["scale_estimate"] == pytest.approx(line.scale_estimate, rel=1e-6)


@pytest.mark.parametrize(("sample", "dye"), PAIRS)
def test_every_target_is_there_and_nothing_half_done(finished, sample, dye):
    folder = finished.pair(sample, dye)
    for name in variant_targets(resolve({"pad": 60}), "tiff"):
        assert (folder / name).stat().st_size > 0, name
    assert not [path for path in folder.rglob("*") if re.search(r"tmp|part|\.aside", path.name)]


@pytest.mark.parametrize(("sample", "dye"), PAIRS)
def test_stages_2_and_3_are_where_the_truth_is(finished, sample, dye):
    truth = Truth.load(finished.folder / f"raw/{sample}/{sample}_truth_{dye}.json")
    points = truth.microbes[["x", "y"]].to_numpy(float) + 60
    true = truth.map_points(points, 60)
    for name, most in (("02_icp", 5.0), ("03_interior", 0.3)):
        found = load_transform(finished.pair(sample, dye) / f"transforms/{name}_pad60.json")
        assert np.median(np.hypot(*(found.map_points(points) - true).T)) < most, name


@pytest.mark.parametrize(("sample", "dye"), PAIRS)
def test_the_scale_is_true(finished, summary, sample, dye):
    truth = Truth.load(finished.folder / f"raw/{sample}/{sample}_truth_{dye}.json")
    row = summary[(summary["sample"] == sample) & (summary["dye"] == dye)].iloc[0]
    assert row.scale_estimate == pytest.approx(truth.scale, rel=0.02)


@pytest.mark.parametrize(("sample", "dye"), PAIRS)
def test_the_difference_image_is_post_minus_scaled_pre(finished, summary, sample, dye):
    folder = finished.pair(sample, dye) / "tiff"
    post, pre, difference = (
        tifffile.imread(folder / f"{name}_pad60.tiff").astype(np.float64)
        for name in ("01_padded_post", "03_interior_aligned_pre", "04_difference_difference")
    )
    record = json.loads((folder.parent / "measurements/04_scale_pad60.json").read_text())
    assert record["scale_model"] == "constant"
    dark = record["dark"]
    scale = record["scale_estimate"]
    expected = post - scale * pre + (scale * dark["pre"] - dark["post"])
    inside = (post > 0) & (pre > 1)
    assert inside.mean() > 0.2
    np.testing.assert_array_equal(difference[inside], expected.astype(np.float32)[inside])


def test_padded_images_keep_their_type_and_the_others_are_float(finished):
    for (sample, dye), kind in zip(PAIRS, ("uint8", "uint16"), strict=True):
        folder = finished.pair(sample, dye) / "tiff"
        for name, dtype in (
            ("01_padded_post", kind),
            ("01_padded_pre", kind),
            ("02_icp_aligned_pre", "float32"),
            ("03_interior_aligned_pre", "float32"),
            ("04_difference_difference", "float32"),
        ):
            with tifffile.TiffFile(folder / f"{name}_pad60.tiff") as file:
                assert file.is_ome
                assert file.series[0].dtype == np.dtype(dtype)
                assert file.series[0].shape == (680, 720)
                assert file.pages[0].is_tiled
                assert f'Name="{dye}"' in file.ome_metadata


def test_another_format_converts_and_aligns_nothing_again(finished):
    both = {"checkpoint_format": "both", "samples": ["CD070"]}
    planned = finished.planned_pairs(config=both)
    assert set(planned) == {"pad", "warp_boundary", "measure_pair", "difference"}
    finished.snakemake("--cores", "2", config=both)
    folder = finished.pair("CD070", "SybrGld")
    for name in ("01_padded_post", "02_icp_aligned_pre", "04_difference_difference"):
        with fits.open(folder / f"fits/{name}_pad60.fits") as file:
            image = next(hdu.data for hdu in file if hdu.data is not None)
            assert np.array_equal(image, tifffile.imread(folder / f"tiff/{name}_pad60.tiff")), name
    # Each way, and back: nothing more to do.
    assert finished.plan(config=both) == {}
    assert finished.plan(config={"checkpoint_format": "fits", "samples": ["CD070"]}) == {}
    assert finished.plan() == {}


STRUCTURE = {
    "SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND", "BZERO", "BSCALE",
}  # fmt: skip


def test_headers_hold_the_keys_of_the_specification(finished):
    both = {"checkpoint_format": "both", "samples": ["CD070"]}
    finished.snakemake("--cores", "2", config=both)
    folder = finished.pair("CD070", "SybrGld") / "fits"
    always = {"SAMPLE", "DYE", "STAGE", "CREATED", "PAD"}
    for name, stage, more in (
        ("01_padded_pre", "01_padded", set()),
        ("02_icp_aligned_pre", "02_icp_aligned", set()),
        ("03_interior_aligned_pre", "03_interior_aligned", {"IACC", "ILVLOK"}),
        ("04_difference_difference", "04_difference", {"SCALE", "SCALEK"}),
    ):
        with fits.open(folder / f"{name}_pad60.fits") as file:
            header = next(hdu.header for hdu in file if hdu.data is not None)
        own = {key for key in header if key not in STRUCTURE}
        assert own == always | more, name
        assert (header["SAMPLE"], header["DYE"], header["STAGE"]) == ("CD070", "SybrGld", stage)
        assert header["PAD"] == 60
    assert header["SCALEK"] == "moffat"
