"""Titles, badges and files."""

import numpy as np
import pytest
from matplotlib.figure import Figure

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
from exo2micro.figures.style import PowersOfTen, draw_bars, scale_style

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


def test_a_png_is_the_figure_at_its_size_on_paper(tmp_path):
    from PIL import Image

    figure = start()
    save_figure(figure, tmp_path / "a.png", dpi=100)
    with Image.open(tmp_path / "a.png") as png:
        assert png.size == tuple(int(side * 100) for side in figure.get_size_inches())
        assert png.info["dpi"] == pytest.approx((100, 100), abs=0.01)
        shown = np.asarray(png)
    drawn = np.asarray(figure.canvas.buffer_rgba())[:, :, :3]
    assert np.array_equal(shown, drawn)
    assert np.ptp(shown.reshape(-1, 3).astype(int), axis=1).max() > 50  # the badge is no grey


def test_powers_of_ten_are_plain_letters():
    axes = Figure().subplots()
    axes.set(yscale="log", ylim=(1e-2, 1e4))
    PowersOfTen.label(axes.yaxis, between=(2.0, 5.0))
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert {"10⁻²", "10⁰", "10⁴"} <= set(labels)
    shown = [tick for tick in axes.get_yticks(minor=True) if 1 <= tick <= 100]
    assert shown == [2, 5, 20, 50]


def test_labels_keep_their_room_when_the_layout_measures_once(tmp_path):
    def draw():
        figure = start()
        axes = figure.subplots()
        shown = axes.imshow([[0, 1], [2, 3]])
        axes.set(
            xlabel="x (px)",
            ylabel="y (px)",
            xticks=[0, 1],
            yticks=[0, 1],
            yticklabels=["a long name", "b"],
        )
        axes.set_title("a title")
        figure.colorbar(shown, ax=axes, label="grey levels").set_ticks([0, 3])
        return figure

    once, anew = draw(), draw()
    save_figure(once, tmp_path / "a.png")
    anew.set_dpi(once.dpi)
    anew.draw_without_rendering()
    for one, other in zip(once.axes, anew.axes, strict=True):
        assert one.get_position().extents == pytest.approx(other.get_position().extents, abs=2e-3)


def test_bars_are_those_of_stairs():
    counts, edges = [3, 0, 70, 9], [1.0, 2.0, 3.0, 4.0, 5.0]
    ours, theirs = Figure().subplots(), Figure().subplots()
    draw_bars(ours, counts, edges, color="red")
    theirs.stairs(counts, edges, color="red")
    for axes in (ours, theirs):
        axes.set_yscale("log")
    assert ours.get_xlim() == theirs.get_xlim()
    assert ours.get_ylim()[1] == pytest.approx(theirs.get_ylim()[1], rel=0.2)
    (bars,), (stairs,) = ours.patches, theirs.patches
    assert np.array_equal(bars.get_path().vertices, stairs.get_path().vertices)
    assert bars.get_edgecolor() == stairs.get_edgecolor()
    assert bars.get_fill() == stairs.get_fill()


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
