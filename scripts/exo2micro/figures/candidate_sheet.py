"""A contact sheet of the brightest candidates at full resolution."""

import numpy as np
from matplotlib.colors import AsinhNorm, Normalize

from .candidates import NOISE_SIGMA, judge_catalogue
from .frame import HEIGHT_EMPTY, say_nothing_to_show, start_figure
from .style import DIFFERENCE_COLOURS, styled

ACROSS = 2  # candidates in a row
KINDS = ("post", "pre", "difference", "significance")
ROW_HEIGHT = 1.45  # in
POINTER = 0.1  # length of the lines at the rim, of a close-up's side
SHARE = 99.8  # percentile of a post close-up that is white


@styled
def draw_candidate_sheet(views, scale, record, *, pixel_size_um=None, **names):
    """Draw post, scaled pre, difference and significance of the brightest candidates.

    Parameters
    ----------
    views : list of CandidateView
        The brightest first.
    scale : float
        Photometric scale.
    record : dict
        What was counted.
    pixel_size_um : tuple of float, optional
        ``(x, y)``; with it the close-ups' width is told in micrometres.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(views) // ACROSS)
    figure = start_figure(
        f"The {len(views)} brightest candidates" if views else "The brightest candidates",
        judgement=judge_catalogue(record),
        look_for="a compact bright body in the middle of post, nothing of it in pre (which is "
        "shown at the brightness of post), and a dark ground around it in the difference. What is "
        "seen in pre too is mineral; a bright rim beside a blue one is misalignment; straight "
        "edges and large flat areas are debris.",
        height=rows * ROW_HEIGHT + 0.3 if views else HEIGHT_EMPTY,
        **names,
    )
    if not views:
        say_nothing_to_show(figure.subplots(), "no candidate on the sample")
        return figure
    panels = figure.subplots(
        rows, ACROSS * len(KINDS), squeeze=False, gridspec_kw={"hspace": 0.02, "wspace": 0.02}
    )
    for place in range(rows * ACROSS):
        row, column = divmod(place, ACROSS)
        axes = panels[row, column * len(KINDS) : (column + 1) * len(KINDS)]
        for axis in axes:
            axis.set_axis_off()
            # Holds the room of what is written above.
            axis.set_title(" \n " if row == 0 else " ", size=8.5)
        if place < len(views):
            _show_candidate(axes, views[place], scale, pixel_size_um)
            if row == 0:
                for axis, kind in zip(axes, KINDS, strict=True):
                    _write(axis, 0.5, 1.2, kind, ha="center", weight="bold")
    return figure


def _show_candidate(axes, view, scale, pixel_size_um):
    """Four close-ups of one candidate, post and pre on one scale of grey."""
    post = np.asarray(view.post, float)
    grey = Normalize(0, max(float(np.percentile(post, SHARE)), 1e-6), clip=True)
    axes[0].imshow(post, cmap="gray", norm=grey, interpolation="nearest")
    axes[1].imshow(scale * view.pre, cmap="gray", norm=grey, interpolation="nearest")
    top = max(float(np.abs(view.difference).max()), 1e-6)
    signed = Normalize(-top, top)
    axes[2].imshow(view.difference, cmap=DIFFERENCE_COLOURS, norm=signed, interpolation="nearest")
    peak = max(float(np.nanmax(np.abs(view.significance))), 2 * NOISE_SIGMA)
    sigma = AsinhNorm(NOISE_SIGMA, -peak, peak)
    axes[3].imshow(view.significance, cmap=DIFFERENCE_COLOURS, norm=sigma, interpolation="nearest")
    _point_at_middle(axes[0])
    row = view.row
    width = view.window.x1 - view.window.x0
    across = f"{width} px" if pixel_size_um is None else f"{width * pixel_size_um[0]:.3g} µm"
    _write(
        axes[0],
        0.0,
        1.03,
        f"{row['id']:.0f} at {row['x_raw']:.0f}, {row['y_raw']:.0f} px: flux {row['flux']:,.0f}, "
        f"{row['peak_significance']:.0f} sigma; {across} across",
    )


def _point_at_middle(axes):
    """Short lines at the rim that say which of several bodies is meant: the one in the middle."""
    for ends in ((0.0, POINTER), (1 - POINTER, 1.0)):
        style = {"color": "#00c0ff", "linewidth": 1.5, "transform": axes.transAxes}
        axes.plot(ends, (0.5, 0.5), gid="pointer", **style)
        axes.plot((0.5, 0.5), ends, gid="pointer", **style)


def _write(axes, x, y, text, **style):
    """Write above a close-up; the layout makes no room for it sideways."""
    written = axes.text(x, y, text, transform=axes.transAxes, va="bottom", size=8.5, **style)
    written.set_in_layout(False)
