"""The registry of parameters, and which values they take."""

import re

import numpy as np
import pytest

from exo2micro.errors import ParameterError
from exo2micro.parameters import (
    PARAMETERS,
    find_parameter,
    resolve,
)

# The specification's table, in its order: name, default, abbreviation, stage.
SPECIFIED = [
    ("pad", 2000, "pad", 1),
    ("use_edges", True, "ue", 2),
    ("boundary_width", 15, "bw", 2),
    ("boundary_smooth", 10, "bs", 2),
    ("rotation_search", True, "rs", 2),
    ("angle_range", 20, "ar", 2),
    ("angle_step", 1, "astep", 2),
    ("scale_search", True, "ss", 2),
    ("scale_min", 0.85, "smin", 2),
    ("scale_max", 1.15, "smax", 2),
    ("scale_step", 0.05, "sstep", 2),
    ("multiscale", True, "ms", 2),
    ("down_scale", 0.3, "ds", 2),
    ("max_translation", 200, "mtr", 2),
    ("max_rotation", 5.0, "mrot", 2),
    ("max_scale_delta", 0.2, "msd", 2),
    ("max_scale_diff", 0.15, "msdf", 2),
    ("save_all_intermediates", False, "sai", 2),
    ("fine_ecc", False, "fecc", 2),
    ("stopit", 500, "sit", 2),
    ("stopdelta", 1e-6, "sdl", 2),
    ("interior_ecc", True, "iecc", 3),
    ("interior_blur_base", 8.0, "iblur", 3),
    ("interior_max_correction", 500, "imc", 3),
    ("interior_min_inlier_ratio", 0.4, "imir", 3),
    ("scale_percentile", None, "sp", 4),
    ("manual_scale", None, "msc", 4),
]


# Parameters beyond the specification's; they come at the end of their stage.
ADDED = [
    ("interpolation", "cubic", "interp", 2),
    ("interior_nonrigid", "auto", "inr", 3),
    ("scale_model", "constant", "smod", 4),
    ("subtract_dark", True, "dark", 4),
    ("microbe_fwhm_px", None, "fwhm", 4),
    ("detection_sigma", 4.5, "dsig", 4),
]


def facts(parameter):
    return parameter.name, parameter.default, parameter.abbr, parameter.stage


def test_registry_is_the_specified_table_with_our_own_at_the_end_of_each_stage():
    expected = []
    for stage in (1, 2, 3, 4):
        expected += [row for row in SPECIFIED if row[3] == stage]
        expected += [row for row in ADDED if row[3] == stage]
    assert [facts(p) for p in PARAMETERS] == expected
    for parameter, row in zip(PARAMETERS, expected, strict=True):
        assert (parameter.default is True) == (row[1] is True)


def test_abbreviations_differ_and_fit_into_a_fits_keyword():
    abbreviations = [p.abbr for p in PARAMETERS]
    assert len(set(abbreviations)) == len(PARAMETERS)
    assert all(re.fullmatch("[a-z]{1,8}", abbr) for abbr in abbreviations)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda p: p.name)
def test_defaults_are_allowed_and_are_what_resolve_gives(parameter):
    assert parameter.accept(parameter.default) == parameter.default
    assert resolve()[parameter.name] == parameter.default
    assert list(resolve()) == [p.name for p in PARAMETERS]


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("stopdelta", "1e-6", 1e-6),
        ("stopdelta", "1e-7", 1e-7),
        ("pad", "500", 500),
        ("pad", 500.0, 500),
        ("pad", np.int64(7), 7),
        ("down_scale", np.float64(0.25), 0.25),
        ("manual_scale", "none", None),
        ("manual_scale", "null", None),
        ("manual_scale", "1.2", 1.2),
        ("fine_ecc", 1, True),
        ("fine_ecc", "true", True),
        ("fine_ecc", "0", False),
        ("fine_ecc", np.True_, True),
        ("interior_nonrigid", True, "true"),
        ("interior_nonrigid", False, "false"),
        ("interior_nonrigid", "AUTO", "auto"),
        ("interpolation", "lanczos", "lanczos"),
        ("scale_percentile", 0, 0.0),
        ("scale_percentile", 100, 100.0),
    ],
)
def test_typed_values_are_understood(name, typed, meant):
    value = resolve({name: typed})[name]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("pad", -1, "expected a whole number from 0 to 20000 px (default 2000)"),
        ("pad", 20001, "from 0 to 20000"),
        ("pad", 1.5, "a whole number"),
        ("pad", True, "a whole number"),
        ("pad", None, "none is not a value here"),
        ("pad", "1_000", "a whole number"),
        ("pad", [500], "a whole number"),
        ("angle_range", 181, "from 0 to 180 degrees"),
        ("angle_step", 0, "from 0.05"),
        ("down_scale", "wide", "a number from 0.01 to 1"),
        ("down_scale", float("nan"), "a number"),
        ("down_scale", 1 / 3, "write 0.333333"),
        ("fine_ecc", 2, "true or false"),
        ("fine_ecc", 1.0, "true or false"),
        ("fine_ecc", "yes", "true or false"),
        ("fine_ecc", None, "none is not a value here"),
        ("interpolation", "nearest", "bilinear, cubic or lanczos"),
        ("scale_percentile", 100.5, "from 0 to 100, or none"),
        ("manual_scale", 0, "a number above 0, or none"),
        ("manual_scale", float("inf"), "a number above 0"),
        ("microbe_fwhm_px", 51, "from 1 to 50 px, or none"),
        ("detection_sigma", 2, "from 3 to 20"),
    ],
)
def test_wrong_values_are_refused_with_what_is_expected(name, typed, said):
    with pytest.raises(ParameterError) as caught:
        resolve({name: typed})
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{name}: ")


def test_unknown_names_come_with_the_nearest_and_all_valid_ones():
    with pytest.raises(ParameterError) as caught:
        resolve({"boundary_widht": 20, "bw": 20, "xyzzy": 1})
    message = str(caught.value)
    assert "'boundary_widht'; did you mean 'boundary_width'?" in message
    assert "'bw': it is the abbreviation of 'boundary_width'" in message
    assert "Unknown parameter 'xyzzy'." in message
    for parameter in PARAMETERS:
        assert parameter.name in message.split("Valid parameters: ")[1]


def test_all_faults_are_said_at_once():
    with pytest.raises(ParameterError) as caught:
        resolve({"pad": -1, "angle_step": 0})
    assert str(caught.value).count("cannot be used") == 2


def test_scale_range_must_not_be_reversed():
    assert resolve({"scale_min": 1.15, "scale_max": 1.15})["scale_min"] == 1.15
    with pytest.raises(ParameterError, match=r"scale_min \(1.2\) is above scale_max \(1.15\)"):
        resolve({"scale_min": 1.2})


def test_every_parameter_has_one_line_of_help():
    for parameter in PARAMETERS:
        assert parameter.help
        assert "\n" not in parameter.help
        assert find_parameter(parameter.name) is parameter
