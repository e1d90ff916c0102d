import json
from math import cos, radians, sin

import numpy as np
import pytest

from exo2micro import load_transform
from exo2micro.errors import RecordError
from exo2micro.geometry import (
    DisplacementGrid,
    Transform,
    apply_homography,
    decompose,
    full_from_reduced,
    lift,
    lower,
    similarity,
    translation,
)
from exo2micro.storage import write_record


def test_similarity_turns_x_towards_y_about_its_centre():
    matrix = similarity(90, 2.0, (10, 20), (100, 200))
    mapped = apply_homography(matrix, np.array([[10.0, 20.0], [11.0, 20.0], [10.0, 21.0]]))
    assert mapped == pytest.approx(np.array([[100, 200], [100, 202], [98, 200]]))


@pytest.mark.parametrize("angle", [-170.0, -31.0, 0.0, 45.0, 123.0])
def test_decompose_finds_what_a_matrix_was_made_of(angle):
    a = radians(angle)
    turn = np.array([[cos(a), -sin(a), 0], [sin(a), cos(a), 0], [0, 0, 1]])
    stretch = np.array([[1.1, 0.03 * 1.1, 0], [0, 0.93, 0], [0, 0, 1]])
    parts = decompose(translation(5, 7) @ turn @ stretch, (0.0, 0.0))
    assert parts["rotation_deg"] == pytest.approx(angle)
    assert parts["scale_x"] == pytest.approx(1.1)
    assert parts["scale_y"] == pytest.approx(0.93)
    assert parts["shear"] == pytest.approx(0.03)
    assert parts["shift"] == pytest.approx([5, 7])


def test_decompose_sees_the_local_behaviour_of_a_perspective():
    matrix = np.array([[1, 0, 0], [0, 1, 0], [1e-3, 0, 1.0]])
    step = 1e-4
    points = np.array([[200.0, 50], [200 + step, 50], [200, 50 + step]])
    mapped = apply_homography(matrix, points)
    column = (mapped[1] - mapped[0]) / step
    assert decompose(matrix, (200, 50))["scale_x"] == pytest.approx(np.hypot(*column), rel=1e-5)


def test_reduced_pixel_centres_lie_in_the_middle_of_what_they_average():
    up = full_from_reduced((0.25, 0.5))
    assert apply_homography(up, np.array([[0.0, 0.0], [3.0, 1.0]])) == pytest.approx(
        np.array([[1.5, 0.5], [13.5, 2.5]])
    )


def test_lift_undoes_lower_with_different_factors():
    matrix = similarity(33, 1.1, (400, 300), (420, 280))
    small = lower(matrix, (0.3, 0.31), (0.25, 0.26))
    assert lift(small, (0.3, 0.31), (0.25, 0.26)) == pytest.approx(matrix)
    points = np.array([[100.0, 50.0]])
    full_post = apply_homography(full_from_reduced((0.25, 0.26)), points)
    through_small = apply_homography(
        full_from_reduced((0.3, 0.31)), apply_homography(small, points)
    )
    assert through_small == pytest.approx(apply_homography(matrix, full_post))


def test_displacement_is_bilinear_and_holds_beyond_its_edge():
    grid = DisplacementGrid(
        10, 20, 4, 2, np.array([[0.0, 1.0], [2.0, 7.0]]), np.array([[0.0, 0.0], [4.0, 4.0]])
    )
    shift = grid.at([[10, 20], [14, 22], [12, 21], [0, 0], [100, 21]])
    assert shift[:, 0] == pytest.approx([0, 7, 2.5, 0, 4])
    assert shift[:, 1] == pytest.approx([0, 4, 2, 0, 2])


@pytest.mark.parametrize("rows", [1, 2, 6])
def test_a_lattice_is_mapped_as_its_points_are(rows):
    rng = np.random.default_rng(3)
    grid = DisplacementGrid(40.0, -30.0, 55.0, 47.0, *rng.normal(0, 3, (2, rows, 5)))
    matrix = similarity(33, 1.07, (100, 120), (130.3, 90.8))
    matrix[2, :2] = 3e-6, -5e-6
    x, y = np.arange(-20.5, 400, 8), np.arange(-90.5, 350, 8)
    for transform in (Transform(matrix), Transform(matrix, grid)):
        points = np.stack(np.meshgrid(x, y), axis=-1)
        exact = transform.map_points(points.reshape(-1, 2)).reshape(points.shape)
        assert np.abs(np.moveaxis(transform.map_lattice(x, y), 0, -1) - exact).max() < 1e-9


def test_a_transform_survives_its_file(tmp_path):
    grid = DisplacementGrid(0, 0, 50, 50, np.array([[0.5, 1], [2, 3.25]]), np.zeros((2, 2)))
    transform = Transform(similarity(10, 1.02, (50, 50), (57, 49)), grid)
    path = tmp_path / "03_interior.json"
    write_record(
        path,
        {"pre_from_post": transform.pre_from_post, "displacement": grid.to_record()},
    )
    xy = np.array([[0.0, 0.0], [25.0, 13.0], [49.0, 49.0]])
    read = load_transform(path)
    assert np.array_equal(read.pre_from_post, transform.pre_from_post)
    assert read.map_points(xy) == pytest.approx(transform.map_points(xy), abs=1e-4)
    bent = transform.map_points(xy) - apply_homography(transform.pre_from_post, xy)
    assert bent[2, 0] == pytest.approx(3.1803, abs=1e-3)


@pytest.mark.parametrize(
    "text", ["{}", '{"pre_from_post": [[1, 0], [0, 1]]}', '{"pre_from_post": "none"}', "not json"]
)
def test_a_damaged_record_is_named(tmp_path, text):
    path = tmp_path / "02_icp.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"02_icp\.json"):
        load_transform(path)


def test_records_are_plain_json(tmp_path):
    grid = DisplacementGrid(0.0, 0.0, 1.0, 1.0, np.zeros((2, 2)), np.zeros((2, 2)))
    assert json.loads(json.dumps(grid.to_record()))["dx"] == [[0, 0], [0, 0]]
