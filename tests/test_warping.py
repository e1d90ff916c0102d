import cv2
import numpy as np
import pytest

from exo2micro.geometry import DisplacementGrid, Transform, similarity, translation
from exo2micro.storage import Window
from exo2micro.warping import HALFWAY, double, source_map, warp_pieces, warp_tile


def source_positions(transform, window):
    where = source_map(transform, window)
    return where.x0 + where.x.astype(np.float64), where.y0 + where.y.astype(np.float64)


class Whole:
    """An array as a padded image."""

    def __init__(self, pixels):
        self.pixels, self.shape = pixels, pixels.shape

    def read_padded(self, window):
        y0, y1, x0, x1 = window
        assert y0 >= 0
        assert x0 >= 0
        return self.pixels[y0:y1, x0:x1]


def smooth_scene(x, y):
    return 100 + 30 * np.sin(x / 4.1 + 0.3) * np.cos(y / 5.3) + 20 * np.sin((x + y) / 7.0)


@pytest.fixture(scope="module")
def scene():
    y, x = np.indices((420, 460), dtype=np.float64)
    return Whole(smooth_scene(x, y).astype(np.float32))


def bent(amplitude):
    y, x = np.mgrid[0:450:10, 0:450:10]
    dx, dy = amplitude * np.sin(y / 90), amplitude * np.cos(x / 110)
    grid = DisplacementGrid(0.0, 0.0, 10.0, 10.0, dx, dy)
    return Transform(similarity(23, 1.04, (200, 200), (221.3, 206.8)), grid)


@pytest.mark.parametrize(
    "transform", [Transform(similarity(-140, 0.9, (200, 200), (230, 210))), bent(4)]
)
def test_positions_are_the_transform_at_every_pixel(transform):
    window = Window(40, 141, 33, 150)
    x, y = source_positions(transform, window)
    rows, columns = np.indices(window.shape)
    points = np.stack([columns.ravel() + 33, rows.ravel() + 40], axis=1)
    exact = transform.map_points(points)
    # Bending of 4 px in waves of 565 px follows straight lines between nodes to 0.004 px.
    assert np.abs(np.stack([x.ravel(), y.ravel()], 1) - exact).max() < 0.01


@pytest.mark.parametrize(
    ("interpolation", "tolerance"), [("bilinear", 1.5), ("cubic", 0.35), ("lanczos", 0.25)]
)
def test_warped_values_are_the_scene_at_the_mapped_positions(scene, interpolation, tolerance):
    transform = bent(3)
    window = Window(150, 260, 160, 290)
    aligned, coverage = warp_tile(scene, transform, window, interpolation)
    x, y = source_positions(transform, window)
    assert coverage.all()
    assert np.abs(aligned - smooth_scene(x, y)).max() < tolerance


def test_a_whole_pixel_shift_changes_nothing(scene):
    for interpolation in ("bilinear", "cubic", "lanczos"):
        aligned, coverage = warp_tile(
            scene, Transform(translation(7, -5)), Window(50, 90, 60, 100), interpolation
        )
        assert coverage.all()
        assert np.array_equal(aligned, scene.pixels[45:85, 67:107])


def test_tiles_meet_without_a_seam(scene):
    transform = bent(4)
    whole, _ = warp_tile(scene, transform, Window(96, 224, 96, 224))
    parts = [
        warp_tile(scene, transform, Window(y, y + 64, x, x + 64))[0]
        for y in (96, 160)
        for x in (96, 160)
    ]
    joined = np.block([[parts[0], parts[1]], [parts[2], parts[3]]])
    assert np.abs(joined - whole).max() < 2e-3


@pytest.mark.parametrize("interpolation", ["cubic", "lanczos"])
def test_blocks_show_what_the_whole_doubled_image_does(scene, interpolation):
    window = Window(30, 365, 25, 391)  # more than a block both ways, and parts of one
    transform = bent(4)
    aligned, coverage = warp_tile(scene, transform, window, interpolation)
    assert coverage.mean() > 0.9
    where = source_map(transform, window)
    doubled = double(scene.pixels, HALFWAY[interpolation])
    positions = (2 * (start + axis) for start, axis in ((where.x0, where.x), (where.y0, where.y)))
    whole = cv2.remap(doubled, *positions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Counted from elsewhere, positions differ by 1e-4 px.
    assert np.abs(aligned - whole)[coverage].max() < 0.01
    sharp = Transform(translation(3.25, -2.5))
    quarter, shown = warp_tile(scene, sharp, window, interpolation)
    assert shown.all()
    assert np.array_equal(quarter, exact_quarter(doubled, window))


def exact_quarter(doubled, window):
    """What lies 3.25 px to the right and 2.5 above each pixel, from the doubled image."""
    y0, y1, x0, x1 = window
    rows = doubled[2 * y0 - 5 : 2 * y1 - 5 : 2]
    return (rows[:, 2 * x0 + 6 : 2 * x1 + 6 : 2] + rows[:, 2 * x0 + 7 : 2 * x1 + 7 : 2]) / 2


def test_pieces_are_tiles_to_the_last_bit(scene):
    window, transform = Window(-20, 301, 17, 390), bent(4)
    box = (60, 400, 50, 430)
    seen = np.zeros(window.shape, dtype=int)
    for piece, *images in warp_pieces(scene, transform, window, 128, "cubic", box):
        for image, tile in zip(
            images, warp_tile(scene, transform, piece, "cubic", box), strict=True
        ):
            assert np.array_equal(image, tile)
        seen[piece.within(window)] += 1
    assert np.all(seen == 1)


def test_nothing_is_invented_outside_the_raw_image(scene):
    box = (100, 300, 120, 320)
    window = Window(0, 200, 0, 200)
    aligned, coverage = warp_tile(scene, Transform(np.eye(3)), window, "cubic", box)
    expected = np.zeros((200, 200), dtype=bool)
    expected[100:, 120:] = True
    assert np.array_equal(coverage, expected)
    assert np.array_equal(aligned, np.where(expected, scene.pixels[:200, :200], 0))


def test_the_padding_does_not_reach_into_the_raw_images_rim():
    pixels = np.zeros((60, 60), dtype=np.float32)
    pixels[20:40, 20:40] = 50
    box = (20, 40, 20, 40)
    aligned, coverage = warp_tile(
        Whole(pixels), Transform(translation(0.5, 0.5)), Window(10, 50, 10, 50), "cubic", box
    )
    assert aligned[coverage] == pytest.approx(50)
    assert not aligned[~coverage].any()


def test_doubling_keeps_pixels_and_follows_a_cubic_between_them():
    x = np.arange(20, dtype=np.float64)
    row = (0.01 * x**3 - 0.2 * x**2 + x + 3).astype(np.float32)
    doubled = double(np.tile(row, (8, 1)), np.array([-1, 9, 9, -1]) / 16)
    assert np.array_equal(doubled[::2, ::2], np.tile(row, (8, 1)))
    halfway = x[2:-3] + 0.5
    exact = 0.01 * halfway**3 - 0.2 * halfway**2 + halfway + 3
    assert doubled[6, 5:-6:2] == pytest.approx(exact, abs=1e-4)
