"""Possible transforms between two overviews: judged by the interiors, drawn to their optimum."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from .geometry import full_from_reduced, normalize
from .overview import cell_area, similarity_of
from .side_by_side import run_together

# A hypothesis convinces when the interiors' correlation is this many times what unrelated textures
# give, and above this value. On 38 unrelated pairs the best of all hypotheses came to 3-7 (22 on
# one that is nearly its own mirror image), on solvable ones of 300-900 px to 11-130.
CONVINCING_SIGMA = 10.0
CONVINCING_CORRELATION = 0.12
# All hypotheses are compared on overviews of this longest side, the best few on finer ones.
COARSE_SIDE = 220
FINE_SIDE = 400
FINALISTS = 2


@dataclass(frozen=True)
class Hypothesis:
    """One possible transform and how well it explains both images.

    Attributes
    ----------
    origin : str
        Which search it came from.
    pre_from_post : ndarray, shape (3, 3)
        Between the overviews' pixels.
    correlation, significance, overlap : float
        See `overview.similarity_of`.
    """

    origin: str
    pre_from_post: np.ndarray
    correlation: float
    significance: float
    overlap: float

    @property
    def convinces(self):
        """True when chance does not make interiors as alike as this."""
        return self.significance > CONVINCING_SIGMA and self.correlation > CONVINCING_CORRELATION


def judge(post, pre, origin, matrix):
    """Hypothesis with its likeness."""
    return Hypothesis(origin, matrix, *similarity_of(post, pre, matrix))


def refine_best(post, pre, hypotheses, threads=1):
    """The most significant hypothesis after the best few have been drawn to their own optimum.

    Parameters
    ----------
    post, pre : Overview
        Overviews.
    hypotheses : list of Hypothesis
        At least one.
    threads : int
        Hypotheses looked at side by side.

    Returns
    -------
    Hypothesis
    """
    if len(hypotheses) > FINALISTS:
        hypotheses = _best_on_coarse(post, pre, hypotheses, threads)

    def refine(hypothesis):
        better = judge(post, pre, hypothesis.origin, _climb(post, pre, hypothesis, FINE_SIDE))
        return max(hypothesis, better, key=lambda h: h.significance)

    refined = run_together(threads, *(partial(refine, h) for h in hypotheses))
    return max(refined, key=lambda h: h.significance)


def _best_on_coarse(post, pre, hypotheses, threads):
    """The few hypotheses that come out best when climbed and judged on small overviews."""
    shrink = min(1.0, COARSE_SIDE / max(post.image.shape))
    small = full_from_reduced((shrink, shrink))
    coarse_post, coarse_pre = _shrink(post, shrink), _shrink(pre, shrink)

    def climb(hypothesis):
        matrix = _climb(post, pre, hypothesis, COARSE_SIDE)
        lowered = normalize(np.linalg.inv(small) @ matrix @ small)
        merit = similarity_of(coarse_post, coarse_pre, lowered)[1]
        return merit, judge(post, pre, hypothesis.origin, matrix), hypothesis

    climbed = run_together(threads, *(partial(climb, h) for h in hypotheses))
    best = sorted(climbed, key=lambda c: -c[0])[:FINALISTS]
    finer = max(climbed, key=lambda c: max(c[1].significance, c[2].significance))
    finalists = {id(c[2]): max(c[1:], key=lambda h: h.significance) for c in (*best, finer)}
    return list(finalists.values())


def _shrink(overview, shrink):
    """Overview with smaller detail, as far as it is needed to compare interiors."""
    detail = cv2.resize(overview.detail, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    interior = cv2.resize(
        overview.interior.astype(np.float32), detail.shape[::-1], interpolation=cv2.INTER_AREA
    )
    return replace(
        overview, image=detail, detail=detail, interior=interior > 0.99, cell=cell_area(detail)
    )


def _climb(post, pre, hypothesis, side):
    """Affine transform of highest correlation near a hypothesis (ECC on coarser details).

    A trial of the search is off by up to half a step of the grid; the details are blurred until
    that is within reach.
    """
    size = post.image.shape[::-1]
    shrink = min(1.0, side / max(size))
    small = full_from_reduced((shrink, shrink))
    matrix = np.linalg.inv(small) @ hypothesis.pre_from_post @ small
    a, b = (
        cv2.resize(o.detail, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        for o in (post, pre)
    )
    mask = cv2.resize(
        post.interior.astype(np.uint8), a.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    for sigma in (3.0, 1.2):
        found = maximise_correlation(a, b, mask, matrix, cv2.MOTION_AFFINE, sigma, 40, 1e-4)
        if found is None:
            break
        matrix = found
    return normalize(small @ matrix @ np.linalg.inv(small))


def maximise_correlation(post, pre, mask, matrix, motion, sigma, iterations, epsilon):
    """OpenCV's ECC from a start; None where it does not converge."""
    a, b = (cv2.GaussianBlur(image, (0, 0), sigma) for image in (post, pre))
    rows = 3 if motion == cv2.MOTION_HOMOGRAPHY else 2
    start = normalize(matrix)[:rows].astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, iterations, epsilon)
    try:
        score, found = cv2.findTransformECC(a, b, start, motion, criteria, mask, 1)
    except cv2.error:
        # OpenCV reports a lost iteration only as an exception; the start then stands.
        return None
    if not np.isfinite(found).all() or score <= 0:
        return None
    found = found.astype(np.float64)
    return found if rows == 3 else np.vstack([found, [0, 0, 1]])
