"""Stage 2: the coarse transform, from the sample's boundary, its interior and ICP."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from .features import match_features
from .footprint import boundary_ring, outline_points
from .geometry import apply_homography, decompose, full_from_reduced, lift, lower, normalize
from .hypotheses import Hypothesis, judge, maximise_correlation, refine_best
from .icp import IcpLimits, IcpResult, refine_by_outline
from .overview import Overview, make_overviews, overview_of
from .rotation_search import SEARCH_SIDE, search, search_image
from .side_by_side import run_together
from .view import footprint_centre, overview_factor

# Second try for features, full-resolution px: grains stay, microbes go.
FEATURE_BLUR = 8.0
# The parameters' angles are first tried this far apart (degrees): half of it is 1.4 px at the rim.
FIRST_STEP = 2.0
WIDE_ANGLES = np.arange(0, 360, 4.0)
# Longest side (px) of the sample in the wide search: half a step of 4 degrees is 2 px at its rim.
WIDE_SIDE = 130
WIDE_SCALES = 0.7 * 2 ** (np.arange(11) / 10.0)


@dataclass(frozen=True)
class BoundaryAlignment:
    """Stage 2's result.

    Attributes
    ----------
    pre_from_post, coarse : ndarray, shape (3, 3)
        Full-resolution padded transforms after and before ICP.
    best : Hypothesis
        The hypothesis that won, after refinement.
    hypotheses : list of Hypothesis
        All that were judged, best first.
    icp : IcpResult
        The outline's refinement.
    post, pre : Overview
        What was looked at.
    notes : list of str
        What the search says of itself.
    """

    pre_from_post: np.ndarray
    coarse: np.ndarray
    best: Hypothesis
    hypotheses: list
    icp: IcpResult
    post: Overview
    pre: Overview
    notes: list


def align_boundary(post, pre, post_box, pre_box, values, threads=1):
    """Find the coarse transform between two padded images.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    post_box, pre_box : tuple of int
        ``(y0, y1, x0, x1)`` of the raw images in them.
    values : dict
        All parameters.
    threads : int
        Calculations that run side by side.

    Returns
    -------
    BoundaryAlignment
    """
    factor = overview_factor(
        (post_box[1] - post_box[0], post_box[3] - post_box[2]), values["down_scale"]
    )
    overviews = make_overviews(post, pre, (post_box, pre_box), factor, threads)
    return align_overviews(*overviews, values, threads)


def align_overviews(post, pre, values, threads=1):
    """Find the coarse transform between two overviews; see `align_boundary`."""
    notes = []
    hypotheses = list_hypotheses(post, pre, values, threads)
    best = refine_best(post, pre, hypotheses, threads)
    if not best.convinces:
        wide = _wide_hypotheses(post, pre, values)
        widened = refine_best(post, pre, wide, threads)
        better = widened.significance > best.significance
        notes.append(
            "the search within angle_range and scale_min..scale_max did not convince; it was "
            "widened to all rotations and magnifications from 0.7 to 1.4"
            + ("" if better else " and found nothing better")
        )
        best = widened if better else best
        hypotheses += wide
    hypotheses.sort(key=lambda h: -h.significance)
    coarse = lift(best.pre_from_post, pre.factors, post.factors)
    icp, refined = refine_outline(post, pre, best, values)
    if values["fine_ecc"]:
        refined, note = refine_by_correlation(post, pre, refined, values)
        notes.append(note)
    return BoundaryAlignment(
        lift(refined.pre_from_post, pre.factors, post.factors),
        coarse,
        refined,
        hypotheses,
        icp,
        post,
        pre,
        notes,
    )


def list_hypotheses(post, pre, values, threads=1):
    """Hypotheses from the parameters' ranges and from the interior's features."""
    by_search = _search_hypotheses if values["multiscale"] else _as_photographed
    listed = run_together(
        threads,
        partial(_feature_hypotheses, post, pre),
        partial(by_search, post, pre, values),
    )
    return listed[1] + listed[0]


def _as_photographed(post, pre, values):
    """The one hypothesis of the search when it is switched off."""
    start = lower(np.eye(3), pre.factors, post.factors)
    return [judge(post, pre, "as photographed", start)]


def _search_hypotheses(post, pre, values):
    """Hypotheses from the parameters' ranges."""
    angles, scales, every = [0.0], [1.0], 1
    if values["rotation_search"]:
        step = values["angle_step"]
        angles = _steps(-values["angle_range"], values["angle_range"], step)
        every = max(1, int(FIRST_STEP // step))
    if values["scale_search"]:
        scales = _steps(values["scale_min"], values["scale_max"], values["scale_step"])
    every = every if len(angles) > 2 * every else 1
    trials = search(*_search_images(post, pre, values), angles, scales, every=every)
    return [judge(post, pre, "boundary search", trial.pre_from_post) for trial in trials]


def _feature_hypotheses(post, pre):
    """Hypotheses from the interior's features, until one convinces."""
    hypotheses = []
    for sigma, opened in ((0.0, False), (0.0, True), (FEATURE_BLUR * post.factors[0], False)):
        found = match_features(post, pre, sigma, "affine", threshold=3.0, opened=opened)
        if found.pre_from_post is not None and _is_photograph(found.pre_from_post):
            hypotheses.append(judge(post, pre, "interior features", found.pre_from_post))
            if hypotheses[-1].convinces:
                break
    return hypotheses


def _wide_hypotheses(post, pre, values):
    """Hypotheses at any rotation and at magnifications from 0.7 to 1.4."""
    images = _search_images(post, pre, values, WIDE_SIDE)
    return [
        judge(post, pre, "wide search", trial.pre_from_post)
        for trial in search(*images, WIDE_ANGLES, WIDE_SCALES, keep=8)
    ]


def _search_images(post, pre, values, side=SEARCH_SIDE):
    """Both images at the search's resolution, with rings where they are wanted."""
    longest = max(np.ptp(np.nonzero(post.footprint.mask)[0]), 1)
    longest = max(longest, np.ptp(np.nonzero(post.footprint.mask)[1]))
    factor = min(1.0, side / longest)
    coarse = max(0.25 * values["down_scale"], 0.02)
    images = []
    for overview in (post, pre):
        if values["use_edges"]:
            # The parameters are in px of the coarse image; small images are searched finer.
            unit = min(overview.factors[0] / coarse, 1 / factor)
            ring = boundary_ring(
                overview.footprint,
                values["boundary_width"] * unit * 0.5,
                values["boundary_smooth"] * unit * 0.25,
            )
        else:
            ring = np.zeros(overview.image.shape, dtype=np.float32)
        images.append(search_image(overview, ring, factor))
    return images


def refine_outline(post, pre, best, values):
    """ICP on the outlines; kept only if the interiors grow no less alike."""
    limits = IcpLimits(
        *(
            float(values[name])
            for name in ("max_translation", "max_rotation", "max_scale_delta", "max_scale_diff")
        )
    )
    start = lift(best.pre_from_post, pre.factors, post.factors)
    outlines = [_full_outline(overview) for overview in (post, pre)]
    icp = refine_by_outline(*outlines, start, limits, footprint_centre(post))
    if not icp.accepted:
        return icp, best
    moved = judge(post, pre, best.origin, lower(icp.pre_from_post, pre.factors, post.factors))
    # Interiors that are truly alike tell more than outlines; others have no vote but a veto.
    slack = 0.0 if best.convinces else 0.005
    if moved.correlation < best.correlation - slack:
        note = (
            f"the outlines came closer, but the interiors' correlation fell from "
            f"{best.correlation:.4f} to {moved.correlation:.4f}; not used"
        )
        return replace(icp, pre_from_post=start, accepted=False, note=note), best
    return icp, moved


def _full_outline(overview):
    """Outline points and normals in full-resolution padded px."""
    points, normals = outline_points(overview.footprint)
    return apply_homography(full_from_reduced(overview.factors), points), normals


def refine_by_correlation(post, pre, best, values):
    """ECC homography on the overviews' detail (parameters fine_ecc, stopit, stopdelta)."""
    found = maximise_correlation(
        post.detail,
        pre.detail,
        post.interior.astype(np.uint8),
        best.pre_from_post,
        cv2.MOTION_HOMOGRAPHY,
        1.0,
        int(values["stopit"]),
        float(values["stopdelta"]),
    )
    if found is None:
        return best, "fine_ecc: did not converge, not used"
    moved = judge(post, pre, best.origin, normalize(found))
    if moved.correlation <= best.correlation:
        return best, "fine_ecc: brought nothing, not used"
    return moved, f"fine_ecc: correlation {best.correlation:.3f} -> {moved.correlation:.3f}"


def looks_mirrored(post, pre, values):
    """True when the flipped pre image fits where the pre image as it is does not.

    Parameters
    ----------
    post, pre : Overview
        Overviews that could not be aligned.
    values : dict
        All parameters.

    Returns
    -------
    bool
    """
    width = pre.image.shape[1]
    rows, columns = np.nonzero(pre.footprint.raw_area)
    fx, fy = pre.factors
    box = (
        rows.min() / fy,
        (rows.max() + 1) / fy,
        (width - columns.max() - 1) / fx,
        (width - columns.min()) / fx,
    )
    flipped = overview_of(np.ascontiguousarray(pre.image[:, ::-1]), pre.factors, box)
    found = match_features(post, flipped, 0.0, "affine", threshold=3.0)
    if found.pre_from_post is not None and _is_photograph(found.pre_from_post):
        return judge(post, flipped, "mirrored", found.pre_from_post).convinces
    return refine_best(post, flipped, _wide_hypotheses(post, flipped, values)).convinces


def _is_photograph(matrix):
    """True when a transform is one that a microscope can make: no mirror, no extreme stretch."""
    parts = decompose(matrix, (0.0, 0.0))
    scales = (parts["scale_x"], parts["scale_y"])
    return (
        min(scales) > 0.4
        and max(scales) < 2.5
        and abs(parts["shear"]) < 0.3
        and abs(np.log(scales[0] / scales[1])) < 0.3
    )


def _steps(low, high, step):
    """Values from low to high, both included."""
    return [float(v) for v in np.linspace(low, high, max(1, round((high - low) / step)) + 1)]
