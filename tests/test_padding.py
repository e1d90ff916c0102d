"""Stage 1 reads a photograph once, and is not misled by the part of it that it looks at first."""

import logging

import numpy as np
import pytest
import tifffile

from exo2micro.padding import plan_padding, write_padded
from exo2micro.storage import open_image, raw, segments

PAD, SHAPE = 20, (3000, 400)
FACTS = {"channel_name": "D", "pixel_size_um": None, "header": {}}
STORED = {
    "plain": {},
    "strips": {"compression": "deflate", "rowsperstrip": 16},
    "tiles": {"compression": "lzw", "tile": (64, 64)},
    "one strip": {"compression": "deflate", "rowsperstrip": SHAPE[0]},
}


def photograph(channels):
    """RGB with noise in some channels."""
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    noise = np.random.default_rng(3).integers(20, 200, (*SHAPE, len(channels)), dtype=np.uint8)
    pixels[:, :, channels] = noise
    return pixels


def pad(folder, pixels, stored, channel=None, **facts):
    """The padded post image and what is told of its channels."""
    path = folder / "raw.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", **stored)
    record = plan_padding("S", "D", {"post": path, "pre": path}, PAD)
    told = write_padded(path, folder / "padded.tiff", record, "post", FACTS | facts, channel)
    with open_image(folder / "padded.tiff") as image:
        padded = image.read((0, image.shape[0], 0, image.shape[1]))
    return padded[PAD:-PAD, PAD:-PAD], told


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("stored", STORED)
def test_all_channels_are_counted_while_the_signal_is_written(
    tmp_path, monkeypatch, stored, threads
):
    if stored == "one strip":
        monkeypatch.setattr(raw, "LARGEST_SEGMENT_BYTES", 1000)
    pixels = photograph([1])
    pixels[:, :, 2] = 0
    pixels[5, 7, 2] = 9  # exact means tell of a single pixel
    padded, told = pad(tmp_path, pixels, STORED[stored], threads=threads)
    np.testing.assert_array_equal(padded, pixels[:, :, 1])
    assert told["channels"] == [1]
    np.testing.assert_allclose(told["channel_means"], pixels.mean(axis=(0, 1)), rtol=1e-12)


def test_a_photograph_is_read_once(tmp_path, monkeypatch):
    areas, read = [], segments.RowPixels.read

    def counted(self, window):
        areas.append(window.height * window.width)
        return read(self, window)

    monkeypatch.setattr(segments.RowPixels, "read", counted)
    monkeypatch.setattr(raw, "GLANCES", 4)
    pad(tmp_path, photograph([1]), STORED["plain"])
    assert sum(areas) <= 1.05 * SHAPE[0] * SHAPE[1]


def test_what_the_whole_tells_counts(tmp_path, monkeypatch, caplog):
    """The part that is looked at first shows red alone; green lies elsewhere."""
    caplog.set_level(logging.INFO, "exo2micro")
    monkeypatch.setattr(raw, "GLANCES", 1)
    pixels = photograph([1])
    seen = []
    monkeypatch.setattr(raw, "ordered_map", _spy(raw.ordered_map, seen))
    pad(tmp_path, pixels, STORED["plain"])
    (window,) = seen[0]
    pixels[window.slices] = (50, 0, 0)
    padded, told = pad(tmp_path, pixels, STORED["plain"])
    assert "other signal channels" in caplog.text
    means = pixels.mean(axis=(0, 1))
    assert means[0] < 0.5 < means[1]
    assert told["channels"] == [1]
    np.testing.assert_array_equal(padded, pixels[:, :, 1])


def _spy(ordered_map, seen):
    def spied(function, windows, threads):
        seen.append(list(windows))
        return ordered_map(function, seen[-1], threads)

    return spied


def test_a_channel_that_is_asked_for_is_taken(tmp_path):
    pixels = photograph([0, 1])
    padded, told = pad(tmp_path, pixels, STORED["plain"], channel=0)
    assert told["channels"] == [0]
    np.testing.assert_array_equal(padded, pixels[:, :, 0])
