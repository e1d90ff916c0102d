import numpy as np
import pytest

from exo2micro.geometry import apply_homography, similarity
from exo2micro.icp import IcpLimits, bounds_exceeded, refine_by_outline

LIMITS = IcpLimits(200.0, 5.0, 0.2, 0.15)
CENTRE = (500.0, 400.0)


def outline(count=900, seed=0, noise=0.0):
    """A lopsided closed curve with its outward normals."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    r = 1 + 0.2 * np.cos(2 * t + 1) + 0.12 * np.cos(3 * t) + 0.06 * np.sin(5 * t)
    xy = np.stack([500 + 300 * r * np.cos(t), 400 + 240 * r * np.sin(t)], axis=1)
    xy += noise * np.random.default_rng(seed).normal(size=xy.shape)
    tangent = np.roll(xy, -1, axis=0) - np.roll(xy, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return xy, normal / np.linalg.norm(normal, axis=1, keepdims=True)


def moved(matrix, curve):
    points, normals = curve
    there = apply_homography(matrix, points)
    turned = apply_homography(matrix, points + normals) - there
    return there, turned / np.linalg.norm(turned, axis=1, keepdims=True)


def distance(a, b, points):
    return np.hypot(*(apply_homography(a, points) - apply_homography(b, points)).T)


@pytest.mark.parametrize("angle", [0.0, 77.0, 200.0])
def test_the_true_transform_is_found_from_nearby(angle):
    truth = similarity(angle, 1.05, CENTRE, (620, 380)) @ np.array(
        [[1.01, 0.004, 0], [0, 0.99, 0], [0, 0, 1]]
    )
    start = similarity(angle + 2.0, 1.02, CENTRE, (628, 391))
    post = outline(seed=1, noise=0.3)
    pre = moved(truth, outline(count=1100, seed=2, noise=0.3))
    result = refine_by_outline(post, pre, start, LIMITS, CENTRE)
    assert result.accepted
    assert distance(result.pre_from_post, truth, post[0]).max() < 1.0
    assert distance(start, truth, post[0]).max() > 10
    assert result.after_px < result.before_px


def test_half_an_outline_is_enough():
    truth = similarity(5, 1.0, CENTRE, (520, 390))
    points, normals = moved(truth, outline())
    half = points[:, 0] < 620
    result = refine_by_outline(
        outline(),
        (points[half], normals[half]),
        similarity(3, 1, CENTRE, (515, 395)),
        LIMITS,
        CENTRE,
    )
    assert result.accepted
    assert np.median(distance(result.pre_from_post, truth, outline()[0])) < 1.5


def test_a_correction_beyond_the_bounds_is_refused():
    truth = similarity(4, 1.0, CENTRE, (520, 390))
    limits = IcpLimits(200.0, 1.0, 0.2, 0.15)
    result = refine_by_outline(
        outline(), moved(truth, outline()), similarity(0, 1, CENTRE, (520, 390)), limits, CENTRE
    )
    assert not result.accepted
    assert "max_rotation = 1" in result.note


def test_bounds_name_what_they_refuse():
    start = similarity(30, 1.1, CENTRE, (600, 300))
    shifted = similarity(30, 1.1, CENTRE, (900, 300))
    assert "max_translation = 200" in bounds_exceeded(start, shifted, LIMITS, CENTRE)
    assert bounds_exceeded(start, start, LIMITS, CENTRE) == ""


def test_the_true_transform_is_not_made_worse():
    truth = similarity(10, 1.0, CENTRE, (520, 390))
    post, pre = outline(), moved(truth, outline())
    result = refine_by_outline(post, pre, truth, LIMITS, CENTRE)
    assert distance(result.pre_from_post, truth, post[0]).max() < 1e-3


def test_without_outlines_the_start_stands():
    start = similarity(10, 1.0, CENTRE, (520, 390))
    nothing = (np.zeros((0, 2)), np.zeros((0, 2)))
    result = refine_by_outline(nothing, outline(), start, LIMITS, CENTRE)
    assert not result.accepted
    assert np.array_equal(result.pre_from_post, start)
    assert "no boundary" in result.note
