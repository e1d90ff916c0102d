"""Small photographs in wide padding: the stages of the alignment look at them without most of it.

The default padding suits photographs of 30000 px; round one of 600 px it is 59 times its area, and
an overview of it all would take gigabytes and show the sample at a fraction of the resolution.
"""

import numpy as np

from .geometry import normalize, translation
from .storage import TrimmedImage

# Padding that is kept on each side, as a share of the photographs' longest side.
KEPT_SHARE = 0.3


def padding_to_trim(padding):
    """How many px the padding exceeds what the alignment has use for, on each side.

    Parameters
    ----------
    padding : dict
        Stage 1's record.

    Returns
    -------
    int
    """
    longest = max(max(padding["raw"][stain]["shape"]) for stain in ("post", "pre"))
    return max(int(padding["pad"]) - int(np.ceil(KEPT_SHARE * longest)), 0)


def trim_padding(post, pre, padding, trimmed):
    """Take some of the padding off both images.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    padding : dict
        Stage 1's record.
    trimmed : int
        Off each side, px.

    Returns
    -------
    post, pre : ImageFile
    padding : dict
        The record as it would be of such images.
    """
    if not trimmed:
        return post, pre, padding
    height, width = post.shape
    window = (trimmed, height - trimmed, trimmed, width - trimmed)
    images = (TrimmedImage(image, window) for image in (post, pre))
    canvas = [height - 2 * trimmed, width - 2 * trimmed]
    return *images, {**padding, "pad": int(padding["pad"]) - trimmed, "canvas": canvas}


def move_record(record, offset):
    """Move the frames of a transform record, both by the same.

    Parameters
    ----------
    record : dict
        From one of the alignment's stages.
    offset : float
        What is added to x and y, px.

    Returns
    -------
    dict
        Another record.
    """
    if not offset:
        return record
    there, back = translation(offset, offset), translation(-offset, -offset)
    moved = dict(record)
    for name in ("pre_from_post", "coarse_pre_from_post"):
        if moved.get(name) is not None:
            moved[name] = normalize(there @ np.asarray(moved[name], dtype=np.float64) @ back)
    if moved.get("displacement") is not None:
        grid = moved["displacement"]
        moved["displacement"] = {**grid, "x0": grid["x0"] + offset, "y0": grid["y0"] + offset}
    moved["centre"] = [float(part) + offset for part in moved["centre"]]
    if moved.get("tiles") is not None:
        tiles = moved["tiles"]
        places = {name: np.round(np.asarray(tiles[name]) + offset, 2) for name in ("x", "y")}
        moved["tiles"] = {**tiles, **places}
    return moved
