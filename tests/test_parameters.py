import random
import re

import numpy as np
import pytest

from exo2micro.errors import ParameterError
from exo2micro.parameters import (
    PARAMETERS,
    find_parameter,
    header_cards,
    parse_suffix,
    percentile_tag,
    resolve,
    suffix,
    suffix_pattern,
    suffix_shape,
)
from exo2micro.value_kinds import Choice, Flag, Whole

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
    ("detection_sigma", 5.0, "dsig", 4),
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


def test_suffix_by_hand():
    values = resolve({"boundary_smooth": 15, "boundary_width": 20, "pad": 2000})
    assert suffix(values, 1) == ""
    assert suffix(values, 2) == suffix(values, 4) == "_bw20_bs15"
    values = resolve(
        {"pad": 500, "fine_ecc": True, "use_edges": False, "stopdelta": 1e-7,
         "interior_nonrigid": "true", "scale_percentile": 99.5, "manual_scale": 1.25}
    )  # fmt: skip
    assert suffix(values, 1) == "_pad500"
    assert suffix(values, 2) == "_pad500_ue0_fecc1_sdl1e-07"
    assert suffix(values, 3) == "_pad500_ue0_fecc1_sdl1e-07_inr1"
    assert suffix(values, 4) == "_pad500_ue0_fecc1_sdl1e-07_inr1_sp99.5_msc1.25"


def draw(parameter, rng):
    """A random allowed value."""
    kind = parameter.kind
    if isinstance(kind, Flag):
        return rng.random() < 0.5
    if isinstance(kind, Choice):
        return rng.choice(kind.words)
    if isinstance(kind, Whole):
        return rng.randint(int(kind.low), int(kind.high))
    low = max(kind.low, 1e-12)
    high = min(kind.high, 1e9)
    number = rng.uniform(low, high) if rng.random() < 0.5 else low * (high / low) ** rng.random()
    number = float(f"{number:.{rng.randint(1, 6)}g}")
    return min(max(number, low), high)


def drawn_variants(count):
    rng = random.Random(20)
    for _ in range(count):
        chosen = rng.sample(PARAMETERS, rng.randint(0, 12))
        overrides = {p.name: draw(p, rng) for p in chosen}
        low, high = (overrides.get(name, 1.0) for name in ("scale_min", "scale_max"))
        if not (low <= 1 <= high):
            overrides.pop("scale_min", None)
            overrides.pop("scale_max", None)
        yield resolve(overrides)


def test_suffixes_parse_back_and_match_their_pattern():
    patterns = {stage: re.compile(suffix_pattern(stage)) for stage in (1, 2, 3, 4)}
    shapes = {stage: re.compile(suffix_shape(stage)) for stage in (1, 2, 3, 4)}
    seen = set()
    for values in drawn_variants(1500):
        for stage in (1, 2, 3, 4):
            text = suffix(values, stage)
            seen.add(text)
            assert patterns[stage].fullmatch(text), text
            assert shapes[stage].fullmatch(text), text
            read = resolve(parse_suffix(text, stage))
            for parameter in PARAMETERS:
                at_stage = values if parameter.stage <= stage else resolve()
                assert read[parameter.name] == at_stage[parameter.name], text
    assert len(seen) > 3000


@pytest.mark.parametrize("expression", [suffix_pattern, suffix_shape])
def test_pattern_finds_the_whole_suffix_before_an_extension(expression):
    pattern = re.compile(f"04_x(?P<sfx>{expression(4)})\\.(?P<fmt>tiff|fits|json)$")
    for values in drawn_variants(300):
        text = suffix(values, 4)
        assert pattern.match(f"04_x{text}.tiff")["sfx"] == text


@pytest.mark.parametrize(
    "text",
    [
        "_bs15_bw20",  # other order
        "_bw15",  # the default
        "_bw15_bs20",
        "_sdl1e-06",
        "_inrauto",
        "_ue1",
        "_ue2",
        "_bw020",  # other spellings
        "_bw20.0",
        "_bw+20",
        "_bw2e1",
        "_bw20.",
        "_bw20.1234567",
        "_pad500.5",
        "_ueTrue",
        "_smodSmooth",
        "_interpcubics",
        "_bw20_bw20",
        "_bw20_",
        "__bw20",
        "_bw",
        "bw20",
        "_foo3",
        "_bw20 ",
    ],
)
def test_what_suffix_never_writes_is_refused_by_parser_and_pattern(text):
    with pytest.raises(ParameterError, match="suffix"):
        parse_suffix(text)
    assert not re.fullmatch(suffix_pattern(4), text)


def test_the_shape_is_short_and_takes_no_other_name():
    assert len(suffix_shape(4)) < 300
    for text in ("_manual", "_percentile_p50", "_foo3", "_bw", "bw20", "_bw20_", "_sp50x"):
        assert not re.fullmatch(suffix_shape(4), text), text
    assert not re.fullmatch(suffix_shape(3), "_sp50")


def test_later_stages_and_wrong_ranges_are_refused():
    with pytest.raises(ParameterError, match="belongs to stage 4"):
        parse_suffix("_sp50", 3)
    assert not re.fullmatch(suffix_pattern(3), "_sp50")
    assert re.fullmatch(suffix_pattern(4), "_sp50")
    with pytest.raises(ParameterError, match="from 0 to 100"):
        parse_suffix("_sp101")


def refusal(text):
    try:
        parse_suffix(text)
    except ParameterError as fault:
        return str(fault)
    return ""


def test_parser_and_pattern_agree_on_damaged_suffixes():
    """Whatever the pattern takes, the parser takes or refuses for its range alone."""
    rng = random.Random(3)
    pattern = re.compile(suffix_pattern(4))
    agreed = 0
    for values in drawn_variants(800):
        text = list(suffix(values, 4))
        for _ in range(rng.randint(1, 2)):
            if text:
                text[rng.randrange(len(text))] = rng.choice("_0123456789.e+-absdpw")
        text = "".join(text)
        if not pattern.fullmatch(text):
            with pytest.raises(ParameterError):
                parse_suffix(text)
            continue
        agreed += 1
        refused = refusal(text)
        assert not refused or "cannot be used; expected" in refused, text
    assert agreed > 50


@pytest.mark.parametrize("expression", [suffix_pattern, suffix_shape])
def test_pattern_works_as_a_snakemake_wildcard_constraint(expression):
    io = pytest.importorskip("snakemake.io")
    constrained = io.update_wildcard_constraints(
        "out/04_scale{sfx4}.json", {}, {"sfx4": expression(4)}
    )
    pattern = re.compile(io.regex_from_filepattern(constrained))
    assert pattern.match("out/04_scale_pad500_sp99.5.json")["sfx4"] == "_pad500_sp99.5"
    assert pattern.match("out/04_scale.json")["sfx4"] == ""
    assert not pattern.match("out/04_scale_dye3.json")


def test_header_cards_are_the_parameters_of_the_stage_and_before():
    values = resolve({"pad": 500, "fine_ecc": True, "interior_blur_base": 4, "manual_scale": 1.2})
    assert header_cards(values, 1) == {"PAD": 500}
    assert header_cards(values, 2) == {"PAD": 500, "FECC": True}
    assert header_cards(values, 3) == {"PAD": 500, "FECC": True, "IBLUR": 4.0}
    assert header_cards(values, 4) == {"PAD": 500, "FECC": True, "IBLUR": 4.0, "MSC": 1.2}
    assert header_cards(resolve(), 4) == {}


def test_percentile_tag():
    assert [percentile_tag(v) for v in (50, 50.0, 99.5, 0.01)] == ["p50", "p50", "p99.5", "p0.01"]


def test_every_parameter_has_one_line_of_help():
    for parameter in PARAMETERS:
        assert parameter.help
        assert "\n" not in parameter.help
        assert find_parameter(parameter.name) is parameter
