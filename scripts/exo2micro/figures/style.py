"""What all figures share: fonts, colours, colour maps, ticks and bars."""

import re
from functools import wraps

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import AsinhNorm, LinearSegmentedColormap, ListedColormap
from matplotlib.patches import StepPatch
from matplotlib.patheffects import withStroke
from matplotlib.style import context
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullLocator

WIDTH = 10.0  # in; with letters of 11 points a figure is readable at half its size
TEXT_SIZE = 11
TIMES, MINUS = "\u00d7", "\u2212"

# One colour for each photograph everywhere. Magenta and green add up to grey, and those who see
# red and green alike still tell them apart.
POST, PRE, PRE_WARPED = "#00855a", "#b0309a", "#d59bca"
INK, FAINT = "#222222", "#666666"
# Okabe and Ito's colours for the badge; words say the same.
LEVEL_COLOURS = {"pass": "#0072B2", "warn": "#B07800", "fail": "#C04A00", "none": "#666666"}

# Kind of scale: colour, line style (so that colour is not all that tells them apart), name.
SCALES = {
    "moffat": ("#00cc88", "-", "Moffat"),
    "percentile": ("#ff9933", "--", "percentile"),
    "manual": ("#ff3366", "-.", "manual"),
}

# An odd number of colours: the middle one, and so a difference of exactly zero, is pure black.
# Neither end comes near white, which stands for what lies outside the sample.
DIFFERENCE_COLOURS = LinearSegmentedColormap.from_list(
    "difference",
    ["#9fdcff", "#2f8fe0", "#123a70", "#000000", "#7a2d08", "#e8711c", "#ffd84d"],
    N=513,
).with_extremes(bad="#ffffff")
# Grey above zero, so that the coloured scale lines stand out where the stain is.
EXCESS_COLOURS = LinearSegmentedColormap.from_list(
    "excess", ["#7cc8ff", "#1f6fc0", "#101018", "#8a8a8a", "#ffffff"], N=513
).with_extremes(bad="#101018")

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_SIZE,
    "axes.titlesize": TEXT_SIZE,
    "axes.labelsize": TEXT_SIZE,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.framealpha": 0.9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # else ticks are laid out anew for every title, which only few need
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.hashsalt": "exo2micro",
}


def styled(draw):
    """Draw with this module's settings, whatever the user's own matplotlibrc says."""

    @wraps(draw)
    def draw_styled(*args, **kwargs):
        with context(["default", _STYLE]):
            return draw(*args, **kwargs)

    return draw_styled


def outlined(width=3.0, colour="black"):
    """Path effect that keeps lines and letters visible on any ground."""
    return [withStroke(linewidth=width, foreground=colour)]


def scale_style(kind):
    """Colour, line style and name of a kind of scale.

    Parameters
    ----------
    kind : str
        As in the FITS key ``SCALEK``: 'moffat', 'manual' or 'percentile_p<value>'.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> scale_style("percentile_p97.5")
    ('#ff9933', '--', 'percentile 97.5')
    """
    family, _, value = kind.partition("_p")
    colour, line, name = SCALES[family]
    return colour, line, f"{name} {value}".strip()


class PowersOfTen(LogFormatterSciNotation):
    r"""Labels of a logarithmic axis as plain letters: matplotlib's parser of formulas is slow.

    Examples
    --------
    >>> PowersOfTen.plain(r"$\mathdefault{-3\times10^{-12}}$")
    '−3×10⁻¹²'
    """

    _RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

    def __call__(self, x, pos=None):
        """Label of a tick; empty for those that are not labelled."""
        return self.plain(super().__call__(x, pos))

    @classmethod
    def plain(cls, formula):
        """Write matplotlib's formula of a number without markup."""
        text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(cls._RAISED), formula)
        text = re.sub(r"\\mathdefault|[${}]", "", text)
        return text.replace(r"\times", TIMES).replace("-", MINUS)

    @classmethod
    def label(cls, axis, between=()):
        """Label an axis that is logarithmic, or nearly so, with these ticks between the powers."""
        axis.set_major_formatter(cls())
        axis.set_minor_formatter(cls())
        axis.set_minor_locator(LogLocator(subs=between) if between else NullLocator())


def attach_canvas(figure):
    """Give a figure a canvas of its own, so that no window system is ever asked."""
    FigureCanvasAgg(figure)
    return figure


class SetAsinhNorm(AsinhNorm):
    """Asinh stretch whose ends are given."""

    def autoscale_None(self, A):  # noqa: N802, N803 - matplotlib's names
        """Do nothing; matplotlib would look at all pixels of an image each time it is asked."""


def draw_bars(axes, counts, edges, **style):
    """Draw a histogram on the ground line, like `Axes.stairs` in a tenth of the time.

    That one walks along all of the steps to see how far they reach.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    counts, edges : ndarray, shape (N,) and (N + 1,)
        Histogram.
    **style
        To `StepPatch`.
    """
    counts, edges = np.asarray(counts), np.asarray(edges)
    axes.add_artist(StepPatch(counts, edges, **{"fill": False, **style}))
    lowest = counts.min(where=counts > 0, initial=counts.max(initial=1))
    axes.update_datalim([(edges[0], 0), (edges[0], lowest), (edges[-1], counts.max(initial=1))])
    axes.autoscale_view()


def sequential_colours():
    """Colour map for counts; its ground stands for no count at all."""
    shades = matplotlib.colormaps["bone"](np.linspace(0.18, 1, 256))
    return ListedColormap(shades, "counts").with_extremes(bad="#0b0b12")


def tell_levels(edges):
    """Width of a bin in words.

    Examples
    --------
    >>> tell_levels([0.0, 1.0]), tell_levels([0.0, 64.0])
    ('1 grey level', '64 grey levels')
    """
    width = float(edges[1] - edges[0])
    return f"{width:.4g} grey level" + ("" if width == 1 else "s")
