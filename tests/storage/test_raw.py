from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

import exo2micro.storage.raw as raw
import exo2micro.storage.segments as segments
from exo2micro.storage import open_raw, tile_windows

SHAPE = (151, 203)
STORAGES = {
    "one strip": {"rowsperstrip": SHAPE[0]},
    "strips": {"rowsperstrip": 7},
    "tiles": {"tile": (64, 48)},
}
CODECS = {
    "none": {},
    "lzw": {"compression": "lzw"},
    "deflate": {"compression": "deflate", "predictor": True},
    "zstd": {"compression": "zstd"},
    "packbits": {"compression": "packbits"},
}


def pixels(dtype, samples):
    rng = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        return rng.random((*SHAPE, samples)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, (*SHAPE, samples), dtype=dtype, endpoint=True)


def save(path, image, planar=False, **kwargs):
    """Write (h, w, samples) with tifffile, interleaved or in planes."""
    samples = image.shape[2]
    photometric = "rgb" if samples > 2 else "minisblack"
    extra = ["unassalpha"] if samples in (2, 4) else None
    stored = image[:, :, 0] if samples == 1 else np.moveaxis(image, 2, 0) if planar else image
    config = None if samples == 1 else "separate" if planar else "contig"
    tifffile.imwrite(
        path,
        stored,
        photometric=photometric,
        planarconfig=config,
        extrasamples=extra,
        metadata=None,
        **kwargs,
    )


def check_windows(path, image):
    """Compare every way of reading `path` with the colour channels `image`, (h, w, c)."""
    count = image.shape[2]
    with open_raw(path) as opened:
        assert (opened.shape, opened.dtype, opened.n_channels) == (SHAPE, image.dtype, count)
        np.testing.assert_array_equal(opened.read((0, SHAPE[0], 0, SHAPE[1])), image)
        for channel in range(count):
            y0, y1, x0, x1 = 60, 130, 40, 150
            part = opened.read((y0, y1, x0, x1), (channel,))
            assert part.shape == (y1 - y0, x1 - x0)
            np.testing.assert_array_equal(part, image[y0:y1, x0:x1, channel])
            np.testing.assert_array_equal(
                opened.read((150, 151, 200, 203), (channel,)), image[150:, 200:, channel]
            )
        means = opened.count_channels().means
    np.testing.assert_allclose(means, image.mean(axis=(0, 1), dtype=float), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("planar", [False, True], ids=["interleaved", "planes"])
def test_every_layout(tmp_path, dtype, samples, storage, planar):
    image = pixels(dtype, samples)
    save(tmp_path / "a.tif", image, planar, **STORAGES[storage])
    check_windows(tmp_path / "a.tif", image[:, :, : 3 if samples > 2 else 1])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_codec(tmp_path, codec, storage, dtype):
    image = pixels(dtype, 3)
    save(tmp_path / "a.tif", image, **STORAGES[storage], **CODECS[codec])
    check_windows(tmp_path / "a.tif", image)


@pytest.mark.parametrize("codec", ["jpeg2000", "png", "webp", "lzma", "jpegxl"])
def test_rarer_lossless_codecs(tmp_path, codec):
    image = pixels("uint8", 3)
    lossless = {"webp": {"lossless": True}, "jpegxl": {"lossless": True}}.get(codec, {})
    save(tmp_path / "a.tif", image, tile=(64, 64), compression=codec, compressionargs=lossless)
    check_windows(tmp_path / "a.tif", image)


def test_jpeg_in_ycbcr_is_read_as_rgb(tmp_path):
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    image = np.stack([x, y / 2, 200 - x], axis=-1).astype(np.uint8)
    save(
        tmp_path / "a.tif", image, tile=(64, 64), compression="jpeg", compressionargs={"level": 95}
    )
    with open_raw(tmp_path / "a.tif") as opened:
        read = opened.read((0, SHAPE[0], 0, SHAPE[1]))
    assert np.abs(read.astype(int) - image).mean() < 2


@pytest.mark.parametrize(
    "kwargs", [{"byteorder": ">"}, {"bigtiff": True}, {"byteorder": ">", "bigtiff": True}]
)
@pytest.mark.parametrize("codec", ["none", "deflate"])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_byte_orders_and_bigtiff(tmp_path, kwargs, codec, dtype):
    image = pixels(dtype, 1)
    save(tmp_path / "a.tif", image, **kwargs, **CODECS[codec])
    check_windows(tmp_path / "a.tif", image)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("planar", [False, True], ids=["interleaved", "planes"])
def test_a_strip_too_big_to_decode_at_once_goes_to_scratch(
    tmp_path, monkeypatch, codec, dtype, byteorder, planar
):
    monkeypatch.setattr(raw, "LARGEST_SEGMENT_BYTES", 1000)
    monkeypatch.setattr("exo2micro.storage.unpacking.READ_BYTES", 1000)
    image = pixels(dtype, 3)
    save(
        tmp_path / "a.tif",
        image,
        planar,
        byteorder=byteorder,
        rowsperstrip=SHAPE[0],
        **CODECS[codec],
    )
    with open_raw(tmp_path / "a.tif") as opened:
        assert opened.windowed == (codec == "none")
        assert (opened.scratch_bytes == image.nbytes) == (codec != "none")
    check_windows(tmp_path / "a.tif", image)


def test_big_tiles_go_to_scratch_too(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "LARGEST_SEGMENT_BYTES", 1000)
    image = pixels("uint16", 3)
    save(tmp_path / "a.tif", image, tile=(128, 144), compression="zstd")
    check_windows(tmp_path / "a.tif", image)


def test_nothing_is_decoded_twice_row_by_row(tmp_path, monkeypatch):
    image = np.zeros((1100, 900, 3), np.uint16)
    save(tmp_path / "a.tif", image, rowsperstrip=100, compression="lzw")
    monkeypatch.setattr(raw, "CACHE_BYTES", 0)
    decoded = []
    original = segments.decode_segment

    def counting(path, descriptor, page, index):
        decoded.append(index)
        return original(path, descriptor, page, index)

    monkeypatch.setattr(segments, "decode_segment", counting)
    with open_raw(tmp_path / "a.tif") as opened:
        for window in tile_windows(opened.shape, 512):
            opened.read(window, (1,))
    assert sorted(decoded) == list(range(11))


@pytest.mark.parametrize("ome", [True, False], ids=["OME", "ImageJ"])
@pytest.mark.parametrize("count", [2, 3])
def test_channels_in_pages_of_their_own(tmp_path, ome, count):
    image = pixels("uint16", count)
    kind = {"ome": True} if ome else {"imagej": True}
    name = "a.ome.tif" if ome else "a.tif"
    tifffile.imwrite(
        tmp_path / name,
        np.moveaxis(image, 2, 0),
        photometric="minisblack",
        metadata={"axes": "CYX"},
        **kind,
    )
    check_windows(tmp_path / name, image)


def test_of_a_pyramid_the_full_resolution_is_read(tmp_path):
    image = pixels("uint8", 3)
    with tifffile.TiffWriter(tmp_path / "sub.tif") as writer:
        writer.write(image, photometric="rgb", tile=(64, 64), subifds=1, metadata=None)
        writer.write(
            image[::2, ::2], photometric="rgb", tile=(64, 64), subfiletype=1, metadata=None
        )
    check_windows(tmp_path / "sub.tif", image)
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        writer.write(image[::4, ::4], photometric="rgb", metadata=None)
        writer.write(image, photometric="rgb", tile=(64, 64), metadata=None)
        writer.write(image[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    check_windows(tmp_path / "pages.tif", image)


def test_grey_samples_not_said_to_be_alpha_are_channels(tmp_path):
    image = pixels("uint8", 3)
    tifffile.imwrite(
        tmp_path / "a.tif", image, photometric="minisblack", planarconfig="contig", metadata=None
    )
    check_windows(tmp_path / "a.tif", image)


def test_a_single_extra_sample_is_never_signal(tmp_path):
    image = pixels("uint8", 2)
    tifffile.imwrite(
        tmp_path / "a.tif",
        image,
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unspecified"],
        metadata=None,
    )
    check_windows(tmp_path / "a.tif", image[:, :, :1])


def test_white_is_zero_is_turned_round(tmp_path):
    image = pixels("uint8", 1)
    tifffile.imwrite(tmp_path / "a.tif", image[:, :, 0], photometric="miniswhite", metadata=None)
    check_windows(tmp_path / "a.tif", 255 - image)


def test_half_floats_are_read_as_float32(tmp_path):
    image = pixels("float16", 1)
    save(tmp_path / "a.tif", image)
    check_windows(tmp_path / "a.tif", image.astype(np.float32))


def test_several_channels_are_summed_and_clipped(tmp_path):
    image = np.array([[[200, 100, 7], [1, 2, 3]]], np.uint8)
    save(tmp_path / "a.tif", image)
    save(tmp_path / "f.tif", image.astype(np.float32))
    with open_raw(tmp_path / "a.tif") as opened:
        np.testing.assert_array_equal(opened.read((0, 1, 0, 2), (0, 1)), [[255, 3]])
        np.testing.assert_array_equal(opened.read((0, 1, 0, 2), (0, 1, 2)), [[255, 6]])
        assert opened.read((0, 1, 0, 2), (0, 1)).dtype == np.uint8
    with open_raw(tmp_path / "f.tif") as opened:
        np.testing.assert_array_equal(opened.read((0, 1, 0, 2), (0, 1)), [[300, 3]])


def test_nan_is_read_and_counted_as_zero(tmp_path):
    image = np.array([[np.nan, 2, np.inf], [4, -np.inf, 6]], np.float32)[:, :, None]
    save(tmp_path / "a.tif", image)
    with open_raw(tmp_path / "a.tif") as opened:
        np.testing.assert_array_equal(opened.read((0, 2, 0, 3), (0,)), [[0, 2, 0], [4, 0, 6]])
        tally = opened.count_channels()
    assert tally.means == (2.0,)
    assert tally.peak == 6.0


def test_threads_read_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "LARGEST_SEGMENT_BYTES", 1000)
    image = pixels("uint16", 3)
    save(tmp_path / "a.tif", image, compression="lzw", rowsperstrip=SHAPE[0])
    windows = list(tile_windows(SHAPE, 30))
    with open_raw(tmp_path / "a.tif") as opened, ThreadPoolExecutor(6) as pool:
        for window, part in zip(windows, pool.map(opened.read, windows), strict=True):
            np.testing.assert_array_equal(part, image[window.slices])
