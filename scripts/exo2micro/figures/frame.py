"""A figure's frame: whose it is, what it shows, what to look for, and whether this one is right."""

from functools import cache
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from .style import FAINT, INK, LEVEL_COLOURS, TEXT_SIZE, WIDTH, attach_canvas

MARGIN = 0.15  # in
LINE = 1.35  # line height over letter size
BADGES = {"pass": "LOOKS RIGHT", "warn": "CHECK", "fail": "WRONG", "none": "NOT JUDGED"}
_ORDER = ("none", "pass", "warn", "fail")
_LEVEL_OF_STATUS = {"ok": "pass", "pass": "pass", "warn": "warn", "fail": "fail"}
MOST_REASONS = 3
HEIGHT_EMPTY = 3.0  # in, of a figure that has nothing to show


class Judgement(NamedTuple):
    """Whether a figure looks right: `level` ('pass', 'warn', 'fail', 'none') and why."""

    level: str
    text: str


def judge_status(what, status, reasons):
    """Judgement from a verdict that was reached elsewhere.

    Parameters
    ----------
    what : str
        What was judged, such as 'alignment'.
    status : str or None
        'pass' or 'ok', 'warn', 'fail'; None if it wasn't judged.
    reasons : sequence of str
        What speaks against it.

    Returns
    -------
    Judgement
    """
    level = _LEVEL_OF_STATUS.get(status, "none")
    if level == "none":
        return Judgement("none", "")
    shown = "; ".join(str(reason).rstrip(".") for reason in list(reasons)[:MOST_REASONS])
    shown = shown.replace("?; ", "? ")
    more = len(reasons) - MOST_REASONS
    tail = f" - {shown}" if shown else ""
    tail += f"; and {more} more" if more > 0 else ""
    text = f"{what}: {status}{tail}"
    return Judgement(level, text if text.endswith("?") else f"{text}.")


def join(*judgements):
    """One judgement of several: the worst level, all the texts."""
    level = max((judgement.level for judgement in judgements), key=_ORDER.index)
    return Judgement(level, " ".join(j.text for j in judgements if j.text))


def start_figure(kind, *, sample, dye, variant, judgement, look_for, height, width=WIDTH):
    """Empty figure with its frame; axes go into the constrained layout's rectangle.

    Parameters
    ----------
    kind : str
        What the figure shows.
    sample, dye, variant : str
        Whose it is; `variant` is the suffix of the parameters, empty for the defaults.
    judgement : Judgement
        Whether this one looks right.
    look_for : str
        How to read the figure.
    height : float
        Inches for the axes; the frame comes on top.
    width : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
    """
    room = width - 2 * MARGIN
    whose = " · ".join(part for part in (sample, dye, variant.lstrip("_")) if part)
    badge = BADGES[judgement.level]
    indent = text_width(badge, 9, "bold") + 0.28
    lines = [
        (wrap(whose, room, 15, "bold"), 15, "bold", 0.0, INK),
        (wrap(kind, room, 12), 12, "normal", 0.0, INK),
        (wrap(judgement.text, room - indent, TEXT_SIZE), TEXT_SIZE, "normal", indent, INK),
    ]
    foot = wrap(f"Look for: {look_for}", room, TEXT_SIZE)
    head_height = MARGIN + sum(_block_height(text, size) for text, size, *_ in lines) + 0.08
    foot_height = MARGIN + _block_height(foot, TEXT_SIZE) + 0.05
    full = head_height + height + foot_height
    figure = attach_canvas(Figure(figsize=(width, full), layout="constrained"))
    figure.get_layout_engine().set(
        rect=(0.008, foot_height / full, 0.984, height / full), w_pad=0.05, h_pad=0.05
    )
    top = full - MARGIN
    for text, size, weight, left, colour in lines:
        where = ((MARGIN + left) / width, top / full)
        _write(figure, where, text, size=size, weight=weight, color=colour, va="top")
        top -= _block_height(text, size)
    beside = top + _block_height(lines[-1][0], TEXT_SIZE)
    _write(
        figure,
        ((MARGIN + 0.06) / width, (beside - 0.01) / full),
        badge,
        size=9,
        weight="bold",
        color="white",
        va="top",
        bbox={"facecolor": LEVEL_COLOURS[judgement.level], "edgecolor": "none", "pad": 2.5},
    )
    place = (MARGIN / width, MARGIN / full)
    _write(figure, place, foot, size=TEXT_SIZE, color=FAINT, va="bottom")
    return figure


def say_nothing_to_show(axes, message):
    """Leave a panel empty but for the reason why."""
    axes.set(xticks=[], yticks=[], facecolor="#f2f2f2")
    axes.set_aspect("auto")
    style = {"ha": "center", "va": "center", "size": 12, "color": FAINT, "parse_math": False}
    axes.text(0.5, 0.5, wrap(message, 3.2, 12), transform=axes.transAxes, **style)


@cache
def text_width(text, size, weight="normal"):
    """Width of a line of text, inches."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrap(text, room, size, weight="normal"):
    """Break a text into lines no wider than `room` inches; words longer than that are cut."""
    blank = _advance(" ", size, weight)
    lines, line, reach = [], "", 0.0
    for word in text.split():
        wide = _advances(word, size, weight)
        while wide > room and len(word) > 1:
            part = max(1, int(len(word) * room / wide) - 1)
            lines += [*([line] if line else []), word[:part]]
            line, reach, word = "", 0.0, word[part:]
            wide = _advances(word, size, weight)
        if line and reach + wide > room:
            lines.append(line)
            line, reach = "", 0.0
        line = f"{line} {word}".strip()
        reach += wide + blank
    return "\n".join([*lines, line])


def _advances(word, size, weight):
    """Inches that a word takes; to have the line measured for each word takes ten times as long."""
    return sum(_advance(letter, size, weight) for letter in word)


@cache
def _advance(letter, size, weight):
    """Inches from the start of a letter to that of the next."""
    # A stroke on either side keeps the letter's margins in the width.
    return text_width(f"|{letter}|", size, weight) - text_width("||", size, weight)


def _write(figure, place, text, **style):
    """Put text on a figure; dollar signs in names are dollar signs."""
    figure.text(*place, text, linespacing=1.2, parse_math=False, **style)


def _block_height(text, size):
    """Inches that a block of lines takes."""
    return (text.count("\n") + 1) * size * LINE / 72 + 0.04
