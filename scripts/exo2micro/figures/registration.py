"""Stage 2 at a glance: both photographs with their boundary, and how they lie on each other."""

import numpy as np

from exo2micro.geometry import Transform

from .difference_image import show_difference
from .frame import judge_status, say_nothing_to_show, start_figure
from .image_panel import (
    brightness_norm,
    draw_outline,
    likeness,
    overlay,
    panel_height,
    show_image,
)
from .reduced_warp import smoothed, warp_reduced
from .style import POST, PRE, styled


@styled
def draw_registration(post, pre, boxes, record, *, pixel_size_um=None, **names):
    """Draw post and pre with their boundary, their overlay and their difference.

    Parameters
    ----------
    post, pre : View
        Reduced padded images with their footprints.
    boxes : dict
        ``(y0, y1, x0, x1)`` of the raw images in the padded ones, by stain, px.
    record : dict
        Record of stage 2's transform.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bars.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = panel_height(boxes["post"], 2), panel_height(boxes["post"], 2)
    figure = start_figure(
        "Boundary alignment (stage 2)",
        judgement=judge_status("coarse alignment", record["verdict"], record["reasons"]),
        look_for="boundaries that follow the sample; in the overlay grey mineral and edges "
        "that run together, with stain green. Green and magenta side by side mean misalignment: "
        "a few px of it are left to stage 3.",
        height=sum(rows),
        **names,
    )
    panels = figure.subplots(2, 2)
    place = {"pixel_size_um": pixel_size_um}
    for axes, stain, view, colour in (
        (panels[0, 0], "post", post, "#2fe0a5"),
        (panels[0, 1], "pre", pre, "#ff7df0"),
    ):
        norm = brightness_norm([view.image], [view.footprint.mask])
        show_image(
            axes, view.image, view.factors, box=boxes[stain], norm=norm, cmap="gray", **place
        )
        fills = view.footprint.fills_frame
        axes.set_title(f"{stain}: no boundary, fills the frame" if fills else f"{stain}, boundary")
        if not fills:
            draw_outline(axes, view.footprint.mask, view.factors, colors=[colour], linewidths=1.6)
    _show_alignment(panels[1], post, pre, boxes["post"], record, place)
    return figure


def _show_alignment(panels, post, pre, box, record, place):
    """Overlay and difference after the coarse alignment."""
    transform = Transform.from_record(record)
    aligned, coverage, sample = warp_reduced(post, pre, transform)
    if not sample.any():
        for axes in panels:
            say_nothing_to_show(axes, "the samples do not overlap after the coarse alignment")
        return
    motion = record["motion"]
    show_image(panels[0], overlay(post.image, aligned, coverage), post.factors, box=box, **place)
    size = np.sqrt(motion["scale_x"] * motion["scale_y"])
    panels[0].set_title(f"post and pre, turned by {motion['rotation_deg']:.2f}°, size {size:.4f}")
    label_colours(panels[0])
    post = smoothed(post)
    aligned, *_ = warp_reduced(post, smoothed(pre), transform)
    ratio = median_ratio(post.image, aligned, sample)
    show_difference(
        panels[1],
        post.image - ratio * aligned,
        sample,
        post.factors,
        box=box,
        label="grey levels",
        **place,
    )
    alike = likeness(post.image, aligned, sample)
    tail = "" if alike is None else f", r = {alike:.3f}"
    panels[1].set_title(f"post - {ratio:.3g} · pre{tail}")


def label_colours(axes):
    """Say which colour is which photograph."""
    style = {"transform": axes.transAxes, "va": "top", "weight": "bold", "size": 10}
    ground = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2}
    axes.text(0.98, 0.98, "post", color=POST, ha="right", bbox=ground, **style)
    axes.text(0.98, 0.91, "pre", color=PRE, ha="right", bbox=ground, **style)


def median_ratio(post, pre, sample):
    """Median of post over pre on the sample; 1 where pre is dark throughout."""
    lit = sample & (pre > 0)
    return float(np.median(post[lit] / pre[lit])) if lit.any() else 1.0
