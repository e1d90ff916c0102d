"""The scale over the field, cell by cell."""

import numpy as np
from matplotlib.colors import TwoSlopeNorm

from .frame import HEIGHT_EMPTY, Judgement, join, judge_status, say_nothing_to_show, start_figure
from .image_panel import add_scale_bar, label_pixels, panel_height
from .style import INK, styled

LEAST_RANGE = 0.01  # of the scale, to both sides; less variation than this is not worth colours


@styled
def draw_scale_map(record, box, *, pixel_size_um=None, **names):
    """Draw the photometric scale measured in each cell of a coarse grid.

    Parameters
    ----------
    record : dict
        Record of the scale, with `scale_map` or None in its place.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded one, px.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bar.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    scale_map = record["scale_map"]
    judgement = judge_status("scale", record["status"], record["reasons"])
    if scale_map is not None:
        judgement = join(judgement, judge_variation(scale_map))
    figure = start_figure(
        "Scale over the field",
        judgement=judgement,
        look_for="the same number everywhere, within its error. A slope from one side to the other "
        "calls for scale_model: smooth; single cells that differ are thick stain or another "
        "mineral. Grey: too little background.",
        height=HEIGHT_EMPTY if scale_map is None else panel_height(box, 1),
        **names,
    )
    axes = figure.subplots()
    if scale_map is None:
        say_nothing_to_show(axes, "no scale was measured: " + " ".join(record["reasons"]))
        return figure
    scale, error = (np.asarray(scale_map[name], float) for name in ("scale", "error"))
    x, y = np.asarray(scale_map["x"], float), np.asarray(scale_map["y"], float)
    middle = record["scale_estimate"]
    spread = np.nanmax(np.abs(scale - middle), initial=LEAST_RANGE * middle)
    shown = axes.pcolormesh(
        cell_edges(x, box[2:]),
        cell_edges(y, box[:2]),
        np.ma.masked_invalid(scale),
        norm=TwoSlopeNorm(middle, max(middle - spread, 0.0), middle + spread),
        cmap="PuOr_r",
    )
    for (row, column), value in np.ndenumerate(scale):
        if np.isfinite(value):
            digits = digits_for(error[row, column])
            axes.text(
                x[column],
                y[row],
                f"{value:.{digits}f}\n±{error[row, column]:.{digits}f}",
                ha="center",
                va="center",
                size=9,
                color="white" if abs(value - middle) > 0.6 * spread else INK,
                clip_on=True,
            )
    axes.set(facecolor="#dddddd", xlim=(box[2], box[3]), ylim=(box[1], box[0]))
    label_pixels(axes)
    if pixel_size_um is not None:
        add_scale_bar(axes, pixel_size_um, dark=True)
    figure.colorbar(shown, ax=axes, label="scale (post / pre)", fraction=0.05, pad=0.02)
    return figure


def digits_for(error):
    """Digits after the point that show an error; three at least, five at most.

    Examples
    --------
    >>> digits_for(0.02), digits_for(0.0004), digits_for(float("nan"))
    (3, 4, 3)
    """
    return int(np.clip(np.ceil(-np.log10(error)), 3, 5)) if error > 0 else 3


def judge_variation(scale_map):
    """Whether one scale holds for the whole field."""
    spread = f"Variation over the field beyond the errors: {scale_map['spread']:.2%}."
    return Judgement("warn" if scale_map["varies"] else "pass", spread)


def cell_edges(centres, ends):
    """Edges of evenly spaced cells; a single one reaches from end to end."""
    if len(centres) == 1:
        return np.asarray(ends, float)
    step = centres[1] - centres[0]
    return np.append(centres - step / 2, centres[-1] + step / 2)
