"""Joint distribution of the two photographs, pixel by pixel: density and excess."""

import numpy as np
from matplotlib.colors import LogNorm, SymLogNorm

from .frame import join, judge_status, say_nothing_to_show, start_figure
from .scale_lines import draw_scale_lines
from .style import EXCESS_COLOURS, PowersOfTen, outlined, sequential_colours, styled, tell_levels

# Single hot pixels would press everything else into a corner.
SHOWN_PART = 0.99995
MOST_BINS = 300  # more would each hold too few pixels to be seen
HEIGHT = 7.6


@styled
def draw_pre_post_heatmap(arrays, alignment, **names):
    """Draw how many pixels have each pair of grey levels, with the identity line.

    Parameters
    ----------
    arrays : dict of ndarray
        `joint` (pre along the rows) and `joint_edges`; see `exo2micro.pair_statistics`.
    alignment : dict
        Record of stage 3's transform.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _start(
        "Grey levels of aligned pre and post, pixel by pixel",
        judge_status("alignment", alignment["verdict"], alignment["reasons"]),
        "one narrow ridge through the dark corner (the mineral) with a cloud above it (the "
        "stain). A shapeless blob means that the images are not aligned; a ridge that bends at "
        "the top, saturation.",
        names,
    )
    density, edges, beyond = shown_density(arrays)
    if density is None:
        say_nothing_to_show(axes, "the photographs have no pixel in common")
        return figure
    shown = axes.pcolormesh(
        edges,
        edges,
        np.ma.masked_equal(density, 0),
        norm=LogNorm(1, max(density.max(), 10)),
        cmap=sequential_colours(),
        rasterized=True,
    )
    axes.set_facecolor("#0b0b12")
    _explain(shown, f"pixels per bin of {tell_levels(edges)} each way")
    _finish(axes, edges, beyond)
    axes.legend(loc="lower right")
    return figure


@styled
def draw_excess_heatmap(arrays, record, alignment, **names):
    """Draw the density minus its transpose above the identity line, with the active scales.

    Parameters
    ----------
    arrays : dict of ndarray
        `joint` and `joint_edges`; see `exo2micro.pair_statistics`.
    record, alignment : dict
        Records of the scale and of stage 3's transform.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = _start(
        "Excess: pixels brighter in post than in pre, minus the opposite",
        join(
            judge_status("alignment", alignment["verdict"], alignment["reasons"]),
            judge_status("scale", record["status"], record["reasons"]),
        ),
        "the scale line along the crest of the mineral's ridge, the stain's excess above it. "
        "Below the identity line stands the same with the opposite sign: it is not drawn, and a "
        "ridge there (scale below 1) shows as a deficit.",
        names,
    )
    density, edges, beyond = shown_density(arrays)
    if density is None:
        say_nothing_to_show(axes, "the photographs have no pixel in common")
        return figure
    excess = upper_excess(density)
    high = max(float(np.abs(excess).max()), 10.0)
    shown = axes.pcolormesh(
        edges,
        edges,
        excess,
        norm=SymLogNorm(1, vmin=-high, vmax=high),
        cmap=EXCESS_COLOURS,
        rasterized=True,
    )
    axes.set_facecolor("#101018")
    _explain(shown, f"excess pixels per bin of {tell_levels(edges)} each way")
    _finish(axes, edges, beyond)
    draw_scale_lines(axes, record, edges[-1])
    if record["scale_estimate"] is None:
        axes.plot([], [], " ", label="no Moffat scale: the fit failed")
    axes.legend(loc="lower right")
    return figure


def shown_density(arrays):
    """Part of the joint histogram that is shown, post along the rows.

    Parameters
    ----------
    arrays : dict of ndarray
        `joint` and `joint_edges`.

    Returns
    -------
    density : ndarray of int, shape (n, n), or None
        None where the images have nothing in common.
    edges : ndarray or None
        Grey levels.
    beyond : int
        Pixels that lie outside of what is shown.
    """
    joint, edges = arrays["joint"], arrays["joint_edges"]
    total = int(joint.sum())
    if total == 0:
        return None, None, 0
    either = np.maximum(np.arange(len(joint))[:, None], np.arange(len(joint))[None, :])
    counts = np.bincount(either.ravel(), weights=joint.ravel())
    last = int(np.searchsorted(np.cumsum(counts), SHOWN_PART * total))
    size = min(max(last + 1 + (last + 1) // 20, 8), len(joint))
    merge = -(-size // MOST_BINS)
    size = min(-(-size // merge) * merge, len(joint) // merge * merge)
    parts = joint[:size, :size].T.reshape(size // merge, merge, size // merge, merge)
    density = parts.sum(axis=(1, 3))
    return density, edges[: size + 1 : merge], total - int(density.sum())


def upper_excess(density):
    """Density minus its transpose where post lies above pre, masked elsewhere.

    Parameters
    ----------
    density : ndarray, shape (n, n)
        Counts, post along the rows and pre along the columns.

    Returns
    -------
    numpy.ma.MaskedArray

    Examples
    --------
    >>> upper_excess(np.array([[5, 1], [4, 2]])).tolist()
    [[None, None], [3, None]]
    """
    excess = density - density.T
    return np.ma.array(excess, mask=~np.tri(len(density), k=-1, dtype=bool))


def _start(kind, judgement, look_for, names):
    figure = start_figure(
        kind, judgement=judgement, look_for=look_for, height=HEIGHT, width=9.0, **names
    )
    return figure, figure.subplots()


def _explain(mesh, label):
    """Colour bar in powers of ten."""
    bar = mesh.axes.figure.colorbar(mesh, ax=mesh.axes, label=label)
    PowersOfTen.label(bar.ax.yaxis)


def _finish(axes, edges, beyond):
    """Identity line, equal axes, and what was left out."""
    ends = [edges[0], edges[-1]]
    axes.plot(
        ends,
        ends,
        color="white",
        linestyle=":",
        linewidth=1.5,
        path_effects=outlined(3),
        label="identity: post = pre",
        gid="identity",
    )
    axes.set(
        xlim=ends,
        ylim=ends,
        aspect="equal",
        xlabel="aligned pre (grey levels)",
        ylabel="post (grey levels)",
    )
    if beyond:
        axes.set_title(f"brighter pixels beyond the axes: {beyond}")
