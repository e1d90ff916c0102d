"""The difference image: black where nothing changed, bright where stain was added, white beyond."""

import numpy as np
from matplotlib.colors import Normalize

from .frame import HEIGHT_EMPTY, Judgement, join, judge_status, say_nothing_to_show, start_figure
from .image_panel import box_around, panel_height, show_image
from .scale_lines import dark_levels, name_scale
from .style import DIFFERENCE_COLOURS, SetAsinhNorm, styled

# A mineral whose median is off zero by more than these shares of its own level was subtracted with
# a scale that is to be checked, or is wrong. Measured scales are right to 0.5 %.
NOTABLE_IMBALANCE = 0.03
MOST_IMBALANCE = 0.3


@styled
def draw_difference_image(
    reduced, mask, kind, scale, record, alignment, *, pixel_size_um=None, box, **names
):
    """Draw a difference image with an asinh stretch.

    Parameters
    ----------
    reduced : ReducedStatistics
        Reduced images in the padded-post frame, grey levels.
    mask : ndarray of bool, shape (h, w)
        Where both photographs show the sample; white elsewhere.
    kind : str
        'moffat', 'manual' or 'percentile_p<value>'.
    scale : float or ndarray, shape (h, w), or None
        Photometric scale; None where there is none.
    record, alignment : dict
        Records of the scale and of stage 3's transform.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bar.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded one, px; the sample's part of
        it is shown.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    title = f"Difference image, {name_scale(kind)} scale"
    judgements = [judge_status("alignment", alignment["verdict"], alignment["reasons"])]
    if kind == "moffat":
        judgements.append(judge_status("scale", record["status"], record["reasons"]))
    elif record["status"] == "fail":
        # What speaks against any one scale may speak against this one.
        failed = judge_status("Moffat scale", "fail", record["reasons"])
        judgements.append(failed._replace(level="warn"))
    look_for = (
        "black mineral without a pattern and bright spots of stain. Pairs of bright and blue edges "
        "mean misalignment, blue or orange mineral a wrong scale. White: outside the sample, or "
        "seen in one photograph only."
    )
    difference = None
    if scale is not None and mask.any():
        difference = subtract(reduced, scale, dark_levels(record))
        judgements.append(judge_balance(difference[mask], reduced.pre[mask], scale))
        title += f" {np.median(scale):.4f}"
    box = box_around(mask, reduced.factors, box)
    figure = start_figure(
        title,
        judgement=join(*judgements),
        look_for=look_for,
        height=HEIGHT_EMPTY if difference is None else panel_height(box, 1),
        **names,
    )
    axes = figure.subplots()
    if difference is None:
        reason = (
            "no pixel shows the sample in both photographs"
            if scale is not None
            else ("the scale failed, so no difference image was made")
        )
        say_nothing_to_show(axes, reason)
        return figure
    if reduced.side > 1:
        axes.set_title(f"each pixel drawn is the mean of {reduced.side} x {reduced.side} px")
    show_difference(
        axes,
        difference,
        mask,
        reduced.factors,
        box=box,
        pixel_size_um=pixel_size_um,
        label="post - scale · pre (grey levels)",
    )
    return figure


def subtract(reduced, scale, dark):
    """Reduced difference image; averaging commutes with it where both images are covered."""
    return (reduced.post - dark[0]) - scale * (reduced.pre - dark[1])


def judge_balance(difference, pre, scale):
    """Whether the mineral vanished: the median of the difference is near zero."""
    level = max(float(np.median(np.median(scale) * pre)), 1e-12)
    middle = float(np.median(difference))
    share = middle / level
    text = f"Median over the sample: {middle:+.4g} grey levels, {share:+.1%} of the mineral."
    if abs(share) > MOST_IMBALANCE:
        return Judgement("fail", text)
    return Judgement("warn" if abs(share) > NOTABLE_IMBALANCE else "pass", text)


def difference_norm(values):
    """Asinh stretch about zero: linear within the noise, logarithmic beyond.

    Parameters
    ----------
    values : ndarray
        Differences on the sample.

    Returns
    -------
    matplotlib.colors.Normalize
        Symmetric: zero is the middle.
    """
    values = values[np.isfinite(values)]
    if values.size == 0 or not np.any(values):
        return Normalize(-1, 1, clip=True)
    noise = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    high = max(float(np.percentile(np.abs(values), 99.9)), 3 * noise)
    return SetAsinhNorm(linear_width=max(noise, high / 1000), vmin=-high, vmax=high, clip=True)


def show_difference(axes, difference, mask, factors, *, norm=None, label=None, **place):
    """Draw a difference with its colour bar: black at zero, white outside the mask.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    difference : ndarray, shape (h, w)
        Grey levels.
    mask : ndarray of bool
        What is shown.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    norm : matplotlib.colors.Normalize, optional
        Stretch, where panels share one.
    label : str, optional
        Of the colour bar.
    **place
        `box` and `pixel_size_um` of `image_panel.show_image`.

    Returns
    -------
    matplotlib.image.AxesImage
    """
    norm = norm or difference_norm(difference[mask])
    shown = show_image(
        axes,
        np.ma.array(difference, mask=~mask),
        factors,
        norm=norm,
        cmap=DIFFERENCE_COLOURS,
        interpolation="nearest",
        dark_bar=True,
        **place,
    )
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.02, label=label)
    high = float(norm.vmax)
    ticks = symmetric_ticks(high, getattr(norm, "linear_width", high))
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.minorticks_off()
    return shown


def symmetric_ticks(high, linear_width):
    """Zero and powers of ten on both sides, from the linear range to the end.

    Examples
    --------
    >>> symmetric_ticks(120.0, 2.0)
    [-100.0, -10.0, 0.0, 10.0, 100.0]
    >>> symmetric_ticks(3.9, 3.9)
    [-3.0, 0.0, 3.0]
    """
    first, last = np.ceil(np.log10(linear_width)), np.floor(np.log10(high))
    # None beyond the end: a colour bar would grow by colours that there are not.
    below = float(f"{np.floor(high / 10.0**last + 1e-9) * 10.0**last:g}")
    powers = [float(10.0**k) for k in np.arange(first, last + 1)] or [below]
    powers = powers[-4:]
    return [-power for power in reversed(powers)] + [0.0, *powers]
