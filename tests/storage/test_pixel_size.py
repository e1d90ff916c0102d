import numpy as np
import pytest
import tifffile

from exo2micro.storage import open_raw

GREY = np.zeros((20, 30), np.uint8)


def pixel_size(path, **kwargs):
    tifffile.imwrite(path, GREY, photometric="minisblack", **kwargs)
    with open_raw(path) as opened:
        return opened.pixel_size_um


@pytest.mark.parametrize(
    ("sizes", "unit", "expected"),
    [
        ((0.325, 0.33), "µm", (0.325, 0.33)),
        ((325.0, 330.0), "nm", (0.325, 0.33)),
        ((0.000325, 0.00033), "mm", (0.325, 0.33)),
        ((325.0, 330.0), "µm", None),
        ((1.0, 1.0), "pixel", None),
    ],
)
def test_ome(tmp_path, sizes, unit, expected):
    metadata = {"axes": "YX"}
    for axis, size in zip("XY", sizes, strict=True):
        metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": unit}
    found = pixel_size(tmp_path / "a.ome.tif", ome=True, metadata=metadata)
    assert found == (None if expected is None else pytest.approx(expected))


def test_ome_without_unit_is_micrometres(tmp_path):
    metadata = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}
    assert pixel_size(tmp_path / "a.ome.tif", ome=True, metadata=metadata) == (0.5, 0.25)
    assert pixel_size(tmp_path / "b.ome.tif", ome=True, metadata={"axes": "YX"}) is None


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        ((2.0, 4.0), "micron", (0.5, 0.25)),
        ((2.0, 4.0), "um", (0.5, 0.25)),
        ((2000.0, 4000.0), "mm", (0.5, 0.25)),
        ((20000.0, 40000.0), "cm", (0.5, 0.25)),
        ((50800.0, 101600.0), "inch", (0.5, 0.25)),
        ((1.0, 1.0), "pixel", None),
    ],
)
def test_imagej(tmp_path, resolution, unit, expected):
    found = pixel_size(
        tmp_path / "a.tif",
        imagej=True,
        resolution=resolution,
        metadata={"unit": unit, "axes": "YX"},
    )
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        ((20000, 40000), "CENTIMETER", (0.5, 0.25)),
        ((50800, 50800), "INCH", (0.5, 0.5)),
        ((72, 72), "INCH", None),
        ((300, 300), "INCH", None),
        ((1200, 1200), "INCH", None),
        ((118.11, 118.11), "CENTIMETER", None),
        ((20000, 20000), "NONE", None),
        ((0, 0), "CENTIMETER", None),
    ],
)
def test_plain_tags_are_believed_only_where_plausible(tmp_path, resolution, unit, expected):
    found = pixel_size(
        tmp_path / "a.tif", resolution=resolution, resolutionunit=unit, metadata=None
    )
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))
