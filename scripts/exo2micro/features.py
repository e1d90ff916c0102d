"""Interior features: SIFT key points inside the sample, matched and fitted robustly."""

from dataclasses import dataclass

import cv2
import numpy as np

FEATURES = 4000
RATIO = 0.85
SUPPORT = 8
# Bright spots narrower than twice this (px of the overview) vanish under the opening.
OPENING_RADIUS = 3
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * OPENING_RADIUS + 1,) * 2)


@dataclass(frozen=True)
class FeatureMatch:
    """Matched key points and the transform through them.

    Attributes
    ----------
    pre_from_post : ndarray, shape (3, 3), or None
        Robust fit, None when there were too few matches.
    post_xy, pre_xy : ndarray of float64, shape (N, 2)
        Matched key points, px of the images given.
    inliers : ndarray of bool, shape (N,)
        Matches that the fit agrees with.
    found : tuple of int
        Key points in post and pre.
    """

    pre_from_post: np.ndarray | None
    post_xy: np.ndarray
    pre_xy: np.ndarray
    inliers: np.ndarray
    found: tuple

    @property
    def inlier_ratio(self):
        """Share of the matches that the fit agrees with."""
        return float(self.inliers.mean()) if self.inliers.size else 0.0


def match_features(post, pre, blur, model, threshold=2.0, near=None, opened=False):
    """Match the interiors of two overviews by SIFT features.

    Parameters
    ----------
    post, pre : Overview
        Overviews.
    blur : float
        Gaussian sigma before the features are found, px of the overview: grains stay, microbes go.
    model : {'affine', 'homography'}
        What is fitted.
    threshold : float
        Largest distance of an inlier, px.
    near : tuple (pre_from_post, float), optional
        Only matches within this distance (px) of a known transform.
    opened : bool
        Bright spots are taken away first by a grey opening: where microbes outshine the mineral,
        all the key points would be theirs.

    Returns
    -------
    FeatureMatch

    Notes
    -----
    SIFT (Lowe 2004) with its precise up-scaling, which matters beyond 35 degrees; the fit is
    MAGSAC++ (Barath et al. 2020) for the homography and RANSAC with local refinement otherwise.
    """
    post_points, post_words = _describe(post, blur, opened)
    pre_points, pre_words = _describe(pre, blur, opened)
    found = (len(post_points), len(pre_points))
    a, b = _pair(post_points, post_words, pre_points, pre_words)
    if near is not None and len(a):
        matrix, reach = near
        mapped = cv2.perspectiveTransform(a[:, None, :], matrix)[:, 0]
        close = np.hypot(*(mapped - b).T) < reach
        a, b = a[close], b[close]
    none = FeatureMatch(None, a, b, np.zeros(len(a), dtype=bool), found)
    if len(a) < SUPPORT:
        return none
    matrix, inliers = _fit(a, b, model, threshold)
    if matrix is None or inliers.sum() < SUPPORT:
        return none
    return FeatureMatch(matrix, a, b, inliers, found)


def _fit(a, b, model, threshold):
    """Robust transform from `a` to `b`."""
    if model == "homography":
        matrix, inliers = cv2.findHomography(a, b, cv2.USAC_MAGSAC, threshold, None, 5000, 0.9999)
    else:
        affine, inliers = cv2.estimateAffine2D(
            a, b, None, cv2.USAC_MAGSAC, threshold, 5000, 0.9999, 10
        )
        matrix = None if affine is None else np.vstack([affine, [0, 0, 1]])
    if matrix is None or not np.isfinite(matrix).all():
        return None, None
    return matrix.astype(np.float64), inliers.ravel().astype(bool)


def _describe(overview, blur, opened):
    """Key points ``(x, y)`` inside the sample and their descriptors (RootSIFT)."""
    image = overview.image
    if opened:
        image = cv2.morphologyEx(cv2.GaussianBlur(image, (0, 0), 1.0), cv2.MORPH_OPEN, _DISC)
    values = image[overview.interior]
    if values.size < 100:
        return np.zeros((0, 2)), np.zeros((0, 128), dtype=np.float32)
    if blur > 0.4:
        image = cv2.GaussianBlur(image, (0, 0), blur)
        values = image[overview.interior]
    low, high = np.percentile(values, [0.5, 99.0])
    scaled = np.clip((image - low) / max(high - low, 1e-9), 0, 1)
    grey = np.round(255 * np.sqrt(scaled)).astype(np.uint8)
    sift = cv2.SIFT_create(nfeatures=FEATURES, contrastThreshold=0.01, enable_precise_upscale=True)
    points, words = sift.detectAndCompute(grey, overview.interior.astype(np.uint8))
    if words is None:
        return np.zeros((0, 2)), np.zeros((0, 128), dtype=np.float32)
    words = np.sqrt(words / np.maximum(words.sum(axis=1, keepdims=True), 1e-9))
    return np.array([p.pt for p in points], dtype=np.float64), words.astype(np.float32)


def _pair(post_points, post_words, pre_points, pre_words):
    """Matches that pass the ratio test and are each other's best."""
    empty = np.zeros((0, 2))
    if min(len(post_points), len(pre_points)) < 2:
        return empty, empty
    likeness = post_words @ pre_words.T
    highest = likeness.max(axis=0)
    rows = np.arange(len(post_points))
    best = likeness.argmax(axis=1)
    top = likeness[rows, best]
    likeness[rows, best] = -1
    second = likeness.max(axis=1)
    distance, runner_up = np.sqrt(2 - 2 * np.clip(top, -1, 1)), np.sqrt(2 - 2 * second)
    good = (distance < RATIO * runner_up) & (top >= highest[best])
    return post_points[good], pre_points[best[good]]
