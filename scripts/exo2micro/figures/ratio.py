"""The distribution of the ratio of post and pre, with the profile that gives the scale."""

import numpy as np
from matplotlib.ticker import LogLocator, StrMethodFormatter

from exo2micro.moffat import moffat

from .frame import join, judge_status, say_nothing_to_show, start_figure
from .scale_lines import active_scales, label_scale, line_style
from .style import INK, draw_bars, styled

BACKGROUND, FITTED, ALL = "#9ecae1", "#2171b5", "#777777"
HEIGHT = 5.4
WIDE = 0.5  # dex; beyond, ratios are labelled 1, 2, 5, 10
MANY_POWERS = 2.5  # of ten: more leave room for labels of whole powers only


@styled
def draw_ratio_histogram(record, alignment, **names):
    """Draw the histogram of log10(post/pre) of block means, its fit and the active scales.

    Parameters
    ----------
    record, alignment : dict
        Records of the scale and of stage 3's transform.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = start_figure(
        "Ratio of post and pre, with the Moffat fit",
        judgement=join(
            judge_status("alignment", alignment["verdict"], alignment["reasons"]),
            judge_status("scale", record["status"], record["reasons"]),
        ),
        look_for="one peak, the curve on its top and left side, and the Moffat line in its middle. "
        "What stands above the curve on the right is stain and has no say. Two peaks mean two "
        "minerals.",
        height=HEIGHT,
        **names,
    )
    axes = figure.subplots()
    histogram, fit = record["ratio_histogram"], record["moffat"]
    if histogram is None or fit is None:
        say_nothing_to_show(axes, "no ratio was measured: " + " ".join(record["reasons"]))
        return figure
    edges = np.asarray(histogram["edges"], float)
    counts = np.asarray(histogram["counts"], float)
    side = record["block_px"]
    draw_bars(axes, counts, edges, fill=True, color=BACKGROUND, label="background, not fitted")
    for first, last in fitted_runs(edges, fit["fit_range"]):
        draw_bars(
            axes,
            counts[first:last],
            edges[first : last + 1],
            fill=True,
            color=FITTED,
            label="background, fitted",
            gid="fitted",
        )
    draw_bars(axes, histogram["counts_all"], edges, color=ALL, label="whole sample")
    low, high = shown_range(edges, np.asarray(histogram["counts_all"], float) + counts, fit)
    x = np.linspace(low, high, 800)
    profile = moffat(x, fit["amp"], fit["mu"], fit["alpha"], fit["beta"])
    goodness = f"chi²/dof {record['goodness']:.2f}"
    axes.plot(x, profile, color=INK, linewidth=1.5, label=f"Moffat profile, {goodness}", gid="fit")
    for kind, scale in active_scales(record).items():
        if scale > 0:
            axes.axvline(
                np.log10(scale), label=label_scale(kind, scale, record), **line_style(kind)
            )
    axes.set(
        xlim=(low, high),
        ylim=(0, 1.1 * max(profile.max(), counts.max(), np.max(histogram["counts_all"]))),
        xlabel="log10(post / pre), dark levels taken off",
        ylabel=f"blocks of {side} x {side} px per bin of {edges[1] - edges[0]:.2g}",
    )
    above = axes.secondary_xaxis(
        "top",
        functions=(
            lambda v: 10 ** np.clip(v, -300, 300),
            lambda r: np.log10(np.maximum(r, 1e-300)),
        ),
    )
    above.set_xlabel("post / pre")
    if high - low > WIDE:
        subs = (1, 2, 5) if high - low < MANY_POWERS else (1,)
        above.xaxis.set_major_locator(LogLocator(subs=subs, numticks=9))
        above.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.legend(loc="best")
    return figure


def fitted_runs(edges, fit_range):
    """First and last bin of those that lie in the fitted range, as a list of one run or none."""
    middle = (edges[1:] + edges[:-1]) / 2
    inside = np.flatnonzero((middle > fit_range[0]) & (middle < fit_range[1]))
    return [(int(inside[0]), int(inside[-1]) + 1)] if len(inside) else []


def shown_range(edges, counts, fit):
    """Where nearly all blocks lie, the fitted bins included."""
    share = np.cumsum(counts) / max(counts.sum(), 1)
    low = edges[np.searchsorted(share, 0.002)]
    high = edges[min(np.searchsorted(share, 0.99) + 1, len(edges) - 1)]
    first, last = fit["fit_range"]
    return min(low, first), max(high, last + (last - first) / 2)
