"""Each parameter of stages 2 and 3 does what it says."""

import cv2
import numpy as np
import pytest

from exo2micro.boundary_alignment import (
    list_hypotheses,
    overview_factor,
    refine_by_correlation,
    refine_outline,
)
from exo2micro.geometry import decompose
from exo2micro.hypotheses import judge
from exo2micro.overview import make_overview
from exo2micro.registration import run_boundary_stage, run_interior_stage

SIZE, PAD = 400, 40
BOX = (PAD, PAD + SIZE, PAD, PAD + SIZE)
PADDING = {
    "pad": PAD,
    "raw": {"post": {"shape": [SIZE, SIZE]}, "pre": {"shape": [SIZE, SIZE]}},
    "saturation": {"post": 255, "pre": 255},
}


@pytest.fixture(scope="module")
def pair(make_pair):
    return make_pair(31, 8.0, 1.05, size=SIZE, pad=PAD)


@pytest.fixture(scope="module")
def overviews(pair):
    return [make_overview(image, BOX, 1.0) for image in pair[:2]]


def searched(overviews, values, **changes):
    """Rotations and scales of the search's hypotheses."""
    hypotheses = list_hypotheses(*overviews, {**values, **changes})
    parts = [
        decompose(h.pre_from_post, (200.0, 200.0))
        for h in hypotheses
        if h.origin == "boundary search"
    ]
    assert parts
    return np.array([[p["rotation_deg"], p["scale_x"]] for p in parts])


def test_angle_range_bounds_the_search(overviews, values):
    assert np.abs(searched(overviews, values)[:, 0]).max() > 7.4
    assert np.abs(searched(overviews, values, angle_range=5)[:, 0]).max() < 5.001


def test_angle_step_is_the_step(overviews, values):
    angles = searched(overviews, values, angle_step=5, angle_range=15)[:, 0]
    assert np.allclose(angles / 5, np.round(angles / 5), atol=0.05)
    assert np.abs(angles).max() > 4


def test_without_rotation_search_nothing_is_turned(overviews, values):
    assert np.abs(searched(overviews, values, rotation_search=False)[:, 0]).max() < 1e-6


def test_scales_are_those_of_the_range_and_step(overviews, values):
    scales = searched(overviews, values, scale_min=0.9, scale_max=0.98, scale_step=0.04)[:, 1]
    # The search's images are whole pixels large, which leaves the scale true to half a percent.
    assert all(np.abs(scale - [0.9, 0.94, 0.98]).min() < 0.01 for scale in scales)


def test_without_scale_search_nothing_is_magnified(overviews, values):
    assert np.abs(searched(overviews, values, scale_search=False)[:, 1] - 1).max() < 0.01


def test_without_multiscale_the_search_is_left_out(overviews, values):
    hypotheses = list_hypotheses(*overviews, {**values, "multiscale": False})
    origins = {h.origin for h in hypotheses}
    assert "as photographed" in origins
    assert "boundary search" not in origins


@pytest.mark.parametrize(
    "changes", [{"use_edges": False}, {"boundary_width": 3}, {"boundary_smooth": 40}]
)
def test_the_ring_takes_part_in_the_search(overviews, values, changes):
    narrow = {**values, "angle_range": 9, "scale_min": 1.0, "scale_max": 1.1}
    best = [list_hypotheses(*overviews, v)[0] for v in (narrow, {**narrow, **changes})]
    assert best[0].origin == "boundary search"
    assert not np.allclose(best[0].pre_from_post, best[1].pre_from_post, atol=1e-9)


def test_the_overview_follows_down_scale():
    assert overview_factor((4000, 3000), 0.25) == pytest.approx(0.25)
    assert overview_factor((4000, 3000), 0.2) == pytest.approx(0.2)
    assert overview_factor((40000, 30000), 0.3) == pytest.approx(0.03)
    assert overview_factor((500, 400), 0.3) == 1.0


def off_by(overviews, pair, dx):
    """A hypothesis whose shift is off by so many px."""
    truth = pair[3](np.array([[0, 0], [400, 0], [400, 400], [0, 400.0]])) + np.array((dx, 0))
    corners = np.array([[0, 0], [400, 0], [400, 400], [0, 400]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, truth.astype(np.float32))
    return judge(*overviews, "test", matrix)


def test_icp_brings_outlines_together(overviews, pair, values):
    start = off_by(overviews, pair, 3.0)
    icp, best = refine_outline(*overviews, start, values)
    assert icp.accepted
    assert icp.after_px < icp.before_px
    assert best.correlation > start.correlation


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("max_translation", 0.5),
        ("max_rotation", 1e-7),
        ("max_scale_delta", 1e-9),
        ("max_scale_diff", 1e-9),
    ],
)
def test_icp_keeps_to_its_bounds(overviews, pair, values, name, limit):
    start = off_by(overviews, pair, 3.0)
    icp, best = refine_outline(*overviews, start, {**values, name: limit})
    assert not icp.accepted
    assert best is start


def test_icp_never_makes_the_interiors_less_alike(overviews, pair, values):
    start = off_by(overviews, pair, 0.0)
    icp, best = refine_outline(*overviews, start, values)
    assert best.correlation >= start.correlation
    if not icp.accepted:
        assert best is start


def test_fine_ecc_obeys_its_iterations_and_threshold(overviews, pair, values):
    start = off_by(overviews, pair, 1.0)
    full, once, lax = (
        refine_by_correlation(*overviews, start, {**values, **changes})
        for changes in ({}, {"stopit": 1}, {"stopdelta": 0.9})
    )
    assert full[0].correlation > start.correlation
    assert full[1].startswith("fine_ecc: correlation")
    assert full[0].correlation > once[0].correlation
    assert full[0].correlation > lax[0].correlation


@pytest.fixture(scope="module")
def boundary(pair):
    from exo2micro.parameters import resolve

    return run_boundary_stage(*pair[:2], PADDING, resolve({}))


def test_interior_blur_decides_which_features_are_found(pair, boundary, values):
    found = [
        run_interior_stage(*pair[:2], PADDING, boundary, {**values, "interior_blur_base": blur})
        for blur in (1.0, 6.0)
    ]
    assert found[0]["features"]["found_post"] > 2 * found[1]["features"]["found_post"]


def test_the_interiors_correction_is_bounded(pair, boundary, values):
    record = run_interior_stage(
        *pair[:2], PADDING, boundary, {**values, "interior_max_correction": 1e-4}
    )
    assert record["verdict"] == "fail"
    assert any("interior_max_correction" in reason for reason in record["reasons"])


def test_features_below_the_inlier_ratio_are_not_used(pair, boundary, values):
    shifted = {**boundary, "pre_from_post": boundary["pre_from_post"].copy()}
    shifted["pre_from_post"][:2, 2] += 3.0
    used, unused = (
        run_interior_stage(
            *pair[:2],
            PADDING,
            shifted,
            {**values, "interior_min_inlier_ratio": ratio, "interior_blur_base": 1.0},
        )
        for ratio in (0.4, 1.0)
    )
    assert "features" in used["levels"]
    if used["features"]["inlier_ratio"] < 1:
        assert "features" not in unused["levels"]
        assert any("interior_min_inlier_ratio" in note for note in unused["notes"])
