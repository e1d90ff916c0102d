"""Titles, badges and files."""

import pytest

from exo2micro.figures import count_from, save_figure
from exo2micro.figures.frame import (
    Judgement,
    join,
    judge_status,
    start_figure,
    text_width,
    wrap,
)
from exo2micro.figures.image_panel import round_length
from exo2micro.figures.style import scale_style

NAMES = {"sample": "A$1$", "dye": "Cy5", "variant": "_bw20_sp50"}
PASS = Judgement("pass", "")


def start(judgement=PASS, **names):
    look = {"judgement": judgement, "look_for": "what matters", "height": 2.0}
    return start_figure("Kind of figure", **look, **{**NAMES, **names})


def test_title_names_sample_dye_and_variant_letter_by_letter():
    texts = [text.get_text() for text in start().texts]
    assert "A$1$ · Cy5 · bw20_sp50" in texts
    assert "Look for: what matters" in texts
    assert not any(text.get_parse_math() for text in start().texts)


def test_default_variant_leaves_no_trace():
    assert "A · Cy5" in [text.get_text() for text in start(sample="A", variant="").texts]


@pytest.mark.parametrize(
    ("status", "level"), [("ok", "pass"), ("pass", "pass"), ("warn", "warn"), ("fail", "fail")]
)
def test_levels(status, level):
    assert judge_status("scale", status, []).level == level


def test_reasons_are_told_but_not_all():
    text = judge_status("scale", "warn", ["One.", "two", "three", "four", "five"]).text
    assert text == "scale: warn - One; two; three; and 2 more."
    assert judge_status("scale", "fail", ["Is it so?"]).text == "scale: fail - Is it so?"
    assert judge_status("scale", None, []) == ("none", "")


def test_the_worst_judgement_counts():
    joined = join(Judgement("pass", "a."), Judgement("fail", "b."), Judgement("warn", ""))
    assert joined == ("fail", "a. b.")


def test_long_texts_are_broken_to_fit():
    text = "several words and one_very_long_word_without_any_blank_that_has_to_be_cut_somewhere"
    lines = wrap(text, 2.0, 11).split("\n")
    assert len(lines) > 2
    assert all(text_width(line, 11) <= 2.0 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_more_text_makes_a_taller_figure():
    short, long = start(), start(Judgement("warn", "a reason of many words " * 20))
    assert long.get_size_inches()[1] > short.get_size_inches()[1] + 0.3


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for suffix in ("png", "pdf", "svg"):
        paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
        for path in paths:
            save_figure(start(), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(p.suffix for p in tmp_path.iterdir()) == sorted([".png", ".pdf", ".svg"] * 2)


def test_one_figure_is_written_in_several_formats(tmp_path):
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    save_figure(start(), [tmp_path / f"figure.{suffix}" for suffix in starts])
    for suffix, begins in starts.items():
        assert (tmp_path / f"figure.{suffix}").read_bytes().startswith(begins)


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"figure\.bmp"):
        save_figure(start(), tmp_path / "figure.bmp")


def test_fixed_colours_of_the_scales():
    assert scale_style("moffat")[0] == "#00cc88"
    assert scale_style("percentile_p99.5") == ("#ff9933", "--", "percentile 99.5")
    assert scale_style("manual")[0] == "#ff3366"


def test_scale_bars_have_round_lengths():
    assert [round_length(x) for x in (0.99, 1.0, 4.9, 5.0, 730.0)] == [0.5, 1.0, 2.0, 5.0, 500.0]


def test_axes_in_px_are_numbered_from_another_origin():
    from matplotlib.figure import Figure

    figure = Figure()
    axes, other = figure.subplots(1, 2)
    axes.set(xlabel="x (px)", ylabel="y (px)", xlim=(30, 420), ylim=(300, 10))
    other.set(xlabel="grey level", xlim=(0, 10))
    count_from(figure, 1670)
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert [float(text) - 1670 for text in ticks] == list(axes.get_xticks())
    assert "1800" in ticks
    assert all(1700 <= float(text) <= 2090 for text in ticks)
    assert axes.get_ylim() == (300, 10)
    assert max(other.get_xticks()) <= 10
