"""Small arrays for the figures: reduced images, a close-up, the sample's place."""

from dataclasses import dataclass

import numpy as np

from .footprint import draw_footprint, find_footprint
from .geometry import Transform
from .padding import raw_box
from .scale_map import evaluate_scale_field
from .storage import Window
from .view import DIM, View, area_of_box, footprint_centre, overview_factor

CLOSEUP = 128  # px
SAMPLE_COVERAGE = 0.99


@dataclass(frozen=True)
class Closeup:
    """A piece of the pair at full resolution, under two transforms.

    Attributes
    ----------
    window : Window
        Its place in the padded-post frame.
    post : ndarray, shape (h, w)
        Padded post.
    aligned, coverage : tuple of ndarray
        Pre warped by each transform, and where both photographs show something.
    why : str
        What it was chosen by.
    """

    window: Window
    post: np.ndarray
    aligned: tuple
    coverage: tuple
    why: str


@dataclass(frozen=True)
class ReducedStatistics:
    """The reduced images of a measured pair in the padded-post frame.

    Attributes
    ----------
    post, pre : ndarray of float32, shape (h, w)
        Means over `side` x `side` px, grey levels; pre aligned, over its covered pixels.
    coverage : ndarray of float32
        Share of each that both photographs show.
    side : int
        Side of a reduced pixel, px.
    """

    post: np.ndarray
    pre: np.ndarray
    coverage: np.ndarray
    side: int

    @property
    def factors(self):
        """``(fx, fy)``, reduced over full size."""
        return 1 / self.side, 1 / self.side


def reduce_pair(post, pre, padding, boundary, down_scale):
    """Views of both padded images, of the size that stage 2 looks at.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    padding, boundary : dict
        Records of stages 1 and 2; the footprints are drawn where stage 2 found them.
    down_scale : float
        The parameter.

    Returns
    -------
    post, pre : View
    """
    factor = overview_factor(padding["raw"]["post"]["shape"], down_scale)
    views = []
    for stain, image in (("post", post), ("pre", pre)):
        found = boundary["footprint"][stain]
        reduced, factors = image.read_reduced(factor, exact=found["level"] < DIM)
        raw_area = area_of_box(reduced.shape, factors, raw_box(padding, stain))
        footprint = draw_footprint(reduced, raw_area, found["level"], found["fills_frame"])
        views.append(View(reduced, factors, footprint))
    return tuple(views)


def read_closeup(post, pre, padding, view, coarse, refined, interpolation):
    """Read the piece of the pair where stage 3 moved the image most.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    padding : dict
        Stage 1's record.
    view : View
        Reduced post image.
    coarse, refined : dict
        Records of the transforms of stages 2 and 3.
    interpolation : str
        See `warping.warp_tile`.

    Returns
    -------
    Closeup
    """
    # Not above: the figures of the scale read no images, and this loads what reads and warps them.
    from .measurement import covered_pair

    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    transforms = [Transform.from_record(record) for record in (coarse, refined)]
    xy, why = _most_corrected(refined["tiles"], transforms, footprint_centre(view))
    window = place_window(xy, boxes["post"], CLOSEUP)
    tiles = [
        covered_pair(post, pre, transform, window, interpolation, boxes) for transform in transforms
    ]
    return Closeup(window, tiles[0][0], tuple(t[1] for t in tiles), tuple(t[2] for t in tiles), why)


def place_window(xy, box, side):
    """Window of a side around a point, moved and cropped so that it lies in a box."""
    edges = []
    for centre, low, high in ((xy[1], *box[:2]), (xy[0], *box[2:])):
        start = min(max(round(centre - side / 2), low), max(high - side, low))
        edges += [int(start), int(min(start + side, high))]
    return Window(*edges)


def read_reduced_statistics(arrays):
    """Reduced images of a measured pair; see `pair_statistics`."""
    images = (arrays[f"reduced_{name}"] for name in ("post", "pre", "coverage"))
    return ReducedStatistics(*images, int(arrays["reduction"]))


def sample_mask(reduced, box):
    """Where both photographs show the sample, on the reduced images.

    Parameters
    ----------
    reduced : ReducedStatistics
        Reduced images.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in the padded one, px.

    Returns
    -------
    ndarray of bool, shape (h, w)
    """
    y, x = ((np.arange(n) + 0.5) * reduced.side for n in reduced.post.shape)
    inside = np.outer((y > box[0]) & (y < box[1]), (x > box[2]) & (x < box[3]))
    covered = inside & (reduced.coverage > SAMPLE_COVERAGE)
    return find_footprint(reduced.post, inside).mask & covered


def scale_to_draw(record, kind, reduced):
    """Scale of a difference image, a number or one for each reduced pixel; None for none.

    Parameters
    ----------
    record : dict
        Record of the scale.
    kind : str
        'moffat', 'manual' or 'percentile_p<value>'.
    reduced : ReducedStatistics
        For the places at which a smooth scale is needed.

    Returns
    -------
    float, ndarray of float64 of shape (h, w), or None
    """
    if kind == "manual":
        return record["manual_scale"]
    if kind != "moffat":
        return record["scale_percentile_value"]
    if record["status"] == "fail":
        return None
    if record["scale_model"] != "smooth" or record["scale_field"] is None:
        return record["scale_estimate"]
    y, x = ((np.arange(n) + 0.5) * reduced.side - 0.5 for n in reduced.post.shape)
    return evaluate_scale_field(record["scale_field"], x[None, :], y[:, None])


def _most_corrected(tiles, transforms, centre):
    """Agreeing tile that the two transforms put farthest apart; else the sample's centre."""
    if tiles is None or not any(tiles["good"]):
        return centre, "the sample's middle"
    good = np.asarray(tiles["good"], bool)
    xy = np.column_stack([tiles["x"], tiles["y"]])[good]
    gap = np.hypot(*(transforms[0].map_points(xy) - transforms[1].map_points(xy)).T)
    return tuple(xy[gap.argmax()]), f"moved most, by {gap.max():.1f} px"
