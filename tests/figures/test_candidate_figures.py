"""Figures of the candidates: what is drawn, against the catalogue and the images."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from exo2micro.candidate_views import (
    brightest,
    is_counted,
    read_views,
    reduce_significance,
    rows_of,
)
from exo2micro.figures import (
    draw_candidate_histograms,
    draw_candidate_sheet,
    draw_candidates,
)
from exo2micro.figures.candidates import significance_norm
from exo2micro.geometry import Transform
from exo2micro.storage import ArrayImage

# Areas whose discs have diameters of 2, 4, 8, 4 px.
COLUMNS = {
    "id": [1, 2, 3, 4],
    "x": [240.0, 300.0, 330.0, 12.0],
    "y": [250.0, 310.0, 280.0, 12.0],
    "x_raw": [200.0, 260.0, 290.0, -28.0],
    "y_raw": [210.0, 270.0, 240.0, -28.0],
    "area_px": [np.pi, 4 * np.pi, 16 * np.pi, 4 * np.pi],
    "flux": [100.0, 900.0, 300.0, 5000.0],
    "peak_significance": [6.0, 60.0, 20.0, 9.0],
    "flags": ["", "near_edge", "saturated", "off_sample;near_edge"],
}
RECORD = {
    "n_candidates": 3,
    "expected_false": 0.01,
    "false_at_most": 1.9,
    "candidates_per_mm2": 12.5,
    "candidates_per_mpx": 5.3,
    "threshold": 5.0,
}


@pytest.fixture
def rows():
    return rows_of(COLUMNS)


def views_of(pair, rows):
    significance = ArrayImage(np.arange(600 * 640, dtype=np.float32).reshape(600, 640))
    transform = Transform.from_record(pair.interior)
    return read_views(
        rows, pair.post, pair.pre, significance, transform, pair.padding, pair.scale, "cubic"
    )


def test_the_brightest_come_first_and_none_from_beside_the_sample(rows):
    assert [row["id"] for row in brightest(rows)] == [2, 3, 1]
    assert [row["id"] for row in brightest(rows, most=1)] == [2]
    assert not is_counted(rows[3])
    changed = {**rows[1], "flags": "near_edge;mineral"}
    assert brightest([changed, rows[0]]) == [rows[0]]


def test_a_close_up_shows_the_place_and_the_difference_there(good, rows):
    view = views_of(good, brightest(rows))[0]
    y0, y1, x0, x1 = view.window
    assert (y0 + y1) / 2 == pytest.approx(310, abs=1)
    assert (x0 + x1) / 2 == pytest.approx(300, abs=1)
    assert np.array_equal(view.post, good.post.read(view.window))
    assert view.significance[0, 0] == 640 * y0 + x0
    dark = good.scale["dark"]
    expected = (view.post - dark["post"]) - good.scale["scale_estimate"] * (view.pre - dark["pre"])
    assert np.allclose(view.difference, expected, atol=1e-3)
    # The mineral cancels: what is left of it is small against the mineral itself.
    assert abs(np.median(view.difference)) < 0.1 * np.median(view.post)


def test_a_close_up_at_the_rim_stays_inside_the_photograph(good):
    rows = rows_of({**COLUMNS, "x": [41.0] * 4, "y": [41.0] * 4})
    window = views_of(good, rows[:1])[0].window
    assert (window.y0, window.x0) == good.box[::2]


def test_circles_lie_on_the_candidates(good, rows, names, find):
    image, factors = reduce_significance(ArrayImage(np.zeros((600, 640), np.float32)))
    figure = draw_candidates(image, factors, rows, RECORD, good.box, **names)
    drawn = {c.get_gid(): c for c in figure.axes[0].collections if isinstance(c, PathCollection)}
    expected = np.column_stack([COLUMNS["x"], COLUMNS["y"]])
    assert np.allclose(drawn["candidate"].get_offsets(), expected[:3])
    assert np.allclose(drawn["off sample, not counted"].get_offsets(), expected[3:])
    assert find.badge(figure) == "LOOKS RIGHT"
    assert "12.5 per mm²" in find.texts(figure)


def test_what_is_not_counted_is_drawn_as_such(good, rows, names):
    rows[0]["flags"] = "mineral"
    rows[3]["flags"] = "off_sample;mineral"
    figure = draw_candidates(np.zeros((60, 64)), (0.1, 0.1), rows, RECORD, good.box, **names)
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == [
        "candidate (2)", "changed mineral, not counted (1)", "off sample, not counted (1)"
    ]  # fmt: skip


def test_the_stretch_follows_images_of_which_little_is_left_in_the_mean():
    bright = np.zeros((50, 50))
    bright[:5] = 300.0
    assert significance_norm(bright).vmax == 50
    assert significance_norm(bright).linear_width == 3
    assert significance_norm(bright / 60).vmax == 5
    assert significance_norm(np.full((9, 9), np.nan)).vmax == 2


def test_a_crowd_is_drawn_as_its_density(good, names, find):
    # 9000 in the left half of the raw image, a third as many in the right one; 4 beside the sample.
    y0, y1, x0, x1 = good.box
    random = np.random.default_rng(2)
    middle = (x0 + x1) // 2
    x = np.concatenate([random.uniform(x0, middle, 9000), random.uniform(middle, x1, 3000)])
    place = {"x": x, "y": random.uniform(y0, y1, 12000), "flags": [""] * 12000}
    rows = rows_of({name: list(values) for name, values in place.items()})
    rows += [{"x": x0 + 1.0, "y": y0 + 1.0, "flags": "off_sample"}] * 4
    size = (0.5, 0.5)
    figure = draw_candidates(
        np.zeros((60, 64)), (0.1, 0.1), rows, RECORD, good.box, pixel_size_um=size, **names
    )
    image, density = (axes for axes in figure.axes if axes.images)
    assert not [c for c in image.collections if isinstance(c, PathCollection)]
    (shown,) = density.images
    values = np.asarray(shown.get_array().filled(0))
    left, right, bottom, top = shown.get_extent()
    cell_mm2 = (right - left) / values.shape[1] * (bottom - top) / values.shape[0] * 0.25e-6
    assert values.sum() * cell_mm2 == pytest.approx(12000)
    columns = values.shape[1] // 2 - 1
    expected = 9000 / ((middle - x0) * (y1 - y0) * 0.25e-6)
    assert values[:-1, :columns].mean() == pytest.approx(expected, rel=0.05)
    assert values[:-1, -columns:-1].mean() == pytest.approx(expected / 3, rel=0.08)
    assert "candidates per mm²" in find.texts(figure)
    assert "12000 candidates" in find.texts(figure)
    plain = draw_candidates(np.zeros((60, 64)), (0.1, 0.1), rows, RECORD, good.box, **names)
    assert "candidates per Mpx" in find.texts(plain)


@pytest.mark.parametrize("change", [{"n_candidates": 0}, {"expected_false": 1.0}])
def test_none_or_many_false_ones_are_to_be_checked(good, names, find, change):
    image = np.zeros((60, 64), np.float32)
    record = {**RECORD, **change}
    figure = draw_candidates(image, (0.1, 0.1), [], record, good.box, **names)
    assert find.badge(figure) == "CHECK"


def test_histograms_count_what_is_counted_in_micrometres(rows, names, find):
    figure = draw_candidate_histograms(rows, RECORD, pixel_size_um=(0.5, 0.5), **names)
    sizes, fluxes, peaks = figure.axes
    for axes in figure.axes:
        (bars,) = find.bars(axes)
        assert bars.get_data().values.sum() == 3
    assert sizes.get_title(loc="left") == "median 2 µm"  # 4 px
    assert "µm" in sizes.get_xlabel()
    assert fluxes.get_title(loc="left") == "median 300"
    assert find.line(peaks, "threshold").get_xdata()[0] == 5.0


def test_without_a_pixel_size_sizes_are_in_pixels(rows, names):
    figure = draw_candidate_histograms(rows, RECORD, **names)
    assert figure.axes[0].get_title(loc="left") == "median 4 px"
    assert "(px)" in figure.axes[0].get_xlabel()


def test_the_sheet_shows_pre_at_the_brightness_of_post(good, rows, names, find):
    views = views_of(good, brightest(rows))
    scale = good.scale["scale_estimate"]
    figure = draw_candidate_sheet(views, scale, RECORD, pixel_size_um=(0.5, 0.5), **names)
    (sheet,) = figure.axes
    images = sheet.images
    assert len(images) == 4 * 3
    post, pre, difference, _ = images[:4]
    assert post.norm is pre.norm
    assert np.allclose(pre.get_array(), scale * views[0].pre)
    assert difference.norm.vmin == -difference.norm.vmax
    text = find.texts(figure)
    assert "2 at 260, 270 px: flux 900, 60 sigma; 24 µm across" in text
    assert "48 px across" in find.texts(draw_candidate_sheet(views, scale, RECORD, **names))
    assert "The 3 brightest candidates" in text


def test_without_candidates_the_figures_say_so(names, find):
    record = {**RECORD, "n_candidates": 0}
    for figure in (
        draw_candidate_sheet([], 1.0, record, **names),
        draw_candidate_histograms([], record, **names),
    ):
        assert "no candidate on the sample" in find.texts(figure)
