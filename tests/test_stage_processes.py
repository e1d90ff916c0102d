"""What several processes make of a large photograph is what one makes of it, file by file."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from exo2micro import padding as padding_module
from exo2micro.aligned_image import write_aligned, write_aligned_and_measure
from exo2micro.difference_image import Subtraction, write_difference
from exo2micro.geometry import similarity
from exo2micro.padding import plan_padding, write_padded
from exo2micro.storage import open_image, read_arrays, write_arrays, write_record

RAW = {"post": (1300, 1900), "pre": (1250, 1960)}
PAD = 300
NAMES = ("padded_post", "padded_pre", "aligned", "measured", "difference")


def write_raw(path, shape, seed, dtype, **how):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, shape), 1.5)
    top = 1.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max / 2
    grey = np.clip((0.3 + 0.4 * noise) * top, 0, None).astype(dtype)
    pixels = np.stack([0 * grey, grey, 0 * grey], axis=2)
    tifffile.imwrite(path, pixels, photometric="rgb", **how)


def make_all(folder, raw, suffix, threads):
    """All images of a pair that several processes may work on, and the pair's statistics."""
    folder.mkdir()
    path = {name: folder / f"{name}.{suffix}" for name in NAMES}
    facts = {"channel_name": "D", "pixel_size_um": None, "header": {}, "threads": threads}
    record = plan_padding("S", "D", raw, PAD)
    for stain in ("post", "pre"):
        told = write_padded(raw[stain], path[f"padded_{stain}"], record, stain, facts)
        means = tifffile.imread(raw[stain]).mean(axis=(0, 1), dtype=float)
        np.testing.assert_allclose(told["channel_means"], means, rtol=1e-9)
        record["raw"][stain] |= told
    matrix = similarity(9, 1.02, (1200, 900), (1190, 910))
    transform = {"stage": "03_interior_aligned", "pre_from_post": matrix, "displacement": None}
    write_record(folder / "transform.json", transform)
    sources = SimpleNamespace(
        post=path["padded_post"], pre=path["padded_pre"], transform=folder / "transform.json"
    )
    values = {"interpolation": "cubic"}
    write_aligned(sources, path["aligned"], transform, record, values, header={}, threads=threads)
    arrays = write_aligned_and_measure(sources, path["measured"], transform, record, "cubic", facts)
    write_arrays(folder / "joint.npz", **arrays)
    subtraction = Subtraction(1.4, None, 1.0, 2.0)
    write_difference(sources, path["difference"], record, subtraction, "cubic", facts)
    return path, read_arrays(folder / "joint.npz")


@pytest.mark.parametrize(
    ("dtype", "how", "suffix", "forks"),
    [
        ("uint8", {}, "tiff", 5),
        ("uint16", {"compression": "deflate", "rowsperstrip": 64}, "tiff", 3),
        ("float32", {"tile": (256, 256)}, "fits", 3),
    ],
)
def test_two_processes_make_the_same(tmp_path, monkeypatch, caplog, dtype, how, suffix, forks):
    raw = {stain: tmp_path / f"{stain}.tif" for stain in RAW}
    for seed, (stain, shape) in enumerate(RAW.items()):
        write_raw(raw[stain], shape, seed, dtype, **how)
    monkeypatch.setattr(padding_module, "LARGE_PX", 0)
    caplog.set_level(logging.INFO, "exo2micro")
    one, joint_of_one = make_all(tmp_path / "one", raw, suffix, 1)
    assert "processes worked on" not in caplog.text
    two, joint_of_two = make_all(tmp_path / "two", raw, suffix, 2)
    # Strips and tiles that are packed are decoded once only among threads.
    assert caplog.text.count("processes worked on") == forks
    for name in NAMES:
        with open_image(one[name]) as first, open_image(two[name]) as second:
            assert first.levels == second.levels
            for level, (height, width) in enumerate(first.levels):
                pixels = [image.read((0, height, 0, width), level) for image in (first, second)]
                np.testing.assert_array_equal(*pixels, err_msg=f"{name}, level {level}")
                assert pixels[0].any()
    assert joint_of_one.keys() == joint_of_two.keys()
    for name, array in joint_of_one.items():
        np.testing.assert_array_equal(array, joint_of_two[name], err_msg=name)


def test_small_photographs_are_not_worth_it(tmp_path, caplog):
    raw = {stain: tmp_path / f"{stain}.tif" for stain in RAW}
    for seed, (stain, shape) in enumerate(RAW.items()):
        write_raw(raw[stain], shape, seed, "uint8")
    caplog.set_level(logging.INFO, "exo2micro")
    make_all(tmp_path / "out", raw, "tiff", 2)
    assert "processes worked on" not in caplog.text
