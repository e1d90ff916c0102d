import cv2
import numpy as np
import pytest

from exo2micro.footprint import boundary_ring, find_footprint, outline_points


def disc(shape=(160, 180), centre=(85.0, 80.0), radius=50.0, noise=0.5, seed=0, dark=3.0):
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape)
    inside = 1 / (1 + np.exp(np.hypot(x - centre[0], y - centre[1]) - radius))
    texture = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), 2) * 40
    image = dark + inside * np.clip(40 + texture, 15, None) + noise * rng.normal(size=shape)
    return image.astype(np.float32)


def test_a_disc_is_found_with_its_area():
    image = disc()
    footprint = find_footprint(image, np.ones(image.shape, dtype=bool))
    assert not footprint.fills_frame
    assert footprint.mask.sum() == pytest.approx(np.pi * 50**2, rel=0.08)


def test_fragments_and_a_hole_are_kept_and_specks_dropped():
    image = disc(radius=40, centre=(60, 80)) + disc(radius=20, centre=(140, 80)) - 3
    y, x = np.indices(image.shape)
    hole = np.hypot(x - 60, y - 80) < 14
    image[hole] = 3
    image[10:13, 10:13] = 200
    mask = find_footprint(image, np.ones(image.shape, dtype=bool)).mask
    count, _ = cv2.connectedComponents(mask.astype(np.uint8))
    assert count == 3
    assert not mask[80, 60]
    assert not mask[11, 11]
    assert mask[80, 140]


def test_texture_that_fills_the_frame_has_no_boundary():
    rng = np.random.default_rng(3)
    texture = cv2.GaussianBlur(rng.normal(size=(200, 200)), (0, 0), 3)
    image = (60 * np.exp(0.5 * texture / texture.std())).astype(np.float32)
    footprint = find_footprint(image, np.ones(image.shape, dtype=bool))
    assert footprint.fills_frame
    assert footprint.mask.all()
    assert not boundary_ring(footprint, 15, 10).any()
    assert len(outline_points(footprint)[0]) == 0


def test_a_blank_image_has_no_boundary():
    footprint = find_footprint(np.full((50, 50), 7, np.float32), np.ones((50, 50), dtype=bool))
    assert footprint.fills_frame


def test_the_photographs_edge_is_no_boundary():
    image = disc(centre=(20.0, 80.0), radius=60)
    footprint = find_footprint(image, np.ones(image.shape, dtype=bool))
    points, _ = outline_points(footprint)
    assert len(points) > 50
    assert points[:, 0].min() > 2
    ring = boundary_ring(footprint, 5, 1)
    assert ring[80, 0] < 0.01
    assert ring[80, 78:82].max() > 0.2


def test_outline_points_lie_on_the_circle_and_point_outwards():
    footprint = find_footprint(disc(noise=0.1), np.ones((160, 180), dtype=bool))
    points, normals = outline_points(footprint)
    offset = points - (85.0, 80.0)
    radius = np.hypot(*offset.T)
    assert np.median(np.abs(radius - np.median(radius))) < 0.6
    assert np.median(radius) == pytest.approx(51.0, abs=1.5)
    outward = (offset / radius[:, None] * normals).sum(axis=1)
    assert np.median(outward) > 0.95
