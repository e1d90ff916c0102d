"""Registration, fine alignment, difference image, scale map: what is drawn, against truth."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from exo2micro.difference import difference_tile
from exo2micro.figure_inputs import (
    place_window,
    read_closeup,
    read_reduced_statistics,
    reduce_pair,
    sample_mask,
    scale_to_draw,
)
from exo2micro.figures.difference_image import draw_difference_image, symmetric_ticks
from exo2micro.figures.fine_alignment import draw_fine_alignment
from exo2micro.figures.frame import BADGES
from exo2micro.figures.image_panel import (
    box_around,
    crop_to,
    extent_of,
    gain_of,
    likeness,
    overlay,
)
from exo2micro.figures.registration import draw_registration
from exo2micro.figures.scale_map import digits_for, draw_scale_map
from exo2micro.figures.style import DIFFERENCE_COLOURS
from exo2micro.geometry import Transform
from exo2micro.registration import raw_box
from exo2micro.warping import warp_tile


def views_of(pair):
    records = pair.padding, pair.boundary
    return reduce_pair(pair.post, pair.pre, *records, pair.values["down_scale"])


def registration(pair, names):
    boxes = {stain: raw_box(pair.padding, stain) for stain in ("post", "pre")}
    return draw_registration(
        *views_of(pair), boxes, pair.boundary, pixel_size_um=(0.65, 0.65), **names
    )


def closeup_of(pair):
    view = views_of(pair)[0]
    records = pair.boundary, pair.interior
    return read_closeup(pair.post, pair.pre, pair.padding, view, *records, "cubic")


def difference(pair, names, kind="moffat", record=None):
    record = record or pair.scale
    reduced = read_reduced_statistics(pair.arrays)
    mask = sample_mask(reduced, pair.box)
    scale = scale_to_draw(record, kind, reduced)
    figure = draw_difference_image(
        reduced, mask, kind, scale, record, pair.interior, box=pair.box, **names
    )
    return figure, mask


def test_only_what_a_box_shows_is_drawn_and_in_its_place():
    image = np.arange(600.0).reshape(20, 30)
    part, (left, right, bottom, top) = crop_to((45, 120, 100, 210), image, (0.1, 0.2))
    assert np.array_equal(part, image[8:25, 9:22])
    # Pixel (8, 9) of the reduced image spans rows 40 to 45 and columns 90 to 100.
    assert (top, left) == (39.5, 89.5)
    assert (bottom, right) == (top + 5 * part.shape[0], left + 10 * part.shape[1])
    assert extent_of(image.shape, (0.1, 0.2)) == crop_to((0, 100, 0, 300), image, (0.1, 0.2))[1]


def test_overlay_is_grey_where_the_images_agree_and_green_where_post_alone_shines():
    rng = np.random.default_rng(0)
    mineral = rng.uniform(10, 50, (40, 40))
    post = 1.3 * mineral
    rgb = overlay(post, mineral)
    assert np.ptp(rgb, axis=2).max() < 0.02
    post[5, 5] = 50 * 1.3
    mineral[5, 5] = 0
    red, green, blue = overlay(post, mineral)[5, 5]
    assert green > 0.9
    assert red == blue == 0


def test_registration_shows_boundaries_overlay_and_difference(good, names, find):
    figure = registration(good, names)
    text = find.texts(figure)
    assert "CD070 · DAPI · pad40" in text
    assert find.badge(figure) == "LOOKS RIGHT"
    assert "Look for:" in text
    post_axes, pre_axes = figure.axes[:2]
    mask = views_of(good)[0].footprint.mask
    rows, columns = np.nonzero(mask)
    corners = np.concatenate(
        [path.vertices for path in post_axes.collections[0].get_paths() if len(path.vertices)]
    )
    assert corners.min(axis=0) == pytest.approx([columns.min() - 0.5, rows.min() - 0.5], abs=1)
    assert corners.max(axis=0) == pytest.approx([columns.max() + 0.5, rows.max() + 0.5], abs=1)
    assert pre_axes.collections
    (bar,) = [line for line in post_axes.lines if line.get_gid() == "scale bar"]
    length = np.ptp(bar.get_xdata()) * 0.65
    assert f"{length:g} µm" in text
    turn = good.boundary["motion"]["rotation_deg"]
    assert turn == pytest.approx(6, abs=0.3)
    assert f"turned by {turn:.2f}°" in text


def test_registration_says_where_there_is_no_boundary(deep, names, find):
    assert "post: no boundary, fills the frame" in find.texts(registration(deep, names))


def test_figures_of_a_failed_tiny_pair_come_out_and_say_so(tiny, names, find):
    assert tiny.interior["verdict"] == "fail"
    assert find.badge(registration(tiny, names)) == BADGES[tiny.boundary["verdict"]]
    figure = draw_fine_alignment(
        *views_of(tiny), tiny.box, tiny.boundary, tiny.interior, closeup_of(tiny), **names
    )
    assert find.badge(figure) == "WRONG"
    assert "no tiles" in find.texts(figure)
    figure, _ = difference(tiny, names)
    assert find.badge(figure) == "WRONG"
    assert "no difference image was made" in find.texts(figure).replace("\n", " ")
    figure = draw_scale_map(tiny.scale, tiny.box, **names)
    assert find.badge(figure) == "WRONG"


def test_registration_of_samples_that_do_not_meet(good, names, find):
    far = {**good.boundary, "pre_from_post": [[1, 0, 5000], [0, 1, 0], [0, 0, 1]]}
    boxes = {stain: raw_box(good.padding, stain) for stain in ("post", "pre")}
    figure = draw_registration(*views_of(good), boxes, far, **names)
    assert "do not overlap" in find.texts(figure).replace("\n", " ")


def test_closeup_is_the_full_image_where_the_correction_is_largest(good):
    closeup = closeup_of(good)
    assert np.array_equal(closeup.post, good.post.read(closeup.window))
    tiles = good.interior["tiles"]
    xy = np.column_stack([tiles["x"], tiles["y"]])[np.asarray(tiles["good"])]
    coarse, refined = (Transform.from_record(r) for r in (good.boundary, good.interior))
    gap = np.hypot(*(coarse.map_points(xy) - refined.map_points(xy)).T)
    assert f"{gap.max():.1f} px" in closeup.why
    x, y = xy[gap.argmax()]
    y0, y1, x0, x1 = closeup.window
    assert x0 <= x < x1
    assert y0 <= y < y1
    alike = [likeness(closeup.post, aligned) for aligned in closeup.aligned]
    assert alike[1] >= alike[0]


def test_a_window_at_the_edge_is_moved_inside():
    assert place_window((3, 300), (40, 400, 20, 420), 100) == (250, 350, 20, 120)
    assert place_window((50, 50), (40, 70, 40, 90), 100) == (40, 70, 40, 90)


def test_fine_alignment_draws_the_tiles_residuals(good, names, find):
    figure = draw_fine_alignment(
        *views_of(good), good.box, good.boundary, good.interior, closeup_of(good), **names
    )
    assert find.badge(figure) == "LOOKS RIGHT"
    tiles = good.interior["tiles"]
    chosen = np.asarray(tiles["good"])
    axes = next(a for a in figure.axes if "residuals" in a.get_title(loc="left"))
    (arrows,) = [c for c in axes.collections if c.get_gid() == "arrows"]
    assert np.array_equal(arrows.U, np.asarray(tiles["dx"])[chosen])
    assert np.array_equal(arrows.V, np.asarray(tiles["dy"])[chosen])
    assert np.allclose(arrows.XY, np.column_stack([tiles["x"], tiles["y"]])[chosen])
    low, high = sorted(axes.get_ylim())
    assert axes.yaxis_inverted()
    assert low < min(tiles["y"]) < max(tiles["y"]) < high
    assert f"{good.interior['estimated_accuracy_px']:.3f} px" in find.texts(figure)


def test_difference_image_is_the_mean_of_the_full_one(good, names):
    figure, mask = difference(good, names)
    (shown,) = figure.axes[0].images
    transform = Transform.from_record(good.interior)
    shape = good.post.shape
    aligned, coverage = warp_tile(
        good.pre, transform, (0, shape[0], 0, shape[1]), "cubic", raw_box(good.padding, "pre")
    )
    dark = good.scale["dark"]
    full = difference_tile(
        good.post.pixels,
        aligned,
        coverage,
        good.scale["scale_estimate"],
        dark["post"],
        dark["pre"],
    )
    assert int(good.arrays["reduction"]) == 1
    drawn = shown.get_array()
    left, right, bottom, top = (round(edge + 0.5) for edge in shown.get_extent())
    place = np.s_[top:bottom, left:right]
    assert mask[place].sum() == mask.sum() > 0
    assert drawn.shape == mask[place].shape
    assert np.allclose(drawn[mask[place]], full[mask], atol=0.02)
    assert drawn.mask[~mask[place]].all()


def test_difference_image_is_black_at_zero_and_white_outside(good, names):
    figure, mask = difference(good, names)
    (shown,) = figure.axes[0].images
    colours = shown.cmap(shown.norm(np.ma.array([0.0, 30.0, -30.0, 1.0], mask=[0, 0, 0, 1])))
    assert tuple(colours[0, :3]) == (0, 0, 0)
    assert colours[1, 0] > colours[1, 2] + 0.3
    assert colours[2, 2] > colours[2, 0] + 0.3
    assert tuple(colours[3, :3]) == (1, 1, 1)
    assert not mask[0].any()
    assert DIFFERENCE_COLOURS(0.5)[:3] == to_rgb("black")


def test_asinh_stretch_compresses_the_bright_end(good, names):
    figure, _ = difference(good, names)
    norm = figure.axes[0].images[0].norm
    steps = np.diff(norm(np.array([0, 0.25, 0.5, 0.75, 1.0]) * norm.vmax))
    assert (np.diff(steps) < 0).all()
    assert norm(0.0) == pytest.approx(0.5)
    assert norm.vmin == -norm.vmax


def test_each_scale_is_judged_by_what_it_leaves(good, names, find):
    assert find.badge(difference(good, names)[0]) == "LOOKS RIGHT"
    figure, mask = difference(good, names, "manual")
    drawn = figure.axes[0].images[0].get_array()
    assert drawn.count() == mask.sum()
    assert np.ma.median(drawn) < -3
    assert find.badge(figure) == "CHECK"
    assert "manual scale 1.4000" in find.texts(figure)
    figure, _ = difference(good, names, "percentile_p60")
    assert f"{good.scale['scale_percentile_value']:.4f}" in find.texts(figure)


def test_a_smooth_scale_is_drawn_as_it_varies(good):
    field = {"centre": [300.0, 300.0], "half": [260.0, 260.0], "order": 1}
    field["coefficients"] = [np.log(1.2), 0.0, 0.1]
    record = {**good.scale, "scale_model": "smooth", "scale_field": field}
    reduced = read_reduced_statistics(good.arrays)
    scale = scale_to_draw(record, "moffat", reduced)
    assert scale.shape == reduced.post.shape
    assert scale[300, 300] == pytest.approx(1.2, rel=1e-3)
    assert scale[300, 430] == pytest.approx(1.2 * np.exp(0.05), rel=1e-3)
    assert scale_to_draw(record, "manual", reduced) == 1.4


def test_ticks_lie_within_the_colours():
    for high in (0.35, 1.0, 3.9, 4.0, 17.2, 120.0, 999.0):
        ticks = symmetric_ticks(high, min(high, 2.0))
        assert max(ticks) <= high
        assert max(ticks) > 0
        assert ticks == [-tick for tick in reversed(ticks)]


def test_an_overlay_of_different_samples_shows_both():
    y, x = np.indices((60, 80))
    post = np.where((x - 20) ** 2 + (y - 30) ** 2 < 200, 80.0, 2.0)
    pre = np.where((x - 60) ** 2 + (y - 30) ** 2 < 200, 40.0, 1.0)
    rgb = overlay(post, pre)
    assert rgb[30, 20, 1] > 0.9
    assert rgb[30, 60, 0] > 0.9
    # Of images that show the same the gain is that of the mineral, whatever the stain.
    stained = 1.5 * pre + np.where((x - 60) ** 2 + (y - 30) ** 2 < 30, 100.0, 0.0)
    assert gain_of(stained, pre, np.ones(pre.shape, bool)) == pytest.approx(1.5)


def test_box_around_a_mask():
    mask = np.zeros((20, 30), bool)
    mask[5:10, 20:30] = True
    assert box_around(mask, (0.1, 0.1), (0, 200, 0, 300), margin=0) == (50, 100, 200, 300)
    assert box_around(mask, (0.1, 0.1), (0, 200, 0, 300), margin=0.1) == (40, 110, 190, 300)
    assert box_around(mask & False, (0.1, 0.1), (1, 2, 3, 4)) == (1, 2, 3, 4)


def test_scale_map_draws_each_cell_in_its_place(good, names, find):
    figure = draw_scale_map(good.scale, good.box, **names)
    axes = figure.axes[0]
    (mesh,) = axes.collections
    cells = np.asarray(good.scale["scale_map"]["scale"], float)
    drawn = mesh.get_array()
    assert np.array_equal(np.ma.filled(drawn, np.nan), cells, equal_nan=True)
    middle = mesh.get_coordinates()[:-1, :-1] / 2 + mesh.get_coordinates()[1:, 1:] / 2
    assert np.allclose(middle[0, :, 0], good.scale["scale_map"]["x"])
    assert np.allclose(middle[:, 0, 1], good.scale["scale_map"]["y"])
    assert axes.yaxis_inverted()
    errors = np.asarray(good.scale["scale_map"]["error"], float)
    known = np.isfinite(cells)
    value, error = cells[known][0], errors[known][0]
    digits = digits_for(error)
    assert f"{value:.{digits}f}\n±{error:.{digits}f}" in find.texts(figure)
    assert error == 0 or float(f"{error:.{digits}f}") > 0
    uneven = {**good.scale["scale_map"], "varies": True, "spread": 0.1}
    figure = draw_scale_map({**good.scale, "scale_map": uneven}, good.box, **names)
    assert find.badge(figure) == "CHECK"
