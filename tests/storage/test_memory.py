"""Memory must not grow with the height of an image: full-size ones are 34000 px tall."""

import subprocess
import sys

import numpy as np
import pytest
import tifffile

from exo2micro.resource_model import RawSize, reading_mb

pytest.importorskip("resource", reason="measuring memory needs a POSIX system")

STREAM = """
import resource, sys
import numpy as np
from exo2micro.storage import open_image, open_raw, tile_windows, write_image
import cv2, astropy.io.fits, exo2micro.storage.images, exo2micro.storage.raw

path, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shape = (height, width)
tile = np.random.default_rng(1).random((512, 512)).astype(np.float32)
tiles = lambda: (tile[: w.height, : w.width] for w in tile_windows(shape))
exo2micro.storage.raw.CACHE_BYTES = 1 << 20  # the usual one would hold the smaller image whole
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_image(path, shape, "float32", tiles(), threads=2)
with open_image(path, cache_bytes=1 << 20) as image:
    for window in tile_windows(shape):
        image.read(window)
    image.read_reduced(0.05)
if path.endswith("tiff"):
    with open_raw(path) as photograph:
        photograph.count_channels()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def peak_kilobytes(path, height, width):
    result = subprocess.run(
        [sys.executable, "-c", STREAM, str(path), str(height), str(width)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
    )
    return int(result.stdout)


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_streaming_takes_the_same_memory_whatever_the_height(tmp_path, suffix):
    third = peak_kilobytes(tmp_path / f"third.{suffix}", 5000, 3000)
    whole = peak_kilobytes(tmp_path / f"whole.{suffix}", 15000, 3000)
    image_kilobytes = 4 * 15000 * 3000 / 1024
    assert whole < third + 0.15 * image_kilobytes
    assert whole < 0.6 * image_kilobytes


ONE_STRIP = """
import sys
import numpy as np, tifffile
from exo2micro.storage import open_raw

def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024

with open_raw(sys.argv[1]) as photograph:
    photograph.count_channels()
    assert not photograph.windowed
    print(photograph.decode_bytes, peak())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_one_compressed_strip_takes_the_memory_that_its_header_tells(tmp_path):
    """46 Mpx RGB, the smallest size at which a strip is unpacked to disk."""
    path = tmp_path / "strip.tif"
    grain = np.random.default_rng(1).integers(0, 60, (500, 7000, 3), dtype=np.uint8)
    image = np.tile(grain, (14, 1, 1))[:6600]
    tifffile.imwrite(path, image, photometric="rgb", compression="zstd", rowsperstrip=len(image))
    told, peak = subprocess.run(
        [sys.executable, "-c", ONE_STRIP, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
    ).stdout.split()
    assert image.nbytes < int(told) < 2.2 * image.nbytes
    assert image.nbytes < int(peak) < 1e6 * reading_mb([RawSize(6600, 7000, 1, int(told))], 0)
