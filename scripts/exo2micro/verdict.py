"""Say whether an alignment can be trusted, and why not."""

from dataclasses import dataclass

import numpy as np

from .errors import AlignmentError
from .geometry import apply_homography, decompose, point_grid

PASS, WARN, FAIL = "pass", "warn", "fail"

# Fewer agreeing tiles than this, in number or share, is what unrelated textures can give.
FEWEST_TILES = 10
FEWEST_SHARE = 0.25
GOOD_SHARE = 0.6
GOOD_COVERAGE = 0.5
GOOD_ACCURACY_PX = 0.25
GOOD_CORRELATION = 0.25
WORSE_CORRELATION = 0.03

TO_DO = (
    "Look at the registration figure. If the images are of the same sample, try a wider "
    "angle_range or scale range, use_edges: false, another interior_blur_base, or name the channel "
    "that shows the mineral (channel:). To see the result all the same, set "
    "on_failed_alignment: keep."
)


@dataclass(frozen=True)
class Verdict:
    """`pass`, `warn` or `fail`, with what speaks against the alignment.

    Attributes
    ----------
    verdict : str
        'pass', 'warn' or 'fail'.
    reasons : list of str
        One sentence each; empty for a pass.
    """

    verdict: str
    reasons: list


def judge_boundary(alignment, values):
    """Judge stage 2 by the likeness of the interiors.

    Parameters
    ----------
    alignment : BoundaryAlignment
        Stage 2's result.
    values : dict
        All parameters.

    Returns
    -------
    Verdict
    """
    best = alignment.best
    fatal = unusable(alignment)
    if fatal:
        return Verdict(FAIL, fatal)
    if not best.convinces:
        tried = ", ".join(sorted({h.origin for h in alignment.hypotheses}))
        return Verdict(
            FAIL,
            [
                f"the best of all transforms tried ({tried}) makes the interiors alike by a "
                f"correlation of {best.correlation:.2f}, {best.significance:.1f} times what "
                "unrelated textures give; that is not convincing. Are both images of this sample?"
            ],
        )
    doubts = []
    if best.overlap < GOOD_COVERAGE:
        doubts.append(f"only {best.overlap:.0%} of the sample is seen in both images")
    return Verdict(WARN if doubts else PASS, doubts)


def judge_interior(boundary, interior, similarity, values):
    """Judge stage 3 by its tiles, its coverage and its agreement with stage 2.

    Parameters
    ----------
    boundary : Verdict
        Stage 2's verdict.
    interior : InteriorAlignment
        Stage 3's result.
    similarity : tuple of float
        Correlation, significance and overlap of the interiors; see `overview.similarity_of`.
    values : dict
        All parameters.

    Returns
    -------
    Verdict
    """
    fatal = _without_agreement(interior, values, boundary.verdict == FAIL)
    if boundary.verdict == FAIL and "same photograph" in " ".join(boundary.reasons):
        fatal = boundary.reasons + fatal
    if fatal:
        before = boundary.reasons if boundary.verdict == FAIL else []
        return Verdict(FAIL, list(dict.fromkeys(before + fatal)))
    fit, tiles = interior.fit, interior.tiles
    witnesses = len(fit.good) + tiles.lost
    share = fit.good.sum() / witnesses
    doubts = list(boundary.reasons) if boundary.verdict == WARN else []
    if boundary.verdict == FAIL:
        doubts.append("stage 2 did not convince by itself; the interior's tiles do")
    if share < GOOD_SHARE:
        doubts.append(f"only {share:.0%} of {witnesses} tiles agree with the transform")
    coverage = fit.good.sum() / max(tiles.tried, 1)
    if coverage < GOOD_COVERAGE:
        doubts.append(f"the agreeing tiles stand for {coverage:.0%} of the sample only")
    if fit.accuracy_px > GOOD_ACCURACY_PX:
        doubts.append(f"estimated accuracy {fit.accuracy_px:.2f} px")
    middle = float(np.median(tiles.correlation[fit.good]))
    if middle < GOOD_CORRELATION:
        doubts.append(f"the tiles' contents are little alike (median correlation {middle:.2f})")
    if similarity[0] < interior.start_correlation - WORSE_CORRELATION:
        doubts.append(
            f"the interiors' correlation fell from {interior.start_correlation:.2f} in stage 2 to "
            f"{similarity[0]:.2f}"
        )
    if "refined tiles" not in interior.levels:
        doubts.append("the refinement at full resolution did not settle")
    return Verdict(WARN if doubts else PASS, doubts)


def is_physical(matrix, box):
    """True when a transform could come from a microscope: no mirror, no fold, 0.5 to 2 times."""
    points = point_grid((box[2], box[0], box[3], box[1]), 3)
    parts = [decompose(matrix, tuple(point)) for point in points]
    depth = (np.c_[points, np.ones(len(points))] @ matrix[2]).min()
    return depth > 0 and all(
        0.5 < p["scale_x"] < 2 and 0.5 < p["scale_y"] < 2 and abs(p["shear"]) < 0.3 for p in parts
    )


def unusable(alignment):
    """List what makes a pair senseless whatever the transform."""
    post, pre = alignment.post, alignment.pre
    for name, overview in (("post", post), ("pre", pre)):
        if not overview.detail.any():
            return [f"the {name}-stain image shows no structure: is it blank?"]
    if post.image.shape == pre.image.shape and np.array_equal(post.image, pre.image):
        return [
            "pre and post are the same photograph, pixel for pixel. Check the files: one of them "
            "was probably saved under both names"
        ]
    return []


def _without_agreement(interior, values, doubted):
    """What makes stage 3 a failure; where stage 2 failed its tiles must do better."""
    fit = interior.fit
    if fit is None:
        return ["the tiles inside the sample agree on no common transform"]
    witnesses = len(fit.good) + interior.tiles.lost
    count = int(fit.good.sum())
    reasons = []
    alike = float(np.median(interior.tiles.correlation[fit.good]))
    if doubted and alike < GOOD_CORRELATION:
        reasons.append(f"the tiles that agree are little alike (median correlation {alike:.2f})")
    if count < FEWEST_TILES or count < (GOOD_SHARE if doubted else FEWEST_SHARE) * witnesses:
        reasons.append(f"only {count} of {witnesses} tiles inside the sample agree on a transform")
    if interior.correction_px > values["interior_max_correction"]:
        reasons.append(
            f"stage 3 moved the image by {interior.correction_px:.0f} px, more than "
            f"interior_max_correction = {values['interior_max_correction']:g}"
        )
    return reasons


def distance_between(first, second, box):
    """Median and largest distance between two transforms over a box, px.

    Parameters
    ----------
    first, second : ndarray, shape (3, 3)
        Transforms of the same frames.
    box : tuple of int
        ``(y0, y1, x0, x1)``.

    Returns
    -------
    tuple of float
    """
    points = point_grid((box[2], box[0], box[3] - 1, box[1] - 1), 9)
    gap = np.hypot(*(apply_homography(first, points) - apply_homography(second, points)).T)
    return float(np.median(gap)), float(gap.max())


def stop_failed_alignment(sample, dye, record, on_failed):
    """Stop a pair whose alignment failed.

    Parameters
    ----------
    sample, dye : str
        Names.
    record : dict
        Stage 3's record.
    on_failed : {'stop', 'keep'}
        What the configuration wants done with a failed alignment.

    Raises
    ------
    AlignmentError
        When the alignment failed and is not to be kept.
    """
    if record["verdict"] == FAIL and on_failed == "stop":
        raise AlignmentError(
            f"{sample} / {dye}: the alignment failed, no difference image was made. "
            + "; ".join(record["reasons"])
            + ". "
            + TO_DO
        )
