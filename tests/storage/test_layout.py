import struct

import numpy as np
import pytest
import tifffile

from exo2micro.errors import ImageReadError
from exo2micro.storage import open_raw

GREY = np.arange(600, dtype=np.uint16).reshape(20, 30)


def refuse(path, match):
    with pytest.raises(ImageReadError, match=match) as caught, open_raw(path) as opened:
        opened.read((0, *opened.shape[:1], 0, opened.shape[1]))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"II", b"not an image at all", b"\x89PNG\r\n\x1a\n" + bytes(50), b"II*\0"]
)
def test_what_is_no_tiff(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    refuse(tmp_path / "a.tif", "not a TIFF|without any image")


def test_no_file_and_folders(tmp_path):
    refuse(tmp_path / "none.tif", "No such file")
    (tmp_path / "folder.tif").mkdir()
    refuse(tmp_path / "folder.tif", "folder")


def test_no_pages(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<I", 0))
    refuse(tmp_path / "a.tif", "without any image")


@pytest.mark.parametrize("kwargs", [{}, {"compression": "lzw"}, {"tile": (16, 16)}])
@pytest.mark.parametrize("kept", [0.95, 0.6, 0.3])
def test_truncated(tmp_path, kwargs, kept):
    image = np.random.default_rng(1).integers(0, 65535, (200, 300), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", image, metadata=None, **kwargs)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: int(len(content) * kept)])
    refuse(tmp_path / "a.tif", "truncated")


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_stacks(tmp_path, axes):
    stack = np.stack([GREY, GREY + 1])
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, ome=True, metadata={"axes": axes})
    refuse(tmp_path / "a.ome.tif", r"stack \(2 (focus planes|time points)\)")


def test_several_pages_of_one_size(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for _ in range(3):
            writer.write(GREY, metadata=None)
    refuse(tmp_path / "a.tif", r"stack \(3 pages\)")


def test_several_images_of_similar_size(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY, metadata=None)
        writer.write(GREY[:19], metadata=None)
    refuse(tmp_path / "a.tif", "2 images")


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint32", "complex64", "bool"])
def test_types_that_cannot_be_used(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(dtype), photometric="minisblack")
    refuse(tmp_path / "a.tif", "type .*expected 8- or 16-bit")


def test_packed_bits(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="minisblack", bitspersample=12)
    refuse(tmp_path / "a.tif", "12 bits")


def test_palette(tmp_path):
    palette = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif", GREY.astype(np.uint8), photometric="palette", colormap=palette
    )
    refuse(tmp_path / "a.tif", "indexed colours, expected grey or RGB")


def test_cmyk(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 30, 4), np.uint8), photometric="separated")
    refuse(tmp_path / "a.tif", "CMYK")


def test_more_than_three_colours(tmp_path):
    image = np.zeros((20, 30, 5), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig")
    refuse(tmp_path / "a.tif", "5 channels")
    pages = np.zeros((4, 20, 30), np.uint8)
    tifffile.imwrite(
        tmp_path / "b.ome.tif", pages, photometric="minisblack", metadata={"axes": "CYX"}
    )
    refuse(tmp_path / "b.ome.tif", "4 channels")


def set_tag(path, name, value):
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages[0].tags[name].overwrite(value)


def test_absurd_size(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, compression="lzw", metadata=None)
    for name in ("ImageLength", "ImageWidth", "RowsPerStrip"):
        set_tag(tmp_path / "a.tif", name, 60000)
    refuse(tmp_path / "a.tif", r"60000 x 60000 px \(7\.2 GB\).*header is damaged")


def test_more_rows_claimed_than_stored(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, metadata=None)
    set_tag(tmp_path / "a.tif", "ImageLength", 25)
    refuse(tmp_path / "a.tif", "truncated")
    set_tag(tmp_path / "a.tif", "RowsPerStrip", 25)
    refuse(tmp_path / "a.tif", "truncated")


def test_unknown_codecs(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, compression="lzw", metadata=None)
    set_tag(tmp_path / "a.tif", "Compression", 34661)  # JBIG
    refuse(tmp_path / "a.tif", "compressed with JBIG")


@pytest.mark.parametrize("compression", ["lzw", "deflate", "zstd", "jpeg2000"])
@pytest.mark.parametrize("scratch", [False, True])
def test_damaged_pixels(tmp_path, compression, scratch, monkeypatch):
    if scratch:
        monkeypatch.setattr("exo2micro.storage.raw.LARGEST_SEGMENT_BYTES", 10)
    tifffile.imwrite(tmp_path / "a.tif", GREY, compression=compression, metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        start, count = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[start : start + count] = bytes([0xAA]) * count
    (tmp_path / "a.tif").write_bytes(content)
    refuse(tmp_path / "a.tif", "damaged")
