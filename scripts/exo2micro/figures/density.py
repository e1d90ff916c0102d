"""How many candidates there are per area, where they are too many to be drawn one by one."""

import numpy as np

from .image_panel import show_image
from .style import sequential_colours

MEAN_COUNT = 12  # candidates in a cell that has any, on average if they were spread evenly
LEAST_CELLS, MOST_CELLS = 16, 80  # along the longer side


def count_in_cells(rows, box):
    """Count candidates in square cells of the raw post image.

    Parameters
    ----------
    rows : list of dict
        Candidates, (x, y) in the padded-post frame.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image, px.

    Returns
    -------
    counts : ndarray of float, shape (h, w)
        NaN where there is none.
    cell : float
        Side of a cell, px.
    """
    height, width = box[1] - box[0], box[3] - box[2]
    cells = np.sqrt(len(rows) / MEAN_COUNT * max(height, width) / min(height, width))
    cell = max(height, width) / np.clip(cells, LEAST_CELLS, MOST_CELLS)
    edges = [
        start + cell * np.arange(int(np.ceil(length / cell)) + 1)
        for start, length in ((box[0], height), (box[2], width))
    ]
    places = [row["y"] for row in rows], [row["x"] for row in rows]
    counts, *_ = np.histogram2d(*places, bins=edges)
    return np.where(counts > 0, counts, np.nan), float(cell)


def draw_density(axes, rows, box, pixel_size_um=None):
    """Draw the number of candidates per area.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Panel.
    rows : list of dict
        Candidates, (x, y) in the padded-post frame.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image, px.
    pixel_size_um : tuple of float, optional
        ``(x, y)``; with it the area is in mm2, otherwise in Mpx.
    """
    counts, cell = count_in_cells(rows, box)
    area = cell**2 / 1e6 * (np.prod(pixel_size_um) if pixel_size_um is not None else 1.0)
    y1, x1 = (start + cell * n for start, n in zip(box[::2], counts.shape, strict=True))
    shown = show_image(
        axes,
        counts / area,
        box=box,
        pixel_size_um=pixel_size_um,
        extent=(box[2] - 0.5, x1 - 0.5, y1 - 0.5, box[0] - 0.5),
        vmin=0,
        vmax=float(np.nanpercentile(counts, 99.5)) / area,
        cmap=sequential_colours(),
        interpolation="nearest",
    )
    unit = "mm²" if pixel_size_um is not None else "Mpx"
    axes.figure.colorbar(
        shown, ax=axes, fraction=0.05, pad=0.02, extend="max", label=f"candidates per {unit}"
    )
    axes.set_title(f"{len(rows)} candidates in cells of {cell:.0f} px")
