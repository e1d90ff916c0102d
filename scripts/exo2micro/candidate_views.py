"""Close-ups of candidates at full resolution: post, pre, difference and significance."""

from dataclasses import dataclass

import numpy as np

from .catalogue import NOT_COUNTED
from .difference import difference_tile
from .figure_inputs import place_window
from .measurement import covered_pair
from .padding import raw_box
from .scale_map import evaluate_scale_field

SIDE = 48  # px of a close-up: a dozen microbes' widths
LARGEST_SIDE = 160
MOST = 12  # candidates on a contact sheet
MAP_SIDE = 1000  # px of the reduced significance image's longer side


@dataclass(frozen=True)
class CandidateView:
    """One candidate and its surroundings.

    Attributes
    ----------
    row : dict
        Its line of the catalogue.
    window : Window
        Place of the close-up in the padded-post frame.
    post, pre, difference, significance : ndarray, shape (h, w)
        Padded post, aligned pre, ``post - scale * pre`` (grey levels), and sigma.
    """

    row: dict
    window: object
    post: np.ndarray
    pre: np.ndarray
    difference: np.ndarray
    significance: np.ndarray


def rows_of(columns):
    """The catalogue, a dict for each candidate."""
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def is_counted(row):
    """Whether a candidate is one of `n_candidates`."""
    return not set(str(row["flags"]).split(";")) & set(NOT_COUNTED)


def brightest(rows, most=MOST):
    """The counted candidates of the greatest flux, the brightest first."""
    return sorted(filter(is_counted, rows), key=lambda row: -row["flux"])[:most]


def read_views(rows, post, pre, significance, transform, padding, record, interpolation):
    """Read the close-ups of candidates.

    Parameters
    ----------
    rows : list of dict
        Lines of the catalogue, (x, y) in the padded-post frame.
    post, pre : ImageFile
        Padded images.
    significance : ImageFile
        Significance image.
    transform : Transform
        Padded post to padded pre.
    padding, record : dict
        Stage 1's record and the scale's.
    interpolation : str
        See `warping.warp_tile`.

    Returns
    -------
    list of CandidateView
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    dark = record["dark"] or {"post": 0.0, "pre": 0.0}
    views = []
    for row in rows:
        side = int(min(max(SIDE, 4 * np.sqrt(row["area_px"])), LARGEST_SIDE))
        window = place_window((row["x"], row["y"]), boxes["post"], side)
        tile, aligned, coverage = covered_pair(post, pre, transform, window, interpolation, boxes)
        scale = _scale_at(record, row["x"], row["y"])
        difference = difference_tile(tile, aligned, coverage, scale, dark["post"], dark["pre"])
        views.append(
            CandidateView(row, window, tile, aligned, difference, significance.read(window))
        )
    return views


def _scale_at(record, x, y):
    """The photometric scale at a place."""
    if record["scale_model"] != "smooth" or record["scale_field"] is None:
        return record["scale_estimate"]
    field = evaluate_scale_field(record["scale_field"], np.array([[x]]), np.array([[y]]))
    return float(np.squeeze(field))


def reduce_significance(significance):
    """The whole significance image, made small.

    Returns
    -------
    image : ndarray of float32
        Means, sigma.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    """
    return significance.read_reduced(min(1.0, MAP_SIDE / max(significance.shape)))
