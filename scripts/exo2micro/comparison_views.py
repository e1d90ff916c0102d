"""What is shown of the variants that are laid side by side: small arrays, close-ups, numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter

from .comparison import tell_variants, variant_files
from .difference_image import MOFFAT
from .figure_inputs import (
    place_window,
    read_reduced_statistics,
    sample_mask,
    scale_to_draw,
)
from .registration import raw_box
from .storage import Window, open_image, read_arrays, read_record

CLOSEUP = 192  # px, or a quarter of the image where that is less
# Where the close-ups are taken, in this order.
PLACES = ("where the variants differ most", "the brightest excess", "the sample's middle")


@dataclass(frozen=True)
class VariantView:
    """One variant of a pair.

    Attributes
    ----------
    label : str
        The values in which it differs from the others.
    row : dict
        Its row in the table, see `describe`.
    reduced : ndarray of float32, shape (h, w), or None
        Reduced difference image, grey levels; None where there is none.
    mask : ndarray of bool, shape (h, w), or None
        Where both photographs show the sample.
    factors : tuple of float
        ``(fx, fy)``, reduced over full size.
    box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw post image in this variant's frame, px.
    image : str or None
        Path of the full-resolution difference image.
    """

    label: str
    row: dict
    reduced: np.ndarray | None
    mask: np.ndarray | None
    factors: tuple
    box: tuple
    image: str | None


def describe(label, files):
    """Numbers of one variant, from the records that are there.

    Parameters
    ----------
    label : str
        Of the variant.
    files : dict
        From `variant_files`.

    Returns
    -------
    dict
        `variant`, `alignment`, `accuracy_px`, `scale_estimate`, `scale_error`, `n_candidates`;
        None where it is not known.
    """
    records = {
        name: read_record(files[name]) if Path(files[name]).is_file() else {}
        for name in ("interior", "scale", "candidates")
    }
    return {
        "variant": label,
        "alignment": records["interior"].get("verdict"),
        "accuracy_px": records["interior"].get("estimated_accuracy_px"),
        "scale_estimate": records["scale"].get("scale_estimate"),
        "scale_error": records["scale"].get("scale_error"),
        "n_candidates": records["candidates"].get("n_candidates"),
    }


def view_variants(folder, variants, checkpoint_format):
    """Look at the variants of a pair; those that failed have no images.

    Parameters
    ----------
    folder : str
        Folder of the pair.
    variants : sequence of Variant
        To lay side by side.
    checkpoint_format : {'tiff', 'fits', 'both'}
        The configuration's.

    Returns
    -------
    list of VariantView
    """
    views = []
    for label, variant in zip(tell_variants(variants), variants, strict=True):
        files = variant_files(folder, variant.values, checkpoint_format)
        views.append(_view(describe(label, files), files))
    return views


def _view(row, files):
    """One variant's view from its files."""
    label = row["variant"]
    if not all(Path(path).is_file() for path in files.values()):
        return VariantView(label, row, None, None, (1.0, 1.0), (0, 1, 0, 1), None)
    record = read_record(files["scale"])
    box = raw_box(read_record(files["padding"]), "post")
    reduced = read_reduced_statistics(read_arrays(files["joint"]))
    dark = record["dark"] or {"post": 0.0, "pre": 0.0}
    scale = scale_to_draw(record, MOFFAT, reduced)
    difference = (reduced.post - dark["post"]) - scale * (reduced.pre - dark["pre"])
    mask = sample_mask(reduced, box)
    return VariantView(label, row, difference, mask, reduced.factors, box, files["difference"])


def choose_places(views):
    """Centres of the close-ups, raw-post ``(x, y)`` px.

    Parameters
    ----------
    views : list of VariantView
        Of one pair.

    Returns
    -------
    dict of str to tuple of float
        By the names of `PLACES`; empty where no variant has an image of the sample.
    """
    shown = [v for v in views if v.reduced is not None and v.mask.any()]
    if not shown:
        return {}
    first = shown[0]
    alike = [v for v in shown if v.reduced.shape == first.reduced.shape and v.box == first.box]
    maps = {
        PLACES[1]: uniform_filter(first.reduced, 3, mode="nearest"),
        PLACES[2]: -_distance_from_middle(first.mask),
    }
    if len(alike) > 1:
        spread = np.ptp(np.stack([v.reduced for v in alike]), axis=0)
        if spread[first.mask].any():
            maps = {PLACES[0]: uniform_filter(spread, 3, mode="nearest"), **maps}
    return {name: _raw_place(first, score) for name, score in maps.items()}


def _raw_place(view, score):
    """Raw-post ``(x, y)`` of the sample's reduced pixel of the highest score."""
    row, column = np.unravel_index(np.where(view.mask, score, -np.inf).argmax(), score.shape)
    fx, fy = view.factors
    return ((column + 0.5) / fx - 0.5 - view.box[2], (row + 0.5) / fy - 0.5 - view.box[0])


def _distance_from_middle(mask):
    """Distance of each pixel from a mask's centroid, px."""
    rows, columns = np.nonzero(mask)
    y, x = np.indices(mask.shape)
    return np.hypot(y - rows.mean(), x - columns.mean())


def read_closeups(view, places):
    """Read pieces of a variant's difference image at full resolution.

    Parameters
    ----------
    view : VariantView
        With an image.
    places : dict of str to tuple of float
        From `choose_places`.

    Returns
    -------
    list of (Window, ndarray)
        The windows are in the raw-post frame, the same for all variants.
    """
    y0, y1, x0, x1 = view.box
    closeups = []
    side = min(CLOSEUP, (y1 - y0) // 4, (x1 - x0) // 4)
    with open_image(view.image) as image:
        for place in places.values():
            window = place_window(place, (0, y1 - y0, 0, x1 - x0), side)
            rows = (window.y0 + y0, window.y1 + y0)
            closeups.append((window, image.read(Window(*rows, window.x0 + x0, window.x1 + x0))))
    return closeups
