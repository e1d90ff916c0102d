"""The difference images, one for each active scale, streamed from file to file."""

from dataclasses import dataclass

import numpy as np

from .difference import difference_tile
from .errors import ScaleError
from .measurement import TILES_AT_ONCE, covered_pair
from .padding import is_large, raw_box
from .scale_map import evaluate_scale_field
from .storage import open_image, packing, tile_windows, write_image
from .transforms import load_transform
from .workers import Workers

MOFFAT = "moffat"
MANUAL = "manual"


def scale_of(record, kind, names):
    """The number that a difference image is made with.

    Parameters
    ----------
    record : dict
        Record of the scale.
    kind : str
        'moffat', 'manual' or 'percentile_p<value>'.
    names : tuple of str
        Sample and dye, for the message.

    Returns
    -------
    float

    Raises
    ------
    ScaleError
        When there is no such scale.
    """
    if kind == MANUAL:
        return float(record["manual_scale"])
    if kind != MOFFAT:
        value = record["scale_percentile_value"]
        if value is None:
            raise ScaleError(
                f"{names[0]} / {names[1]}: the ratio of the two images has no percentiles: no "
                "pixel shows signal in both. Look at the pre_post_heatmap."
            )
        return float(value)
    if record["scale_estimate"] is None or record["status"] == "fail":
        raise ScaleError(
            f"{names[0]} / {names[1]}: scale: fail - " + " ".join(record["reasons"]) + " Look at "
            "the ratio_histogram; to subtract with a scale of your own, set manual_scale."
        )
    return float(record["scale_estimate"])


@dataclass(frozen=True)
class Subtraction:
    """What is subtracted of a pair, ready to be applied to tiles.

    Attributes
    ----------
    scale : float
        Photometric scale.
    field : dict or None
        Smooth variation of the scale, which then replaces it.
    dark_post, dark_pre : float
        Dark levels to take off.
    """

    scale: float
    field: dict | None
    dark_post: float
    dark_pre: float

    @classmethod
    def from_record(cls, record, kind, scale):
        """Read a scale record; a smooth scale is used for 'moffat' only."""
        dark = record["dark"] or {"post": 0.0, "pre": 0.0}
        smooth = kind == MOFFAT and record["scale_model"] == "smooth"
        return cls(scale, record["scale_field"] if smooth else None, dark["post"], dark["pre"])

    def __call__(self, window, post, aligned, coverage):
        """Difference in a window of the padded-post frame; see `difference.difference_tile`."""
        scale = self.scale
        if self.field is not None:
            rows = np.arange(window.y0, window.y1, dtype=np.float64)[:, None]
            columns = np.arange(window.x0, window.x1, dtype=np.float64)[None, :]
            scale = evaluate_scale_field(self.field, columns, rows)
        return difference_tile(post, aligned, coverage, scale, self.dark_post, self.dark_pre)


def write_difference(sources, target, padding, subtraction, interpolation, facts):
    """Write a difference image, each pixel read and warped once.

    Parameters
    ----------
    sources : object
        Paths `post`, `pre` (padded images) and `transform`.
    target : path
        Checkpoint, float32.
    padding : dict
        Stage 1's record.
    subtraction : Subtraction
        Scale and dark levels.
    interpolation : str
        See `warping.warp_tile`.
    facts : dict
        `storage.write_image`'s facts of the image; as many processes as ``threads`` work on it.
    """
    transform, pack = load_transform(sources.transform), packing(target)
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    large = is_large(padding["raw"]["post"]["shape"])
    with open_image(sources.post) as post, open_image(sources.pre) as pre:

        def subtract(window):
            pair = covered_pair(post, pre, transform, window, interpolation, boxes)
            tile, aligned, _ = pair
            return pack(subtraction(window, *pair)) if tile.any() or aligned.any() else None

        with Workers(subtract, facts["threads"], fork=large) as workers:
            tiles = workers.map(tile_windows(post.shape), TILES_AT_ONCE)
            write_image(target, post.shape, np.dtype("float32"), tiles, forget=True, **facts)
