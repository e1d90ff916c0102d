"""Stages 2 and 3 on small scenes of known truth."""

from functools import cache

import numpy as np
import pytest

from exo2micro.errors import AlignmentError
from exo2micro.geometry import Transform
from exo2micro.parameters import resolve
from exo2micro.registration import run_boundary_stage, run_interior_stage
from exo2micro.verdict import stop_failed_alignment

# Side of the bent pair, and a padding of more than half of it, px.
BENT, WIDE = 640, 400


def padding_of(box):
    shape = {"shape": [box[1] - box[0], box[3] - box[2]]}
    return {
        "pad": box[0],
        "raw": {"post": shape, "pre": shape},
        "saturation": {"post": 255, "pre": 255},
    }


def distances(record, true_map, points):
    return np.hypot(*(Transform.from_record(record).map_points(points) - true_map(points)).T)


@pytest.mark.parametrize(
    ("rotation", "magnification"), [(6.0, 1.02), (-95.0, 0.75), (180.0, 1.0), (45.0, 1.35)]
)
def test_any_rotation_and_magnification_is_found(make_pair, values, rotation, magnification):
    post, pre, box, true_map, points = make_pair(11, rotation, magnification)
    padding = padding_of(box)
    boundary = run_boundary_stage(post, pre, padding, values)
    assert boundary["verdict"] == "pass"
    assert np.median(distances(boundary, true_map, points)) < 2
    interior = run_interior_stage(post, pre, padding, boundary, values)
    assert interior["verdict"] == "pass", interior["reasons"]
    error = distances(interior, true_map, points)
    assert np.median(error) < 0.05
    assert interior["estimated_accuracy_px"] < 0.1
    turn = interior["motion"]["rotation_deg"]
    assert (turn - rotation + 180) % 360 - 180 == pytest.approx(0, abs=0.05)


@pytest.fixture(scope="module")
def bent(make_pair):
    """Run both stages on a bent pair, in a padding of a given width."""

    def bend(xy):
        x, y = xy.T
        return 3 * np.stack([np.sin(y / 70), np.cos(x / 80)], axis=1)

    @cache
    def run(pad):
        pair = make_pair(12, 5.0, 1.0, size=BENT, bend=bend, pad=pad)
        padding = padding_of(pair[2])
        boundary = run_boundary_stage(*pair[:2], padding, resolve())
        return pair, boundary, run_interior_stage(*pair[:2], padding, boundary, resolve())

    return run


def test_bending_is_followed(bent, values):
    (post, pre, box, true_map, points), boundary, interior = bent(60)
    assert interior["tiles"]["model"] == "bending"
    assert np.median(distances(interior, true_map, points)) < 0.3
    stiff = run_interior_stage(
        post, pre, padding_of(box), boundary, {**values, "interior_nonrigid": "false"}
    )
    assert stiff["displacement"] is None
    assert np.median(distances(stiff, true_map, points)) > 0.5


def test_wide_padding_changes_nothing(bent):
    records = {}
    for pad in (60, WIDE):
        (*_, true_map, points), boundary, interior = bent(pad)
        assert interior["tiles"]["model"] == "bending"
        assert np.median(distances(boundary, true_map, points)) < 4
        assert np.median(distances(interior, true_map, points)) < 0.3
        tiles = interior["tiles"]
        assert min(min(tiles["x"]), min(tiles["y"])) > pad
        assert max(max(tiles["x"]), max(tiles["y"])) < pad + BENT
        records[pad] = boundary, interior
    for narrow, wide in zip(records[60], records[WIDE], strict=True):
        assert narrow["verdict"] == wide["verdict"]
        gap = np.array(wide["centre"]) - narrow["centre"]
        np.testing.assert_allclose(gap, WIDE - 60, atol=0.5)
        for name, slack in (("rotation_deg", 0.1), ("scale_x", 2e-3)):
            assert wide["motion"][name] == pytest.approx(narrow["motion"][name], abs=slack)


def test_different_samples_fail_and_stop_the_pair(make_pair, values):
    post, pre, box, _, _ = make_pair(13, 3.0, 1.0, pre_seed=99)
    padding = padding_of(box)
    boundary = run_boundary_stage(post, pre, padding, values)
    interior = run_interior_stage(post, pre, padding, boundary, values)
    assert interior["verdict"] == "fail"
    with pytest.raises(AlignmentError, match="CD070 / DAPI: the alignment failed"):
        stop_failed_alignment("CD070", "DAPI", interior, "stop")
    stop_failed_alignment("CD070", "DAPI", interior, "keep")


def test_a_blank_image_fails_and_is_named(make_pair, values):
    post, pre, box, _, _ = make_pair(14, 3.0, 1.0)
    pre.pixels[:] = 3
    boundary = run_boundary_stage(post, pre, padding_of(box), values)
    assert boundary["verdict"] == "fail"
    assert "pre-stain image shows no structure" in boundary["reasons"][0]
    interior = run_interior_stage(post, pre, padding_of(box), boundary, values)
    assert interior["verdict"] == "fail"


def test_one_photograph_twice_fails(make_pair, values):
    post, _, box, _, _ = make_pair(15, 0.0, 1.0)
    boundary = run_boundary_stage(post, post, padding_of(box), values)
    assert boundary["verdict"] == "fail"
    assert "same photograph" in boundary["reasons"][0]
    interior = run_interior_stage(post, post, padding_of(box), boundary, values)
    assert interior["verdict"] == "fail"


def test_a_mirrored_image_fails_and_is_told(make_pair, values):
    post, pre, box, _, _ = make_pair(16, 3.0, 1.0)
    pre.pixels[:] = pre.pixels[:, ::-1].copy()
    boundary = run_boundary_stage(post, pre, padding_of(box), values)
    assert boundary["verdict"] == "fail"
    assert any("mirrored" in reason for reason in boundary["reasons"])


def test_without_the_interior_stage_the_boundary_transform_is_handed_on(make_pair, values):
    post, pre, box, _, _ = make_pair(17, 8.0, 1.0)
    padding = padding_of(box)
    boundary = run_boundary_stage(post, pre, padding, values)
    handed = run_interior_stage(post, pre, padding, boundary, {**values, "interior_ecc": False})
    assert np.array_equal(handed["pre_from_post"], boundary["pre_from_post"])
    assert handed["estimated_accuracy_px"] is None
    assert handed["levels"] == []


def test_the_first_ranges_are_widened_and_it_says_so(make_pair, values):
    post, pre, box, true_map, points = make_pair(18, 140.0, 1.0)
    narrow = {**values, "use_edges": True, "interior_blur_base": 8.0}
    boundary = run_boundary_stage(post, pre, padding_of(box), narrow)
    assert np.median(distances(boundary, true_map, points)) < 2
    if boundary["method"] == "wide search":
        assert any("widened" in note for note in boundary["notes"])
