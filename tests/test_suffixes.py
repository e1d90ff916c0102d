"""Suffixes of file names, and what else tells the parameters of a result."""

import random
import re

import pytest

from exo2micro.errors import ParameterError
from exo2micro.parameters import (
    PARAMETERS,
    header_cards,
    parse_suffix,
    percentile_tag,
    resolve,
    suffix,
    suffix_pattern,
    suffix_shape,
)
from exo2micro.value_kinds import Choice, Flag, Whole


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
