"""The candidates on the significance image, and how large and bright they are."""

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from exo2micro.candidate_views import is_counted

from .density import draw_density
from .frame import Judgement, say_nothing_to_show, start_figure
from .image_panel import panel_height, show_image
from .style import DIFFERENCE_COLOURS, FAINT, INK, POST, PRE, SetAsinhNorm, draw_bars, styled

NOISE_SIGMA = 3.0  # the stretch is linear below
TOP_SIGMA = 50.0
LEAST_TOP = 2.0  # of an image whose pixels are means of so many that noise has vanished
TOP_SHARE = 99.95  # percentile that is drawn in the last colour
TICKS = (-50, -20, -5, -1, 0, 1, 5, 20, 50)
# More noise peaks than this share of the candidates: the catalogue is to be looked through.
NOTABLE_FALSE = 0.05
MANY = 1500  # candidates; more are dots, since circles would hide the image
CROWD = 6000  # and of more the density, for dots would run together
LOOK_FOR_CIRCLES = (
    "circles on what looks like a microbe, all over the sample alike. Rows of circles along grain "
    "edges mean misalignment; a part of the sample full of them a scale that does not hold there; "
    "bright spots without a circle lie beside the sample or are smaller than a pixel drawn here."
)
LOOK_FOR_CROWD = (
    "colonies where you expect them. Bands along the rim or along cracks mean misalignment; one "
    "part of the sample full of candidates a scale that does not hold there. Single ones: in the "
    "viewer, or the table in QuPath."
)
_CIRCLE = {"s": 55, "linewidths": 0.9}
_DOT = {"s": 3, "linewidths": 0}
BINS = 40
MANY_POWERS = 30  # from the lowest to the highest value: powers of ten alone are labelled
HEIGHT = 4.2


@styled
def draw_candidates(image, factors, rows, record, box, *, pixel_size_um=None, **names):
    """Draw the significance image with a circle around each candidate.

    Many are dots; of more than `CROWD` their number per area is drawn beside the image.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Reduced significance, sigma.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    rows : list of dict
        The catalogue.
    record : dict
        What was counted; see `exo2micro.catalogue.describe_catalogue`.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded one, px.
    pixel_size_um : tuple of float, optional
        ``(x, y)`` for the scale bar.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    crowd = [row for row in rows if is_counted(row)]
    crowded = len(crowd) > CROWD
    figure = start_figure(
        "Significance and candidates",
        judgement=judge_catalogue(record),
        look_for=LOOK_FOR_CROWD if crowded else LOOK_FOR_CIRCLES,
        height=panel_height(box, 2 if crowded else 1),
        **names,
    )
    axes, *rest = np.ravel(figure.subplots(1, 2 if crowded else 1))
    shown = show_image(
        axes,
        image,
        factors,
        box=box,
        pixel_size_um=pixel_size_um,
        norm=significance_norm(image),
        cmap=DIFFERENCE_COLOURS,
        interpolation="nearest",
    )
    bar = figure.colorbar(shown, ax=axes, fraction=0.05, pad=0.02, label="significance (sigma)")
    ticks = [tick for tick in TICKS if abs(tick) <= shown.norm.vmax]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.minorticks_off()
    if crowded:
        draw_density(rest[0], crowd, box, pixel_size_um)
    else:
        _circle(axes, rows)
    side = round(1 / factors[0])
    means = f"means of {side} x {side} px; " if side > 1 else ""
    axes.set_title(f"{means}threshold {record['threshold']:g} sigma")
    return figure


def significance_norm(image):
    """Stretch from the last to the first colour: 50 sigma, or less where means hardly reach it."""
    known = image[np.isfinite(image)]
    top = float(np.percentile(known, TOP_SHARE)) if known.size else 0.0
    top = min(max(top, LEAST_TOP), TOP_SIGMA)
    return SetAsinhNorm(NOISE_SIGMA * top / TOP_SIGMA, -top, top, clip=True)


def _circle(axes, rows):
    """Mark the counted candidates, and fainter those that are not."""
    many = len(rows) > MANY
    for label, colour, line, chosen in _groups(rows):
        axes.scatter(
            [row["x"] for row in chosen],
            [row["y"] for row in chosen],
            **(_DOT if many else _CIRCLE),
            facecolors=colour if many else "none",
            edgecolors="none" if many else colour,
            linestyles=line,
            label=f"{label} ({len(chosen)})",
            gid=label,
        )
    if rows:
        legend = axes.legend(
            loc="upper right",
            facecolor="#303030",
            labelcolor="white",
            markerscale=4 if many else 1,
        )
        legend.get_frame().set_alpha(0.8)


def _groups(rows):
    """Name, colour, line and members of each kind of candidates that there are."""
    counted = [row for row in rows if is_counted(row)]
    beside = [row for row in rows if "off_sample" in str(row["flags"]).split(";")]
    mineral = [row for row in rows if not is_counted(row) and row not in beside]
    groups = (
        ("candidate", "#ffffff", "-", counted),
        ("changed mineral, not counted", "#ff9de2", "--", mineral),
        ("off sample, not counted", "#8f8f8f", ":", beside),
    )
    return [group for group in groups if group[3]]


def judge_catalogue(record):
    """Whether there are candidates, and more than noise makes."""
    count, false = record["n_candidates"], record["expected_false"]
    if count == 0:
        return Judgement("warn", "No candidate on the sample.")
    density = record["candidates_per_mm2"]
    per_area = (
        f"{density:.4g} per mm²" if density else f"{record['candidates_per_mpx']:.4g} per Mpx"
    )
    text = (
        f"{count} candidates on the sample, {per_area}; {_spell(false)} of them are likely false, "
        f"at most {_spell(record['false_at_most'])}."
    )
    return Judgement("warn" if false > NOTABLE_FALSE * count else "pass", text)


def _spell(number):
    """Two digits, and no powers of ten."""
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"


@styled
def draw_candidate_histograms(rows, record, *, pixel_size_um=None, **names):
    """Draw how large, how bright and how significant the counted candidates are.

    Parameters
    ----------
    rows : list of dict
        The catalogue.
    record : dict
        What was counted.
    pixel_size_um : tuple of float, optional
        ``(x, y)``; with it sizes are in micrometres.
    **names
        `sample`, `dye` and `variant` for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = start_figure(
        "Size and brightness of the candidates",
        judgement=judge_catalogue(record),
        look_for="one hill of sizes, no smaller than the microscope's blur. A heap at the smallest "
        "sizes is noise or hot pixels, a long tail of large ones clumps or debris. Significance "
        "that piles up at the threshold means that fainter microbes go unseen.",
        height=HEIGHT,
        **names,
    )
    panels = figure.subplots(1, 3)
    counted = [row for row in rows if is_counted(row)]
    if not counted:
        for axes in panels:
            say_nothing_to_show(axes, "no candidate on the sample")
        return figure
    side = 1.0 if pixel_size_um is None else float(np.sqrt(np.prod(pixel_size_um)))
    unit = "px" if pixel_size_um is None else "µm"
    area = np.array([row["area_px"] for row in counted], float)
    flux = np.array([row["flux"] for row in counted], float)
    peak = np.array([row["peak_significance"] for row in counted], float)
    _show_histogram(panels[0], 2 * np.sqrt(area / np.pi) * side, POST, unit)
    panels[0].set(xlabel=f"diameter of a disc of that area ({unit})", ylabel="candidates")
    _show_histogram(panels[1], flux[flux > 0], PRE)
    panels[1].set_xlabel("flux (sum of grey levels)")
    _show_histogram(panels[2], peak, FAINT, "sigma")
    panels[2].set_xlabel("peak significance (sigma)")
    panels[2].axvline(record["threshold"], color=INK, linestyle="--", gid="threshold")
    panels[2].text(
        record["threshold"], 0.98, " threshold", transform=panels[2].get_xaxis_transform(), va="top"
    )
    return figure


def _show_histogram(axes, values, colour, unit=""):
    """Histogram over logarithmic bins, with the median."""
    if values.size == 0:
        say_nothing_to_show(axes, "no value above zero")
        return
    low, high = float(values.min()), float(values.max())
    edges = np.geomspace(low / 1.05, high * 1.05, min(BINS, 8 + int(np.sqrt(values.size))) + 1)
    counts, _ = np.histogram(values, edges)
    draw_bars(axes, counts, edges, fill=True, color=colour, alpha=0.75)
    middle = float(np.median(values))
    axes.axvline(middle, color=INK, linewidth=1)
    axes.set(xscale="log", ylim=(0, None))
    many = high / low > MANY_POWERS
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if many else (1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if many:
        axes.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    rounded = f"{middle:,.0f}" if middle >= 100 else f"{middle:.3g}"
    axes.set_title(f"median {rounded} {unit}".rstrip())
