"""What the keys of the configuration may say, and what is said of what they may not."""

import pytest
from request_checks import config_fault, keys

from exo2micro.parameters import resolve
from exo2micro.request import build_request


def test_defaults(folder):
    request = build_request({})
    assert keys(request.pairs) == [("A", "D1"), ("A", "D2"), ("B", "D1")]
    assert (request.raw_dir, request.output_dir) == ("raw", "processed")
    assert (request.checkpoint_format, request.on_failed_alignment) == ("tiff", "stop")
    assert request.strict_dyes is True
    assert request.demo is None
    assert request.channel("D1") is None
    assert request.messages() == []
    (variant,) = request.pairs[0].variants
    assert (variant.values, variant.suffix) == (resolve(), "")
    assert request.find_pair("A", "D2").pre == "raw/A/A_pre_D2.tif"


def test_equal_values_make_one_variant(folder):
    request = build_request({"params": {"boundary_width": [15, "15", 15.0]}})
    assert [v.suffix for v in request.variants] == [""]


def test_the_command_lines_texts_are_understood(folder):
    request = build_request(
        {"strict_dyes": "false", "sample_sheet": "null", "samples": ["A"],
         "params": {"pad": "500", "fine_ecc": "true", "manual_scale": "null"},
         "channel": {"D1": "2", "D2": "auto"}}
    )  # fmt: skip
    assert request.strict_dyes is False
    assert request.variants[0].suffix == "_pad500_fecc1"
    assert [request.channel(dye) for dye in ("D1", "D2", "D3")] == [2, None, None]
    assert build_request({"channel": 1}).channel("D2") == 1
    assert build_request({"channel": "auto"}).channel("D2") is None


def test_folders_are_tidied(folder):
    request = build_request({"raw_dir": "./raw/", "output_dir": "results//x/"})
    assert (request.raw_dir, request.output_dir) == ("raw", "results/x")
    assert request.pairs[0].pre == "raw/A/A_pre_D1.tif"


def test_all_faults_of_a_configuration_are_said_at_once(folder):
    message = config_fault(
        {"sampels": ["A"], "pad": 4, "boundary_widt": 3, "strict_dyes": "maybe", "channel": "red",
         "checkpoint_format": "tif", "on_failed_alignment": "go on", "raw_dir": 3,
         "params": {"padd": 3, "stopit": 0, "scale_step": [], "angle_step": [1, "x"]}}
    )  # fmt: skip
    for said in (
        "Unknown key 'sampels'; did you mean 'samples'?",
        "pad is a parameter and belongs under params: write",
        "pad: 4",
        "Unknown key 'boundary_widt', which is no parameter either; did you mean 'boundary_width'?",
        "Valid keys: raw_dir, output_dir, samples",
        "strict_dyes: 'maybe' cannot be used; expected true or false",
        "channel: 'red' cannot be used; expected auto",
        "checkpoint_format: 'tif' cannot be used; expected tiff, fits or both; did you mean 'tiff'",
        "on_failed_alignment: 'go on' cannot be used; expected stop or keep",
        "raw_dir: 3 cannot be used",
        "params: Unknown parameter 'padd'; did you mean 'pad'?",
        "params: stopit: 0 cannot be used; expected a whole number from 1 to 100000 (default 500)",
        "params: scale_step: an empty list",
        "params: angle_step: 'x' cannot be used",
        "Valid parameters: pad, use_edges",
    ):
        assert said in message, said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"samples": []}, "names nothing"),
        ({"samples": None}, "names nothing"),
        ({"dyes": [True]}, "put it in quotes"),
        ({"samples": [1.5]}, "put it in quotes"),
        ({"samples": ["A", "B", "A"]}, "'A' is listed more than once"),
        ({"samples": ["../A"]}, "holds '/'"),
        ({"samples": [".."]}, "begins with '.'"),
        ({"samples": ["A\nB"]}, "line break"),
        ({"samples": ["-A"]}, "begins with '-'"),
        ({"samples": ["A{x}"]}, "holds '{'"),
        ({"samples": [" A"]}, "begins or ends with a blank"),
        ({"samples": ["A\\B"]}, "holds '\\'"),
        ({"dyes": ["D/1"]}, "holds '/'"),
        ({"output_dir": "out/{sample}"}, "cannot be used by Snakemake"),
        ({"raw_dir": ""}, "expected the path of a folder"),
        ({"params": [1]}, "expected a mapping"),
        ({"demo": 3}, "expected a mapping, or null"),
        ({"channel": -1}, "expected auto"),
        ({"channel": True}, "expected auto"),
        ({"params": {"scale_min": [0.9, 1.4]}}, "scale_min (1.4) is above scale_max (1.15)"),
    ],
)
def test_wrong_values_are_refused(folder, config, said):
    assert said in config_fault(config)
