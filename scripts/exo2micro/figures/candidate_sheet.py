"""A contact sheet of the brightest candidates at full resolution."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from .candidates import NOISE_SIGMA, judge_catalogue
from .frame import HEIGHT_EMPTY, say_nothing_to_show, start_figure
from .style import DIFFERENCE_COLOURS, WIDTH, SetAsinhNorm, styled

ACROSS = 2  # candidates in a row
KINDS = ("post", "pre", "difference", "significance")
# The sheet is laid out in sides of a close-up.
GAP = 0.09
ABOVE = 0.3  # room for a candidate's line
HEAD = 0.06  # more room above the first row, for the kinds' names
ACROSS_ALL = ACROSS * len(KINDS) * (1 + GAP) - GAP
POINTER = 0.1  # length of the lines at the rim
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
    down = HEAD + -(-len(views) // ACROSS) * (1 + ABOVE)
    figure = start_figure(
        f"The {len(views)} brightest candidates" if views else "The brightest candidates",
        judgement=judge_catalogue(record),
        look_for="a compact bright body in the middle of post, nothing of it in pre (which is "
        "shown at the brightness of post), and a dark ground around it in the difference. What is "
        "seen in pre too is mineral; a bright rim beside a blue one is misalignment; straight "
        "edges and large flat areas are debris.",
        height=down * 0.98 * WIDTH / ACROSS_ALL if views else HEIGHT_EMPTY,
        **names,
    )
    if not views:
        say_nothing_to_show(figure.subplots(), "no candidate on the sample")
        return figure
    # One panel for all: a panel for each close-up takes longer to lay out than all else to draw.
    axes = figure.subplots()
    axes.set_axis_off()
    for place, view in enumerate(views):
        row, column = divmod(place, ACROSS)
        left = column * len(KINDS) * (1 + GAP)
        _show_candidate(axes, view, (left, HEAD + ABOVE + row * (1 + ABOVE)), scale, pixel_size_um)
    for column in range(min(len(views), ACROSS) * len(KINDS)):
        kind = KINDS[column % len(KINDS)]
        middle = column * (1 + GAP) + 0.5
        _write(axes, middle, HEAD + 0.11, kind, ha="center", weight="bold")
    axes.set(xlim=(0, ACROSS_ALL), ylim=(down, 0), aspect="equal", anchor="NW")
    return figure


def _show_candidate(axes, view, corner, scale, pixel_size_um):
    """Four close-ups of one candidate side by side, post and pre on one scale of grey.

    `corner` is the upper left one of the first, ``(x, y)`` in sides of a close-up.
    """
    x, y = corner
    post = np.asarray(view.post, float)
    grey = Normalize(0, max(float(np.percentile(post, SHARE)), 1e-6), clip=True)
    top = max(float(np.abs(view.difference).max()), 1e-6)
    peak = max(float(np.nanmax(np.abs(view.significance))), 2 * NOISE_SIGMA)
    pieces = (
        (post, "gray", grey),
        (scale * view.pre, "gray", grey),
        (view.difference, DIFFERENCE_COLOURS, Normalize(-top, top)),
        (view.significance, DIFFERENCE_COLOURS, SetAsinhNorm(NOISE_SIGMA, -peak, peak)),
    )
    for column, (pixels, colours, norm) in enumerate(pieces):
        left = x + column * (1 + GAP)
        extent = (left, left + 1, y + 1, y)
        axes.imshow(pixels, cmap=colours, norm=norm, extent=extent, interpolation="nearest")
    _point_at_middle(axes, x, y)
    row = view.row
    width = view.window.x1 - view.window.x0
    across = f"{width} px" if pixel_size_um is None else f"{width * pixel_size_um[0]:.3g} µm"
    _write(
        axes,
        x,
        y - 0.03,
        f"{row['id']:.0f} at {row['x_raw']:.0f}, {row['y_raw']:.0f} px: flux {row['flux']:,.0f}, "
        f"{row['peak_significance']:.0f} sigma; {across} across",
    )


def _point_at_middle(axes, x, y):
    """Short lines at the rim that say which of several bodies is meant: the one in the middle."""
    lines = []
    for start, end in ((0.0, POINTER), (1 - POINTER, 1.0)):
        lines.append([(x + start, y + 0.5), (x + end, y + 0.5)])
        lines.append([(x + 0.5, y + start), (x + 0.5, y + end)])
    axes.add_collection(LineCollection(lines, colors="#00c0ff", linewidths=1.5, gid="pointer"))


def _write(axes, x, y, text, **style):
    """Write above a close-up."""
    written = axes.text(x, y, text, va="bottom", size=8.5, **style)
    written.set_in_layout(False)
