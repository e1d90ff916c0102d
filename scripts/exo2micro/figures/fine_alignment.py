"""Stage 3 against stage 2: what the interior alignment changed, and what it leaves."""

import numpy as np
from matplotlib.patches import Rectangle

from exo2micro.geometry import Transform

from .difference_image import difference_norm, show_difference
from .frame import Judgement, join, judge_status, say_nothing_to_show, start_figure
from .image_panel import likeness, overlay, panel_height
from .reduced_warp import smoothed, warp_reduced
from .registration import label_colours, median_ratio
from .style import styled
from .vectors import show_displacement, show_tile_vectors


@styled
def draw_fine_alignment(post, pre, box, coarse, refined, closeup, *, pixel_size_um=None, **names):
    """Draw differences and a close-up before and after stage 3, its tiles and its bending.

    Parameters
    ----------
    post, pre : View
        Reduced padded images.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded one, px.
    coarse, refined : dict
        Records of the transforms of stages 2 and 3.
    closeup : Closeup
        A small piece at full resolution.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bars.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    judgement = judge_status("alignment", refined["verdict"], refined["reasons"])
    figure = start_figure(
        "Interior alignment (stage 3) against boundary alignment (stage 2)",
        judgement=join(judgement, tell_accuracy(refined)),
        look_for="a difference in which the mineral fades on the right; a close-up without green "
        "and magenta fringes; short residual arrows that point anywhere (all one way: something "
        "is left), over the whole sample.",
        height=2 * panel_height(box, 2) + panel_height(closeup.window, 2),
        **names,
    )
    heights = [panel_height(box, 2), panel_height(closeup.window, 2), panel_height(box, 2)]
    panels = figure.subplots(3, 2, height_ratios=heights)
    _show_differences(panels[0], post, pre, box, (coarse, refined), closeup, pixel_size_um)
    _show_closeups(panels[1], closeup, pixel_size_um)
    if refined["tiles"] is None:
        notes = "; ".join(refined["notes"]) or "no tiles agree"
        say_nothing_to_show(panels[2, 0], f"no tiles: {notes}")
    else:
        show_tile_vectors(panels[2, 0], refined["tiles"], post, box, pixel_size_um)
    grid = Transform.from_record(refined).displacement
    show_displacement(panels[2, 1], grid, post, box, pixel_size_um)
    return figure


def tell_accuracy(refined):
    """The estimated accuracy in words, without a judgement of its own."""
    accuracy = refined["estimated_accuracy_px"]
    if accuracy is None:
        return Judgement("none", "Accuracy: not measured.")
    return Judgement("none", f"Estimated accuracy: {accuracy:.3f} px.")


def _show_differences(panels, post, pre, box, records, closeup, pixel_size_um):
    """Difference after stage 2 and after stage 3, in one stretch."""
    post, pre = smoothed(post), smoothed(pre)
    warped = [warp_reduced(post, pre, Transform.from_record(record)) for record in records]
    sample = warped[0][2] & warped[1][2]
    if not sample.any():
        for axes in panels:
            say_nothing_to_show(axes, "the samples do not overlap")
        return
    ratio = median_ratio(post.image, warped[1][0], sample)
    differences = [post.image - ratio * aligned for aligned, *_ in warped]
    norm = difference_norm(np.concatenate([d[sample] for d in differences]))
    for axes, stage, difference, (aligned, *_) in zip(
        panels, ("stage 2", "stage 3"), differences, warped, strict=True
    ):
        show_difference(
            axes,
            difference,
            sample,
            post.factors,
            norm=norm,
            box=box,
            pixel_size_um=pixel_size_um,
            label="grey levels",
        )
        alike = likeness(post.image, aligned, sample)
        tail = "" if alike is None else f", r = {alike:.4f}"
        axes.set_title(f"{stage}: post - {ratio:.3g} · pre{tail}")
        y0, y1, x0, x1 = closeup.window
        axes.add_patch(
            Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color="#00c0ff", linewidth=1.2)
        )


def _show_closeups(panels, closeup, pixel_size_um):
    """Overlays at full resolution; the frame is marked above."""
    y0, y1, x0, x1 = closeup.window
    for axes, stage, aligned, coverage in zip(
        panels, ("stage 2", "stage 3"), closeup.aligned, closeup.coverage, strict=True
    ):
        if not coverage.any():
            say_nothing_to_show(axes, f"{stage}: pre shows nothing here")
            continue
        image = overlay(closeup.post, aligned, coverage)
        axes.imshow(image, extent=(x0 - 0.5, x1 - 0.5, y1 - 0.5, y0 - 0.5), interpolation="nearest")
        axes.set(xlabel="x (px)", ylabel="y (px)", title=f"{stage}, close-up: {closeup.why}")
        label_colours(axes)
