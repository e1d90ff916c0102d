"""The active scales, as lines with their fixed colours."""

import numpy as np

from exo2micro.parameters import percentile_tag

from .style import outlined, scale_style


def active_scales(record):
    """Scales that a record holds.

    Parameters
    ----------
    record : dict
        Record of the scale.

    Returns
    -------
    dict of str to float
        By kind: 'moffat', 'percentile_p<value>', 'manual'.
    """
    scales = {"moffat": record["scale_estimate"]}
    if record["scale_percentile"] is not None:
        tag = percentile_tag(record["scale_percentile"])
        scales[f"percentile_{tag}"] = record["scale_percentile_value"]
    scales["manual"] = record["manual_scale"]
    return {kind: float(value) for kind, value in scales.items() if value is not None}


def dark_levels(record):
    """Dark levels of post and pre that are taken off, grey levels."""
    dark = record["dark"] or {"post": 0.0, "pre": 0.0}
    return float(dark["post"]), float(dark["pre"])


def name_scale(kind):
    """Name of a kind of scale."""
    return scale_style(kind)[2]


def draw_scale_lines(axes, record, high):
    """Draw ``post = dark + scale * (pre - dark)`` for each active scale, pre to the right.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel with pre along x and post along y, grey levels.
    record : dict
        Record of the scale.
    high : float
        Pre level up to which lines are drawn.

    Returns
    -------
    list of matplotlib.lines.Line2D
    """
    post_dark, pre_dark = dark_levels(record)
    pre = np.array([pre_dark, high])
    return [
        axes.plot(
            pre,
            post_dark + scale * (pre - pre_dark),
            label=label_scale(kind, scale, record),
            path_effects=outlined(3.5),
            scalex=False,
            scaley=False,
            **line_style(kind),
        )[0]
        for kind, scale in active_scales(record).items()
    ]


def line_style(kind):
    """Colour, dashes and width of a scale's line."""
    colour, dashes, _ = scale_style(kind)
    return {"color": colour, "linestyle": dashes, "linewidth": 1.8, "gid": f"scale {kind}"}


def label_scale(kind, scale, record):
    """Name and value of a scale, with its error where it has one."""
    if kind != "moffat":
        return f"{name_scale(kind)} {scale:.4f}"
    error, failed = record["scale_error"], record["status"] == "fail"
    text = f"{name_scale(kind)} {scale:.4f}" + ("" if error is None else f" ± {error:.4f}")
    return text + (" (failed: not used)" if failed else "")
