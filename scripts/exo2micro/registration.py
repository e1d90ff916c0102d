"""The two alignment stages from padded images to the records that are kept of them."""

import numpy as np

from .boundary_alignment import align_boundary, looks_mirrored
from .geometry import Transform, decompose, lower
from .interior_alignment import align_interior
from .overview import make_overviews, similarity_of
from .padding import raw_box
from .tilematch import TileSource
from .trimming import move_record, padding_to_trim, trim_padding
from .verdict import FAIL, Verdict, is_physical, judge_boundary, judge_interior, unusable
from .view import footprint_centre, overview_factor


def run_boundary_stage(post, pre, padding, values, threads=1):
    """Stage 2.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    padding : dict
        Stage 1's record.
    values : dict
        All parameters.
    threads : int
        Calculations that run side by side.

    Returns
    -------
    dict
        The transform record of ``transforms/02_icp.json``: `pre_from_post` maps padded post to
        padded pre.
    """
    trimmed = padding_to_trim(padding)
    images = trim_padding(post, pre, padding, trimmed)
    return move_record(_boundary_record(*images, values, threads), trimmed)


def _boundary_record(post, pre, padding, values, threads):
    """Stage 2's record in the frame of the images given."""
    boxes = raw_box(padding, "post"), raw_box(padding, "pre")
    alignment = align_boundary(post, pre, *boxes, values, threads)
    verdict = judge_boundary(alignment, values)
    centre = footprint_centre(alignment.post)
    if not is_physical(alignment.pre_from_post, boxes[0]):
        verdict = Verdict(FAIL, ["the best transform is not one a microscope can make"])
    sensible = not unusable(alignment)
    if (
        verdict.verdict == FAIL
        and sensible
        and looks_mirrored(alignment.post, alignment.pre, values)
    ):
        verdict.reasons.append("the pre image fits when it is mirrored: flip one of the files")
    best, icp = alignment.best, alignment.icp
    return {
        "stage": "02_icp_aligned",
        "pre_from_post": alignment.pre_from_post,
        "coarse_pre_from_post": alignment.coarse,
        "displacement": None,
        "verdict": verdict.verdict,
        "reasons": verdict.reasons,
        "notes": alignment.notes,
        "estimated_accuracy_px": None,
        "centre": list(centre),
        "motion": decompose(alignment.pre_from_post, centre),
        "method": best.origin,
        "correlation": best.correlation,
        "significance": best.significance,
        "overlap": best.overlap,
        "hypotheses": [
            {
                "origin": h.origin,
                "correlation": h.correlation,
                "significance": h.significance,
                "overlap": h.overlap,
            }
            for h in alignment.hypotheses
        ],
        "icp": {
            "accepted": icp.accepted,
            "before_px": icp.before_px,
            "after_px": icp.after_px,
            "note": icp.note,
        },
        "footprint": {
            stain: {
                "fills_frame": overview.footprint.fills_frame,
                "share_of_raw": float(
                    overview.footprint.mask.sum() / max(overview.footprint.raw_area.sum(), 1)
                ),
                "level": overview.footprint.level,
            }
            for stain, overview in (("post", alignment.post), ("pre", alignment.pre))
        },
    }


def run_interior_stage(post, pre, padding, boundary, values, threads=1):
    """Stage 3.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    padding, boundary : dict
        Records of stages 1 and 2.
    values : dict
        All parameters.
    threads : int
        Tiles measured side by side.

    Returns
    -------
    dict
        The transform record of ``transforms/03_interior.json``.
    """
    if not values["interior_ecc"]:
        return _handed_on(boundary)
    trimmed = padding_to_trim(padding)
    images = trim_padding(post, pre, padding, trimmed)
    record = _align_interior(*images, move_record(boundary, -trimmed), values, threads)
    return move_record(record, trimmed)


def _align_interior(post, pre, padding, boundary, values, threads):
    """Stage 3's record in the frame of the images given."""
    before = Verdict(boundary["verdict"], list(boundary["reasons"]))
    start = Transform.from_record(boundary, "stage 2's record").pre_from_post
    boxes = raw_box(padding, "post"), raw_box(padding, "pre")
    shape = (boxes[0][1] - boxes[0][0], boxes[0][3] - boxes[0][2])
    factor = overview_factor(shape, values["down_scale"])
    overviews = make_overviews(post, pre, boxes, factor, threads)
    saturation = (padding["saturation"]["post"], padding["saturation"]["pre"])
    source = TileSource(post, pre, *boxes, saturation, "cubic")
    interior = align_interior(source, *overviews, start, values, threads)
    matrix = interior.transform.pre_from_post
    small = lower(matrix, overviews[1].factors, overviews[0].factors)
    similarity = similarity_of(*overviews, small)
    verdict = judge_interior(before, interior, similarity, values)
    if not is_physical(matrix, boxes[0]):
        reason = "the transform found is not one a microscope can make"
        verdict = Verdict(FAIL, [*verdict.reasons, reason])
    return _interior_record(interior, similarity, verdict, boundary)


def _handed_on(boundary):
    """Stage 3's record when the interior alignment is switched off."""
    return {
        "stage": "03_interior_aligned",
        "pre_from_post": boundary["pre_from_post"],
        "displacement": None,
        "verdict": boundary["verdict"],
        "reasons": list(boundary["reasons"]),
        "notes": ["interior_ecc is off: this is stage 2's transform"],
        "estimated_accuracy_px": None,
        "levels": [],
        "centre": boundary["centre"],
        "motion": boundary["motion"],
        "correlation": boundary["correlation"],
        "significance": boundary["significance"],
        "overlap": boundary["overlap"],
        "features": None,
        "tiles": None,
    }


def _interior_record(interior, similarity, verdict, boundary):
    """Everything that is kept of stage 3."""
    fit, features = interior.fit, interior.features
    matrix, grid = interior.transform.pre_from_post, interior.transform.displacement
    correlation, significance, overlap = similarity
    return {
        "stage": "03_interior_aligned",
        "pre_from_post": matrix,
        "displacement": None if grid is None else grid.to_record(),
        "verdict": verdict.verdict,
        "reasons": verdict.reasons,
        "notes": interior.notes,
        "estimated_accuracy_px": None if fit is None else fit.accuracy_px,
        "levels": interior.levels,
        "centre": boundary["centre"],
        "motion": decompose(matrix, tuple(boundary["centre"])),
        "correction_px": interior.correction_px,
        "correlation": correlation,
        "significance": significance,
        "overlap": overlap,
        "features": None
        if features is None
        else {
            "found_post": features.found[0],
            "found_pre": features.found[1],
            "matches": len(features.post_xy),
            "inliers": int(features.inliers.sum()),
            "inlier_ratio": features.inlier_ratio,
        },
        "tiles": None if fit is None else _tile_record(interior),
    }


def _tile_record(interior):
    """The tiles' positions, residuals and part in the fit."""
    fit, tiles = interior.fit, interior.tiles
    distance = np.hypot(*fit.residual[fit.good].T)
    held_out = np.hypot(*fit.held_out[fit.good].T)
    return {
        "side": interior.tile_side,
        "tried": tiles.tried,
        "witnesses": len(fit.good) + tiles.lost,
        "agreeing": int(fit.good.sum()),
        "model": fit.model,
        "smoothing": fit.smoothing,
        "bending_gain_sigma": fit.gain_sigma,
        "residual_median_px": float(np.median(distance)),
        "held_out_median_px": float(np.median(held_out)),
        "correlation_median": float(np.median(tiles.correlation[fit.good])),
        "x": np.round(tiles.post_xy[:, 0], 2),
        "y": np.round(tiles.post_xy[:, 1], 2),
        "dx": np.round(fit.residual[:, 0], 4),
        "dy": np.round(fit.residual[:, 1], 4),
        "good": fit.good,
    }
