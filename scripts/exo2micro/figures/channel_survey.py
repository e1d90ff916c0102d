"""What the channels of the raw files hold, and which are taken."""

import numpy as np

from .frame import Judgement, start_figure
from .style import INK, LEVEL_COLOURS, POST, PRE, styled

ROW = 0.5  # in a pair
NAMES = ("channel 0 (red in RGB)", "channel 1 (green)", "channel 2 (blue)")


@styled
def draw_channel_survey(table, disagreements, *, name):
    """Draw the mean of every channel of every raw file, a row a pair.

    Parameters
    ----------
    table : DataFrame
        From `exo2micro.survey.survey_pairs`.
    disagreements : dict
        From `exo2micro.survey.find_disagreements`.
    name : str
        Of the batch.

    Returns
    -------
    matplotlib.figure.Figure
    """
    whose = list(dict.fromkeys(zip(table["sample"], table["dye"], strict=True)))
    figure = start_figure(
        "Channels of the raw files",
        sample=name,
        dye="",
        variant="",
        judgement=_judge(len(whose), disagreements),
        look_for="filled bars (the channels that are taken) in one column for each dye, the same "
        "for pre and post. A dye that shines in two channels is their sum; where one of them is "
        "another stain's, set channel: in the configuration.",
        height=1.0 + ROW * max(len(whose), 1),
    )
    means = [list(m) if isinstance(m, list | tuple | np.ndarray) else [] for m in _means(table)]
    columns = max((len(m) for m in means), default=1) or 1
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for column, axes in enumerate(panels):
        for row, (_, file) in enumerate(table.iterrows()):
            _draw_bar(axes, file, means[row], column, whose)
        axes.set_title(NAMES[column] if columns > 1 else "the only channel")
        axes.set(xlabel="mean (grey levels)", ylim=(len(whose) - 0.5, -0.5))
        axes.set_xlim(left=0)
    panels[0].set_yticks(range(len(whose)), [" / ".join(pair) for pair in whose])
    for label, pair in zip(panels[0].get_yticklabels(), whose, strict=True):
        label.set_color(LEVEL_COLOURS["fail"] if pair in disagreements else INK)
    handles = [
        panels[0].barh([np.nan], [0], color=colour, label=stain)
        for stain, colour in (("pre", PRE), ("post", POST))
    ]
    panels[-1].legend(handles=handles, loc="lower right")
    return figure


def _means(table):
    return table["channel_means"].tolist()


def _draw_bar(axes, file, means, column, whose):
    """One channel of one file: filled where it is taken."""
    place = whose.index((file["sample"], file["dye"]))
    pre = file["stain"] == "pre"
    y = place - 0.18 if pre else place + 0.18
    if column >= len(means):
        if column == 0:
            axes.text(0, y, " cannot be read", va="center", size=9, color=LEVEL_COLOURS["fail"])
        return
    taken = column in list(file["channels"])
    colour = PRE if pre else POST
    axes.barh(
        y, means[column], 0.32, facecolor=colour if taken else "white", edgecolor=colour, gid="mean"
    )
    axes.annotate(
        f"{means[column]:.4g}", (means[column], y), (3, 0), textcoords="offset points", va="center",
        size=8,
    )  # fmt: skip


def _judge(n_pairs, disagreements):
    """Whether pre and post of every pair are alike."""
    if not disagreements:
        return Judgement("pass", f"Pre and post are alike in all of {n_pairs} pairs.")
    told = [f"{' / '.join(pair)}: {said[0]}" for pair, said in disagreements.items()]
    more = f" And {len(told) - 2} more." if len(told) > 2 else ""
    return Judgement("warn", " ".join(told[:2]) + more)
