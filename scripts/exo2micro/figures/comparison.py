"""Variants of one pair side by side: the same places of their difference images."""

import numpy as np
from matplotlib.patches import Rectangle

from .difference_image import difference_norm, symmetric_ticks
from .frame import Judgement, say_nothing_to_show, start_figure
from .image_panel import box_around, panel_height, show_image
from .style import DIFFERENCE_COLOURS, INK, TEXT_SIZE, outlined, styled

ROW_TITLE = 0.3  # in


@styled
def draw_comparison(views, places, closeups, *, pixel_size_um=None, **names):
    """Draw a row for each variant: the whole difference image, and close-ups of it.

    Parameters
    ----------
    views : list of VariantView
        Variants of one pair.
    places : dict of str to tuple of float
        Where the close-ups are, raw-post ``(x, y)``.
    closeups : list
        For each view its `comparison_views.read_closeups`, or None where it has no image.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bars.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    letters = "ABC"[: len(places)]
    told = "; ".join(f"{letter}: {name}" for letter, name in zip(letters, places, strict=True))
    shown = [view for view in views if view.reduced is not None]
    box = _common_box(shown)
    columns = 1 + len(letters)
    row_height = panel_height(box, columns) + ROW_TITLE
    figure = start_figure(
        "Variants side by side: difference image, one stretch for all",
        judgement=_judge(views),
        look_for="the variant whose mineral is darkest and least patterned, with the microbes as "
        f"bright as anywhere. White: outside the sample. {told}.",
        height=len(views) * row_height,
        **names,
    )
    heights = [ROW_TITLE, row_height - ROW_TITLE] * len(views)
    grid = figure.add_gridspec(2 * len(views), columns, height_ratios=heights)
    norm = difference_norm(np.concatenate([v.reduced[v.mask] for v in shown]) if shown else box)
    drawn, panels = None, []
    for k, (view, pieces) in enumerate(zip(views, closeups, strict=True)):
        _write_title(figure.add_subplot(grid[2 * k, :]), tell_row(view.row))
        if pieces is None:
            empty = figure.add_subplot(grid[2 * k + 1, :])
            say_nothing_to_show(empty, "no difference image")
            panels.append(empty)
            continue
        row = [figure.add_subplot(grid[2 * k + 1, column]) for column in range(columns)]
        drawn = _draw_row(row, view, pieces, box, norm, letters, pixel_size_um)
        panels += row
    if drawn is not None:
        ticks = symmetric_ticks(float(norm.vmax), getattr(norm, "linear_width", float(norm.vmax)))
        bar = figure.colorbar(
            drawn, ax=panels, fraction=0.02, pad=0.01, label="post - scale · pre (grey levels)"
        )
        bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        bar.ax.minorticks_off()
    return figure


def tell_row(row):
    """A variant's values and what came of them, in a line.

    Parameters
    ----------
    row : dict
        See `comparison_views.describe`.

    Returns
    -------
    str

    Examples
    --------
    >>> tell_row({"variant": "pad = 9", "alignment": "pass", "accuracy_px": 0.0312,
    ...           "scale_estimate": 1.1, "scale_error": 0.0004, "n_candidates": 12})
    'pad = 9:  alignment pass, 0.031 px;  scale 1.1000 ± 0.0004;  12 candidates'
    """
    parts = [f"alignment {row['alignment'] or 'not reached'}"]
    if row["accuracy_px"] is not None:
        parts[0] += f", {row['accuracy_px']:.3f} px"
    if row["scale_estimate"] is not None:
        error = "" if row["scale_error"] is None else f" ± {row['scale_error']:.4f}"
        parts.append(f"scale {row['scale_estimate']:.4f}{error}")
    if row["n_candidates"] is not None:
        parts.append(f"{row['n_candidates']} candidates")
    return f"{row['variant']}:  " + ";  ".join(parts)


def _write_title(axes, text):
    """Write a line over a whole row of panels."""
    axes.set_axis_off()
    written = axes.text(0, 0, text, va="bottom", size=TEXT_SIZE, color=INK, parse_math=False)
    # However long it is, it must not push the panels aside.
    written.set_in_layout(False)


def _judge(views):
    """Whether all the variants came out."""
    lost = [view.label for view in views if view.reduced is None]
    if not lost:
        return Judgement("none", f"{len(views)} variants.")
    return Judgement("warn", f"Without a difference image: {'; '.join(lost)}.")


def _common_box(shown):
    """The sample's box in the raw-post frame, the same for all rows."""
    if not shown:
        return (0, 1, 0, 1)
    y0, _, x0, _ = shown[0].box
    around = box_around(shown[0].mask, shown[0].factors, shown[0].box)
    return (around[0] - y0, around[1] - y0, around[2] - x0, around[3] - x0)


def _draw_row(row, view, pieces, box, norm, letters, pixel_size_um):
    """Draw one variant."""
    style = {"norm": norm, "cmap": DIFFERENCE_COLOURS, "interpolation": "nearest"}
    y0, _, x0, _ = view.box
    frame = tuple(edge + start for edge, start in zip(box, (y0, y0, x0, x0), strict=True))
    whole = np.ma.array(view.reduced, mask=~view.mask)
    drawn = show_image(
        row[0], whole, view.factors, box=frame, pixel_size_um=pixel_size_um, dark_bar=True, **style
    )
    for axes, letter, (window, pixels) in zip(row[1:], letters, pieces, strict=True):
        top, bottom, left, right = window
        extent = (left - 0.5, right - 0.5, bottom - 0.5, top - 0.5)
        axes.imshow(pixels, extent=extent, **style)
        axes.set(xticks=[], yticks=[])
        _write_letter(axes, letter, (0.04, 0.94), axes.transAxes)
        corner = (left + x0, top + y0)
        size = (right - left, bottom - top)
        row[0].add_patch(Rectangle(corner, *size, fill=False, color="#00c0ff", linewidth=1))
        _write_letter(row[0], letter, corner, row[0].transData)
    row[0].set(xlabel="", ylabel="", xticks=[], yticks=[])
    return drawn


def _write_letter(axes, letter, place, frame):
    """Name a close-up."""
    axes.text(
        *place,
        letter,
        transform=frame,
        va="top",
        color="white",
        weight="bold",
        path_effects=outlined(2.5, "black"),
    )
