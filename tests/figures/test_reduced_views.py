"""What the figures of an alignment are drawn from: reduced images, footprints, the reduced warp."""

import numpy as np
import pytest

from exo2micro.figure_inputs import reduce_pair
from exo2micro.figures.image_panel import likeness
from exo2micro.figures.reduced_warp import warp_reduced
from exo2micro.footprint import Footprint
from exo2micro.geometry import DisplacementGrid, Transform
from exo2micro.overview import make_overview
from exo2micro.registration import raw_box
from exo2micro.storage import open_image, tile_windows, write_image
from exo2micro.view import View, overview_factor
from exo2micro.warping import warp_tile


def test_the_reduced_warp_is_the_full_one(good):
    records = good.padding, good.boundary
    post, pre = reduce_pair(good.post, good.pre, *records, good.values["down_scale"])
    transform = Transform.from_record(good.interior)
    assert post.factors == (1.0, 1.0)
    aligned, coverage, sample = warp_reduced(post, pre, transform)
    shape = good.post.shape
    full, shown = warp_tile(
        good.pre, transform, (0, shape[0], 0, shape[1]), "bilinear", raw_box(good.padding, "pre")
    )
    assert np.abs(aligned - full)[coverage & shown].max() < 2
    assert (coverage == (shown & post.footprint.raw_area)).mean() > 0.995
    assert likeness(post.image, aligned, sample) > 0.9
    assert likeness(post.image, pre.image, sample) < 0.7


def test_the_reduced_warp_follows_the_bending():
    shifts = np.random.default_rng(3).normal(size=(2, 4, 5))
    grid = DisplacementGrid(100.0, 100.0, 400.0, 400.0, *shifts)
    matrix = np.array([[0.97, 0.2, 130.0], [-0.2, 0.97, 330.0], [1e-6, -2e-6, 1.0]])
    transform = Transform(matrix, grid)
    whole = np.ones((401, 503), bool)
    ramp = np.broadcast_to(np.arange(700, dtype=np.float32), (600, 700))
    there = np.ones(ramp.shape, bool)
    post, pre = (
        View(image, factors, Footprint(mask, 0.0, image, True, mask, mask))
        for image, factors, mask in (
            (whole.astype(np.float32), (0.25, 0.2), whole),
            (ramp, (0.25, 0.25), there),
        )
    )
    aligned, coverage, _ = warp_reduced(post, pre, transform)
    y, x = np.indices(whole.shape)
    xy = np.stack([(x.ravel() + 0.5) * 4 - 0.5, (y.ravel() + 0.5) * 5 - 0.5], axis=1)
    expected = (transform.map_points(xy)[:, 0].reshape(whole.shape) + 0.5) / 4 - 0.5
    assert coverage.mean() > 0.5
    # The grid bends it by up to 0.7 px here; it has kinks at its nodes.
    assert np.abs(aligned - expected)[coverage].max() < 0.1


def written_blob(path, level):
    """An ellipse of grains on a dark ground, as a pyramid."""
    y, x = np.indices((5000, 1100))
    random = np.random.default_rng(8)
    grains = np.kron(random.uniform(0.3, 1.7, (250, 55)), np.ones((20, 20)))
    mineral = np.where(np.hypot((y - 2400) / 5, x - 550) < 400, level * grains, 0.1 * level)
    image = random.poisson(mineral).astype(np.uint8)
    windows = tile_windows(image.shape, 512)
    write_image(path, image.shape, image.dtype, (image[window.slices] for window in windows))
    return open_image(path)


@pytest.mark.parametrize("level", [30.0, 3.0])
def test_views_show_the_footprints_that_stage_2_found(tmp_path, level):
    box = (50, 4950, 50, 1050)
    padding = {"pad": 50, "raw": {s: {"shape": [4900, 1000]} for s in ("post", "pre")}}
    with written_blob(tmp_path / "a.tiff", level) as image:
        factor = overview_factor((4900, 1000), 0.1)
        seen = make_overview(image, box, factor)
        exact, _ = image.read_reduced(factor)
        found = {"level": seen.footprint.level, "fills_frame": seen.footprint.fills_frame}
        record = {"footprint": {"post": found, "pre": found}}
        view, _ = reduce_pair(image, image, padding, record, 0.1)
    assert not view.footprint.fills_frame
    assert view.factors == seen.factors
    assert np.array_equal(view.footprint.raw_area, seen.footprint.raw_area)
    mask = seen.footprint.mask
    assert 0.4 < mask.mean() < 0.5
    assert (view.footprint.mask ^ mask).sum() < 0.005 * mask.sum()
    assert np.abs(view.image - exact).mean() < 0.15
    # Levels of the pyramid are rounded, which dim images do not bear.
    assert np.array_equal(view.image, exact) == (level < 4)
