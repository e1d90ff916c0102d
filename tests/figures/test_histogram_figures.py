"""Heatmaps and histograms: bars, bins, lines and axes against the counts they show."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from exo2micro.figures.heatmaps import (
    draw_excess_heatmap,
    draw_pre_post_heatmap,
    shown_density,
)
from exo2micro.figures.histograms import (
    common_bins,
    draw_difference_histogram,
    draw_pre_post_histograms,
)
from exo2micro.figures.ratio import draw_ratio_histogram
from exo2micro.moffat import moffat

COLOURS = {"moffat": "#00cc88", "percentile_p60": "#ff9933", "manual": "#ff3366"}


def cells_of(mesh):
    rows, columns = (n - 1 for n in mesh.get_coordinates().shape[:2])
    return np.ma.reshape(mesh.get_array(), (rows, columns))


def test_heatmap_shows_the_joint_counts_with_post_upwards(good, names, find):
    figure = draw_pre_post_heatmap(good.arrays, good.interior, **names)
    axes = figure.axes[0]
    (mesh,) = axes.collections
    cells = cells_of(mesh)
    size = len(cells)
    assert np.array_equal(cells.filled(0), good.arrays["joint"][:size, :size].T)
    identity = find.line(axes, "identity")
    assert np.array_equal(identity.get_xdata(), identity.get_ydata())
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_aspect() == 1
    # Truth: the stain makes post brighter, so most of the counts lie above the identity line.
    row, column = np.indices(cells.shape)
    assert cells[row > column].sum() > 2 * cells[row < column].sum()
    assert "pre" in axes.get_xlabel()
    assert "grey levels" in axes.get_ylabel()


def test_sixteen_bit_axes_reach_as_far_as_the_counts(deep, names):
    figure = draw_pre_post_heatmap(deep.arrays, deep.interior, **names)
    axes = figure.axes[0]
    brightest = deep.post.pixels.max()
    assert brightest > 20000
    assert axes.get_xlim()[1] > 0.5 * brightest
    cells = cells_of(axes.collections[0])
    assert len(cells) <= 300
    assert cells.sum() >= 0.9999 * deep.arrays["joint"].sum()
    figure = draw_pre_post_histograms(deep.arrays, deep.interior, **names)
    assert figure.axes[0].get_xlim()[1] >= brightest


def test_merged_cells_are_sums_and_what_is_beyond_is_told():
    joint = np.zeros((1024, 1024), int)
    joint[610, 805] = 7
    joint[611, 804] = 5
    joint[0, 0] = 10**6
    joint[1000, 1000] = 3
    density, edges, beyond = shown_density({"joint": joint, "joint_edges": np.arange(1025.0)})
    assert density.sum() + beyond == joint.sum()
    assert len(edges) == len(density) + 1
    small, (edges, beyond) = joint.copy(), (None, None)
    small[0, 0] = 10
    density, edges, beyond = shown_density({"joint": small, "joint_edges": np.arange(1025.0)})
    assert beyond == 0
    width = edges[1]
    assert width == 4
    assert density[int(805 // width), int(610 // width)] == 12


def test_excess_is_the_density_minus_its_transpose_above_the_identity_line(good, names):
    figure = draw_excess_heatmap(good.arrays, good.scale, good.interior, **names)
    cells = cells_of(figure.axes[0].collections[0])
    size = len(cells)
    density = good.arrays["joint"][:size, :size].T
    upper = np.tri(size, k=-1, dtype=bool)
    assert np.array_equal(cells.data[upper], (density - density.T)[upper])
    assert np.ma.getmaskarray(cells)[~upper].all()
    assert not np.ma.getmaskarray(cells)[upper].any()


def test_scale_lines_have_their_slope_place_and_colour(good, names, find):
    figure = draw_excess_heatmap(good.arrays, good.scale, good.interior, **names)
    axes = figure.axes[0]
    assert good.scale["scale_estimate"] == pytest.approx(good.truth.scale, rel=0.005)
    expected = {
        "moffat": good.scale["scale_estimate"],
        "percentile_p60": good.scale["scale_percentile_value"],
        "manual": 1.4,
    }
    dark = good.scale["dark"]
    for kind, scale in expected.items():
        line = find.line(axes, f"scale {kind}")
        (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
        assert (y1 - y0) / (x1 - x0) == pytest.approx(scale)
        assert (x0, y0) == pytest.approx((dark["pre"], dark["post"]))
        assert to_hex(line.get_color()) == COLOURS[kind]
    # The crest of the ridge lies on the Moffat line.
    joint, level = good.arrays["joint"], 50
    crest = np.average(np.arange(level - 15, level + 30), weights=joint[level, 35:80] ** 2) + 0.5
    moffat_line = find.line(axes, "scale moffat")
    at = np.interp(level + 0.5, moffat_line.get_xdata(), moffat_line.get_ydata())
    assert crest == pytest.approx(at, abs=1.5)


def test_inactive_scales_are_not_drawn_and_a_failed_one_says_so(deep, tiny, names, find):
    axes = draw_excess_heatmap(deep.arrays, deep.scale, deep.interior, **names).axes[0]
    lines = {line.get_gid() for line in axes.lines}
    assert "scale moffat" in lines
    assert not {"scale manual", "scale percentile_p60"} & lines
    figure = draw_excess_heatmap(tiny.arrays, tiny.scale, tiny.interior, **names)
    assert find.badge(figure) == "WRONG"
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert any("failed" in text for text in legend)


def test_bars_are_the_counts(good, names, find):
    axes = draw_pre_post_histograms(good.arrays, good.interior, **names).axes[0]
    warped, raw, post = (bars.get_data() for bars in find.bars(axes))
    for data, name in ((warped, "pre"), (raw, "raw_pre"), (post, "post")):
        counts = good.arrays[f"{name}_counts"]
        first = int(data.edges[0])
        assert np.array_equal(data.values, counts[first : first + len(data.values)])
        assert data.values.sum() == counts.sum()
    level = int(good.post.pixels.max())
    assert post.edges[-1] > level
    inside = good.post.pixels[tuple(slice(*good.box[k : k + 2]) for k in (0, 2))]
    assert post.values[int(50 - post.edges[0])] == (inside == 50).sum()


def test_log_axis_only_when_the_dark_dwarfs_the_rest(good, deep, names):
    dark_ground = draw_pre_post_histograms(good.arrays, good.interior, **names).axes[0]
    assert dark_ground.get_yscale() == "log"
    full_frame = draw_pre_post_histograms(deep.arrays, deep.interior, **names).axes[0]
    assert full_frame.get_yscale() == "linear"


def test_difference_histogram_has_all_three_kinds_and_a_log_axis(good, names, find):
    axes = draw_difference_histogram(good.arrays, good.interior, **names).axes[0]
    assert axes.get_yscale() == "log"
    drawn = [bars.get_data() for bars in find.bars(axes)]
    for data, name in zip(drawn, ("all", "both", "post_only"), strict=True):
        counts, edges = good.arrays[f"difference_{name}"], good.arrays["difference_edges"]
        first = np.flatnonzero(edges == data.edges[0])[0]
        assert np.array_equal(data.values, counts[first : first + len(data.values)])
        assert data.values.sum() == counts.sum()
    assert drawn[0].values.sum() == np.prod(good.padding["raw"]["post"]["shape"])
    low, high = axes.get_xlim()
    assert low < 0 < high


def test_merging_keeps_every_count():
    rng = np.random.default_rng(1)
    wide, narrow = rng.integers(0, 9, 4096), rng.integers(0, 9, 4096)
    merged = common_bins([(wide, np.arange(4097) * 16.0), (narrow, np.arange(4097) * 1.0)])
    for (counts, edges), source in zip(merged, (wide, narrow), strict=True):
        assert counts.sum() == source.sum()
        assert len(edges) == len(counts) + 1 <= 402
    width = merged[0][1][1]
    assert merged[1][0][0] == narrow[: int(width)].sum()
    signed = np.zeros(20, int)
    signed[3] = signed[17] = 4
    ((counts, edges),) = common_bins([(signed, np.arange(-10, 11) * 1.0)])
    assert (edges[0], edges[-1]) == (-7, 8)
    assert counts[0] == counts[-1] == 4


def test_saturation_makes_a_histogram_doubtful(good, names, find):
    counts = good.arrays["counts"].copy()
    counts[4] = counts[1] // 50
    figure = draw_pre_post_histograms({**good.arrays, "counts": counts}, good.interior, **names)
    assert find.badge(figure) == "CHECK"
    assert "2.00%" in find.texts(figure)


def test_photographs_without_a_common_pixel_say_so(good, names, find):
    empty = {**good.arrays, "joint": np.zeros_like(good.arrays["joint"])}
    for figure in (
        draw_pre_post_heatmap(empty, good.interior, **names),
        draw_excess_heatmap(empty, good.scale, good.interior, **names),
    ):
        assert "no pixel in common" in find.texts(figure).replace("\n", " ")


def test_ratio_histogram_shows_fit_and_fitted_bins(good, names, find):
    axes = draw_ratio_histogram(good.scale, good.interior, **names).axes[0]
    fit, histogram = good.scale["moffat"], good.scale["ratio_histogram"]
    curve = find.line(axes, "fit")
    x, y = curve.get_data()
    assert x[np.argmax(y)] == pytest.approx(np.log10(good.truth.scale), abs=0.003)
    assert np.allclose(y, moffat(x, fit["amp"], fit["mu"], fit["alpha"], fit["beta"]))
    (fitted,) = [bars.get_data() for bars in find.bars(axes) if bars.get_gid() == "fitted"]
    assert (fitted.edges[0], fitted.edges[-1]) == pytest.approx(fit["fit_range"])
    edges, counts = np.asarray(histogram["edges"]), np.asarray(histogram["counts"])
    first = np.flatnonzero(edges == fitted.edges[0])[0]
    assert np.array_equal(fitted.values, counts[first : first + len(fitted.values)])
    for kind, scale in (("moffat", good.scale["scale_estimate"]), ("manual", 1.4)):
        line = find.line(axes, f"scale {kind}")
        assert line.get_xdata()[0] == pytest.approx(np.log10(scale))
        assert to_hex(line.get_color()) == COLOURS[kind]


def test_ratio_histogram_without_a_fit_says_why(tiny, names, find):
    figure = draw_ratio_histogram(tiny.scale, tiny.interior, **names)
    assert find.badge(figure) == "WRONG"
    assert "no ratio was measured" in find.texts(figure).replace("\n", " ")
