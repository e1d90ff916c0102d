"""Panels of arrows: the tiles' residuals, and the bending of the sample."""

import numpy as np

from .frame import say_nothing_to_show
from .image_panel import add_scale_bar, draw_outline, label_pixels, round_length
from .style import FAINT, LEVEL_COLOURS, POST

ARROWS = 18  # along the longer side
LONGEST = 1.5  # of the distance of neighbours


def show_tile_vectors(axes, tiles, post, box, pixel_size_um=None):
    """Draw each tile's residual, greatly enlarged; tiles that don't agree as crosses.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    tiles : dict
        `x`, `y` (padded-post px), `dx`, `dy` (measured minus fitted, padded-pre px), `good`.
    post : View
        For the sample's outline.
    box : tuple of int
        ``(y0, y1, x0, x1)`` that is shown, full-resolution px.
    pixel_size_um : tuple of float, optional
        For the scale bar.
    """
    x, y, dx, dy = (np.asarray(tiles[name], float) for name in ("x", "y", "dx", "dy"))
    good = np.asarray(tiles["good"], bool)
    _frame(axes, post, box, pixel_size_um)
    reach = float(np.percentile(np.hypot(dx[good], dy[good]), 95)) if good.any() else 1.0
    _arrows(axes, (x[good], y[good]), (dx[good], dy[good]), reach, spacing(x, y, box), POST)
    axes.plot(x[~good], y[~good], "x", color=LEVEL_COLOURS["fail"], ms=5, gid="outliers")
    median = tiles.get("residual_median_px")
    tail = "" if median is None else f", median {median:.3f} px"
    axes.set_title(f"residuals of {good.sum()} tiles{tail}; outliers (x): {(~good).sum()}")


def show_displacement(axes, grid, post, box, pixel_size_um=None):
    """Draw what the sample's bending adds to the homography, on the sample.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    grid : DisplacementGrid or None
        Bending; None where the homography suffices.
    post : View
        For the sample's place.
    box : tuple of int
        ``(y0, y1, x0, x1)`` that is shown, full-resolution px.
    pixel_size_um : tuple of float, optional
        For the scale bar.
    """
    if grid is None:
        say_nothing_to_show(axes, "no bending: the sample is followed by a homography alone")
        return
    step = max(box[1] - box[0], box[3] - box[2]) / ARROWS
    x, y = np.meshgrid(
        np.arange(box[2] + step / 2, box[3], step), np.arange(box[0] + step / 2, box[1], step)
    )
    x, y = x.ravel(), y.ravel()
    mask = post.footprint.mask
    row = np.clip((y * post.factors[1]).astype(int), 0, mask.shape[0] - 1)
    column = np.clip((x * post.factors[0]).astype(int), 0, mask.shape[1] - 1)
    there = mask[row, column]
    x, y = x[there], y[there]
    shift = grid.at(np.stack([x, y], axis=1))
    length = np.hypot(*shift.T)
    _frame(axes, post, box, pixel_size_um)
    _arrows(axes, (x, y), shift.T, float(length.max(initial=0)), step, "#0072B2")
    axes.set_title(f"bending beyond the homography, up to {length.max(initial=0):.2f} px")


def spacing(x, y, box):
    """Typical distance of neighbouring points, px."""
    area = max(np.ptp(x) * np.ptp(y), 1.0) if len(x) > 1 else (box[1] - box[0]) ** 2
    return float(np.sqrt(area / max(len(x), 1)))


def _arrows(axes, start, shift, reach, room, colour):
    """Arrows so enlarged that one of length `reach` fills the room of a point, with a key."""
    if len(start[0]) == 0 or reach <= 0:
        return
    scale = reach / (LONGEST * room)
    quiver = axes.quiver(
        *start,
        *shift,
        angles="xy",
        scale_units="xy",
        scale=scale,
        color=colour,
        width=0.004,
        gid="arrows",
    )
    key = round_length(reach)
    axes.quiverkey(
        quiver, 0.78, -0.15, key, f"{key:g} px", labelpos="E", coordinates="axes", color=colour
    )


def _frame(axes, post, box, pixel_size_um):
    """Axes in full-resolution px with the sample's outline."""
    axes.set(xlim=(box[2] - 0.5, box[3] - 0.5), ylim=(box[1] - 0.5, box[0] - 0.5))
    label_pixels(axes)
    draw_outline(axes, post.footprint.mask, post.factors, under=False, colors=FAINT, linewidths=1)
    if pixel_size_um is not None:
        add_scale_bar(axes, pixel_size_um, dark=True)
