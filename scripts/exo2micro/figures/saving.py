"""How a figure becomes a file."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox
from PIL import Image

from exo2micro.storage import atomic_path
from exo2micro.storage.atomic import write_faults

from .style import styled

DPI = 150
FORMATS = (".png", ".pdf", ".svg")
# Level 6, which is usual, takes twice as long for a few per cent.
PNG_LEVEL = 1


@styled
def save_figure(figure, paths, dpi=DPI):
    """Write a figure; each file appears under its name only when it is whole.

    The same figure gives the same bytes: no date is written into it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From any function of `exo2micro.figures`.
    paths : str or path, or list of them
        Where to; ``.png``, ``.pdf`` or ``.svg``.
    dpi : float
        Pixels an inch, for PNG and for the images inside the others.

    Raises
    ------
    ValueError
        For another suffix.
    ImageWriteError
        When the disk refuses it.
    """
    for axes in figure.axes:
        _measure_once(axes)
    for path in [paths] if isinstance(paths, str | Path) else paths:
        _save_as(figure, Path(path), dpi)


def _measure_once(axes):
    """Let the layout measure once what axes have around them.

    It asks two to four times, while it moves them; but labels are as long wherever they stand, and
    laying out ticks is what drawing takes longest for.
    """
    measure, around = axes.get_tightbbox, None

    def get_tightbbox(renderer=None, **options):
        nonlocal around
        dpi = axes.get_figure(root=True).dpi
        if around is None:
            box = measure(renderer, **options)
            around = None if box is None else (box.extents - axes.bbox.extents) / dpi
            return box
        locate = axes.get_axes_locator()
        axes.apply_aspect(locate(axes, renderer) if locate else None)
        return Bbox.from_extents(axes.bbox.extents + around * dpi)

    axes.get_tightbbox = get_tightbbox


def _save_as(figure, path, dpi):
    """Write a figure in one format."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path.name}: figures are written as {', '.join(FORMATS)}")
    undated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with write_faults(path), atomic_path(path) as temporary:
        if suffix == ".png":
            pixels = _draw_once(figure, dpi)
            pixels.save(temporary, format="png", dpi=(dpi, dpi), compress_level=PNG_LEVEL)
        else:
            figure.savefig(temporary, dpi=dpi, format=suffix[1:], metadata=undated[suffix])


def _draw_once(figure, dpi):
    """Draw a figure and give its pixels; savefig would draw it twice."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
