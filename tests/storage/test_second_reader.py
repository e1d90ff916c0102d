"""Our OME-TIFF as another program reads it: libvips, on top of libtiff (Debian: libvips-tools)."""

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from exo2micro.storage import tile_windows, write_image
from exo2micro.storage.pyramid import halve

pytestmark = pytest.mark.skipif(
    shutil.which("vips") is None,
    reason="libvips' command line is not installed (Debian: apt install libvips-tools)",
)
SHAPE = (2051, 1301)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=["uint8", "uint16", "float32"])
def image(request):
    return (np.random.default_rng(4).random(SHAPE) * 250).astype(request.param)


@pytest.fixture
def path(tmp_path, image):
    tiles = (image[window.slices] for window in tile_windows(SHAPE))
    write_image(
        tmp_path / "a.tiff",
        SHAPE,
        image.dtype,
        tiles,
        channel_name="SybrGld",
        pixel_size_um=(0.5, 0.25),
    )
    return tmp_path / "a.tiff"


def test_every_level_reads_the_same(path, image, tmp_path):
    expected = image
    for source in (str(path), f"{path}[subifd=0]", f"{path}[subifd=1]"):
        run("vips", "rawsave", source, str(tmp_path / "level.raw"))
        read = np.fromfile(tmp_path / "level.raw", image.dtype).reshape(expected.shape)
        np.testing.assert_array_equal(read, expected)
        expected = halve(expected)


def test_channel_name_and_pixel_size(path):
    xml = run("vipsheader", "-f", "image-description", str(path))
    root = ElementTree.fromstring(xml.strip())
    pixels = root.find(".//{*}Pixels")
    assert root.find(".//{*}Channel").get("Name") == "SybrGld"
    assert (pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit")) == ("0.5", "µm")
    assert (pixels.get("PhysicalSizeY"), pixels.get("PhysicalSizeYUnit")) == ("0.25", "µm")
    assert (pixels.get("SizeX"), pixels.get("SizeY")) == ("1301", "2051")
    assert float(run("vipsheader", "-f", "xres", str(path))) == 2000  # px per mm
    assert float(run("vipsheader", "-f", "yres", str(path))) == 4000
    assert int(run("vipsheader", "-f", "n-subifds", str(path))) == 2
