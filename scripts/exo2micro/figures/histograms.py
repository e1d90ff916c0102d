"""Histograms of the photographs and of their difference, as they are."""

import numpy as np

from .frame import Judgement, join, judge_status, say_nothing_to_show, start_figure
from .style import FAINT, INK, POST, PRE, PRE_WARPED, PowersOfTen, draw_bars, styled, tell_levels

MOST_BINS = 400
# The dark peak (the zero bin, or the camera's dark level) against the highest bin at more than
# twice its level: beyond, a linear axis shows nothing but the dark.
DWARFING = 5.0
DARK_PART = 0.15  # of the bright end: a peak above is no dark level
SATURATED_PART = 0.001
HEIGHT = 5.0


@styled
def draw_pre_post_histograms(arrays, alignment, **names):
    """Draw the histograms of post, raw pre and, faintly behind, the warped pre.

    Parameters
    ----------
    arrays : dict of ndarray
        ``post_``, ``raw_pre_`` and ``pre_`` ``counts`` and ``edges``; see
        `exo2micro.pair_statistics`.
    alignment : dict
        Record of stage 3's transform.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = start_figure(
        "Grey levels of both photographs",
        judgement=join(
            judge_status("alignment", alignment["verdict"], alignment["reasons"]),
            judge_exposure(arrays),
        ),
        look_for="the same shape twice, post stretched by the scale and with a longer tail (the "
        "stain); the warped pre under the raw one; no pile-up at the upper end (saturation).",
        height=HEIGHT,
        **names,
    )
    axes = figure.subplots()
    drawn = [
        (
            "pre_counts",
            "pre_edges",
            "pre, warped (common area)",
            {"fill": True, "color": PRE_WARPED, "alpha": 0.5},
        ),
        ("raw_pre_counts", "raw_pre_edges", "pre, raw", {"color": PRE, "linewidth": 1.6}),
        (
            "post_counts",
            "post_edges",
            "post, raw",
            {"color": POST, "linewidth": 1.6, "linestyle": "--"},
        ),
    ]
    histograms = [(arrays[counts], arrays[edges]) for counts, edges, *_ in drawn]
    if not any(counts.any() for counts, _ in histograms):
        say_nothing_to_show(axes, "the photographs are empty")
        return figure
    shown = common_bins(histograms)
    for (counts, edges), (*_, label, style) in zip(shown, drawn, strict=True):
        draw_bars(axes, counts, edges, label=f"{label}: {counts.sum():,} px", **style)
    dwarfed = any(dark_dwarfs(counts, edges) for counts, edges in shown)
    _finish(axes, "grey level", shown[0][1], log=dwarfed)
    if dwarfed:
        axes.set_title("logarithmic: the dark ground dwarfs the rest")
    return figure


@styled
def draw_difference_histogram(arrays, alignment, **names):
    """Draw the histograms of post - pre, unscaled: all, both above zero, post only.

    Parameters
    ----------
    arrays : dict of ndarray
        `difference_edges`, `difference_all`, `difference_both`, `difference_post_only`; see
        `exo2micro.pair_statistics`.
    alignment : dict
        Record of stage 3's transform.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = start_figure(
        "Post - aligned pre, before scaling",
        judgement=judge_status("alignment", alignment["verdict"], alignment["reasons"]),
        look_for="a peak of mineral, beside zero by as much as it became brighter, and a tail to "
        "the right only: the stain. A tail to the left as long means misalignment.",
        height=HEIGHT,
        **names,
    )
    axes = figure.subplots()
    drawn = [
        ("difference_all", "all pixels of post", {"fill": True, "color": "#cccccc"}),
        ("difference_both", "both above zero", {"color": "#0072B2", "linewidth": 1.6}),
        ("difference_post_only", "post only", {"color": POST, "linewidth": 1.6, "linestyle": "--"}),
    ]
    if not arrays["difference_all"].any():
        say_nothing_to_show(axes, "the post photograph is empty")
        return figure
    histograms = [(arrays[name], arrays["difference_edges"]) for name, *_ in drawn]
    shown = common_bins(histograms)
    for (counts, edges), (_, label, style) in zip(shown, drawn, strict=True):
        draw_bars(axes, counts, edges, label=f"{label}: {counts.sum():,} px", **style)
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    _finish(axes, "post - pre (grey levels)", shown[0][1], log=True)
    return figure


def common_bins(histograms):
    """Histograms cut to the range in which any of them counts something, in few enough bins.

    Parameters
    ----------
    histograms : sequence of (counts, edges)
        Bins are whole multiples of each other's and start at whole bins from zero.

    Returns
    -------
    list of (counts, edges)
        Bins are merged, never split or dropped: the sums stay.

    Examples
    --------
    >>> common_bins([(np.array([0, 2, 1, 0]), np.arange(5.0))])[0][0]
    array([2, 1])
    """
    width = max(edges[1] - edges[0] for _, edges in histograms)
    filled = [
        (edges[np.flatnonzero(counts)[0]], edges[np.flatnonzero(counts)[-1] + 1])
        for counts, edges in histograms
        if counts.any()
    ]
    low, high = min(low for low, _ in filled), max(high for _, high in filled)
    while (high - low) / width > MOST_BINS:
        width *= 2
    first, last = int(np.floor(low / width)), int(np.ceil(high / width))
    edges = np.arange(first, last + 1) * width
    merged = []
    for counts, old in histograms:
        index = np.floor(old[:-1] / width + 1e-9).astype(int) - first
        inside = (index >= 0) & (index < last - first)
        merged.append(
            (np.bincount(index[inside], counts[inside], last - first).astype(np.int64), edges)
        )
    return merged


def dark_dwarfs(counts, edges):
    """Say whether the dark ground makes all else invisible on a linear axis.

    Examples
    --------
    >>> edges = np.arange(31.0)
    >>> counts = np.full(30, 3)
    >>> counts[0] = 100
    >>> dark_dwarfs(counts, edges), dark_dwarfs(counts[::-1], edges)
    (True, False)
    """
    if not counts.any():
        return False
    peak = int(counts.argmax())
    share = np.cumsum(counts) / counts.sum()
    bright_end = edges[int(np.searchsorted(share, 0.999)) + 1]
    rest = counts[edges[:-1] >= 2 * edges[peak + 1]]
    is_dark = edges[peak + 1] <= DARK_PART * bright_end
    return bool(is_dark and counts[peak] > DWARFING * max(rest.max(initial=0), 1))


def judge_exposure(arrays):
    """Whether the photographs overlap and are not saturated."""
    _, covered, _, _, saturated = (int(count) for count in arrays["counts"])
    if covered == 0:
        return Judgement("fail", "The photographs have no pixel in common.")
    share = saturated / covered
    text = f"Saturated in either: {share:.2%} of the common area."
    return Judgement("warn" if share > SATURATED_PART else "pass", text)


def _finish(axes, label, edges, log):
    """Axes and legend."""
    axes.set(xlabel=label, ylabel=f"pixels per bin of {tell_levels(edges)}")
    axes.set_xlim(edges[0], edges[-1])
    if log:
        axes.set_yscale("log")
        PowersOfTen.label(axes.yaxis, between=(2.0, 5.0))
        axes.set_ylim(bottom=0.7)
    else:
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=FAINT, alpha=0.2)
    axes.legend(loc="upper right")
