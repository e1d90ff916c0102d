"""The scale of pairs whose scale is known, and whether it can be trusted."""

import copy

import numpy as np
import pytest

from exo2micro.measurement import measure_pair
from exo2micro.scale import estimate_scale
from exo2micro.scale_verdict import judge_scale
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import PairSpec, SyntheticPair

SIZE = (512, 640)


class TrueTransform:
    """Where the pair really lies."""

    def __init__(self, truth):
        self.map_points = truth.map_points

    def map_lattice(self, x, y):
        points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return self.map_points(points).T.reshape(2, len(y), len(x))


def measure(**changes):
    """Statistics of a pair aligned by its true transform, without padding."""
    spec = PairSpec(
        **{
            "post_shape": SIZE,
            "colour": "grey",
            "rotation_deg": 3.0,
            "fill": 0.9,
            "seed": 4,
            **changes,
        }
    )
    pair = SyntheticPair(spec)
    padding = {
        "pad": 0,
        "raw": {frame: {"shape": SIZE} for frame in ("post", "pre")},
        "saturation": dict.fromkeys(("post", "pre"), spec.full_scale),
    }
    post, pre = (ArrayImage(pair.read(frame)) for frame in ("post", "pre"))
    return measure_pair(post, pre, TrueTransform(pair.truth), padding, "cubic")


@pytest.fixture(scope="module")
def plain():
    """Statistics of the plain pair."""
    return measure()


def check(record, scale=1.2, worst=0.005):
    assert record["status"] == "ok", record["reasons"]
    assert record["scale_estimate"] == pytest.approx(scale, rel=worst)
    assert abs(record["scale_estimate"] - scale) < 4 * record["scale_error"]
    assert record["scale_error"] < 0.004 * scale


def test_plain_pair(plain):
    record = estimate_scale(plain)
    check(record, worst=0.0015)
    assert record["median_ratio"] == pytest.approx(1.2, rel=0.004)
    assert record["ridge_slope"] == pytest.approx(1.2, rel=0.01)
    assert record["moffat"]["mu"] == pytest.approx(np.log10(1.2), abs=1e-3)
    assert record["dark"]["post"] == pytest.approx(2, abs=0.05)
    assert record["dark"]["pre"] == pytest.approx(2, abs=0.05)
    assert 0.005 < record["stained_fraction"] < 0.06
    assert 2.5 < record["noise"]["microbe_fwhm_px"] < 6
    assert record["scale_percentile_value"] is None
    assert record["manual_scale"] is None


def test_percentiles_of_the_ratio(plain):
    values = {"manual_scale": 1.3}
    middle, high = (estimate_scale(plain, {**values, "scale_percentile": p}) for p in (50, 99))
    assert middle["scale_percentile_value"] == pytest.approx(1.2, rel=0.01)
    assert high["scale_percentile_value"] > 1.25
    assert high["manual_scale"] == 1.3


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": 0.2, "brightness": 60.0},
        {"scale": 0.99},
        {"scale": 4.0, "brightness": 20.0},
        {"microbe_cover": 0.2},
        {"dtype": "uint16", "brightness": 4.0, "photons_per_level": 200.0},
        {"dtype": "float32"},
        {"post_offset": 20.0, "pre_offset": 5.0},
        {"footprint": "full", "post_offset": 12.0, "pre_offset": 9.0},
        {"saturated_fraction": 0.05},
    ],
    ids=lambda changes: " ".join(f"{k}={v}" for k, v in changes.items()),
)
def test_other_pairs(changes):
    check(estimate_scale(measure(**changes)), changes.get("scale", 1.2))


def test_an_image_over_itself():
    record = estimate_scale(measure(pre_is_post=True, rotation_deg=0.0))
    assert record["status"] == "ok"
    assert record["scale_estimate"] == pytest.approx(1, abs=1e-6)
    assert record["noise"]["matched"]["read_variance"] > 0  # no integer is that well known


def test_without_subtraction_a_dark_level_bends_the_scale():
    arrays = measure(post_offset=20.0, pre_offset=5.0)
    kept = estimate_scale(arrays, {"subtract_dark": False})
    assert kept["dark"]["post"] == 0
    assert kept["scale_estimate"] > 1.3


def test_a_scale_that_varies_is_warned_of_and_followed():
    arrays = measure(gain_variation=0.15)
    constant = estimate_scale(arrays)
    assert constant["status"] == "warn"
    assert "varies" in " ".join(constant["reasons"])
    assert "scale_model: smooth" in " ".join(constant["reasons"])
    smooth = estimate_scale(arrays, {"scale_model": "smooth"})
    assert smooth["status"] == "ok"
    assert smooth["scale_field"] is not None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"second_mineral_fraction": 0.4, "second_mineral_ratio": 1.5}, "peak"),
        ({"blank": "pre"}, ""),
        ({"pre_seed": 77}, "peak"),
        (
            {"microbe_cover": 0.5, "microbe_fwhm": (14.0, 22.0), "microbe_peak": (60.0, 120.0)},
            "stain",
        ),
    ],
    ids=["two minerals", "nothing there", "another sample", "mostly stain"],
)
def test_no_scale(changes, word):
    record = estimate_scale(measure(**changes))
    assert record["status"] == "fail"
    assert word in " ".join(record["reasons"])


def test_verdict_on_each_figure(plain):
    good = estimate_scale(plain)
    assert judge_scale(good) == {"status": "ok", "reasons": []}

    def judge(**changes):
        record = copy.deepcopy(good)
        for name, value in changes.items():
            record[name] = value
        return judge_scale(record)["status"]

    assert judge(scale_estimate=None) == "fail"
    assert judge(blocks=20) == "fail"
    assert judge(stained_fraction=0.8) == "fail"
    assert judge(background_fraction=0.001) == "fail"
    assert judge(goodness=400.0) == "fail"
    assert judge(scale_error=0.1) == "fail"
    assert judge(scale_error=0.04) == "warn"
    assert judge(scale_map={**good["scale_map"], "roughness": 0.2}) == "fail"
    assert judge(median_ratio=1.4) == "fail"
    assert judge(ratio_peaks={"position": [1.2, 1.9], "height": [1.0, 0.4]}) == "fail"
    assert judge(ratio_peaks={"position": [1.9], "height": [1.0]}) == "fail"
    assert judge(ridge_slope=1.3, ridge_slope_error=0.001) == "warn"
