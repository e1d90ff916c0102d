from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from astropy.io import fits

from exo2micro.errors import ImageReadError, ImageWriteError
from exo2micro.storage import convert_image, open_image, packing, tile_windows, write_image
from exo2micro.storage.pyramid import halve

SHAPES = [(1, 1), (37, 500), (512, 512), (513, 1025), (1301, 1100)]


def random_image(shape, dtype, seed=1):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(0, 1e3, shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def tiles_of(image, tile=512):
    return (image[window.slices] for window in tile_windows(image.shape, tile))


def write(path, image, **kwargs):
    tiles = tiles_of(image, kwargs.get("tile", 512))
    write_image(path, image.shape, image.dtype, tiles, **kwargs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_pixels_round_trip_exactly(tmp_path, suffix, dtype, shape):
    image = random_image(shape, dtype)
    write(tmp_path / f"a.{suffix}", image, threads=2)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        assert opened.shape == shape
        assert opened.dtype == image.dtype
        whole = opened.read((0, shape[0], 0, shape[1]))
    assert whole.dtype == image.dtype
    assert whole.dtype.isnative
    np.testing.assert_array_equal(whole, image)


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_special_floats_round_trip(tmp_path, suffix):
    image = np.array([[np.nan, np.inf, -np.inf], [-0.0, 1e-45, 3.4e38]], np.float32)
    write(tmp_path / f"a.{suffix}", image)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        np.testing.assert_array_equal(
            opened.read((0, 2, 0, 3)).view(np.uint32), image.view(np.uint32)
        )


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_windows_that_cross_tiles(tmp_path, suffix, dtype):
    image = random_image((700, 900), dtype)
    write(tmp_path / f"a.{suffix}", image, tile=256)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        for y0, y1, x0, x1 in [
            (0, 1, 0, 900),
            (250, 520, 255, 257),
            (699, 700, 899, 900),
            (5, 5, 0, 9),
        ]:
            np.testing.assert_array_equal(opened.read((y0, y1, x0, x1)), image[y0:y1, x0:x1])


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_windows_that_stick_out_are_padded_with_zero(tmp_path, suffix):
    image = random_image((60, 50), "uint16")
    write(tmp_path / f"a.{suffix}", image)
    framed = np.pad(image, 100)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        for y0, y1, x0, x1 in [
            (-9, 70, -3, 60),
            (10, 20, 10, 20),
            (-90, -80, 0, 9),
            (55, 95, 40, 50),
        ]:
            np.testing.assert_array_equal(
                opened.read_padded((y0, y1, x0, x1)),
                framed[y0 + 100 : y1 + 100, x0 + 100 : x1 + 100],
            )
        with pytest.raises(ValueError, match="not inside"):
            opened.read((-9, 70, -3, 60))


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_left_out_are_zero(tmp_path, suffix, threads):
    image = random_image((1200, 1700), "uint8")
    empty = {0, 5, 6, 11}
    tiles = []
    for number, window in enumerate(tile_windows(image.shape)):
        if number in empty:
            image[window.slices] = 0
        tiles.append(None if number in empty else image[window.slices])
    write_image(tmp_path / f"a.{suffix}", image.shape, "uint8", tiles, threads=threads)
    with open_image(tmp_path / f"a.{suffix}") as opened:
        np.testing.assert_array_equal(opened.read((0, 1200, 0, 1700)), image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("threads", [1, 2])
def test_pyramid_levels_are_means_of_the_level_before(tmp_path, dtype, threads):
    image = random_image((2601, 1900), dtype)
    image[:600, :1100] = 0
    image[1000:1700, 300:1500] = 0
    write(tmp_path / "a.tiff", image, tile=256, threads=threads)
    with open_image(tmp_path / "a.tiff") as opened:
        assert opened.levels == [(2601, 1900), (1301, 950), (651, 475)]
        expected = image
        for level, (height, width) in enumerate(opened.levels):
            np.testing.assert_array_equal(opened.read((0, height, 0, width), level), expected)
            expected = halve(expected)
        np.testing.assert_array_equal(
            opened.read((100, 400, 200, 300), 2), halve(halve(image))[100:400, 200:300]
        )


def test_an_empty_image_has_empty_levels(tmp_path):
    write_image(tmp_path / "a.tiff", (2000, 2000), "float32", [None] * 16)
    with open_image(tmp_path / "a.tiff") as opened:
        assert not opened.read((0, 1000, 0, 1000), 1).any()
    assert (tmp_path / "a.tiff").stat().st_size < 50_000


def test_names_and_sizes_are_kept(tmp_path):
    image = random_image((30, 20), "uint8")
    write(tmp_path / "a.tiff", image, channel_name='Dye "β" & co', pixel_size_um=(0.325, 0.5))
    with open_image(tmp_path / "a.tiff") as opened:
        assert opened.channel_name == 'Dye "β" & co'
        assert opened.pixel_size_um == (0.325, 0.5)
        assert opened.header == {}
    write(tmp_path / "b.tiff", image)
    with open_image(tmp_path / "b.tiff") as opened:
        assert opened.pixel_size_um is None


def test_big_images_become_bigtiff(tmp_path, monkeypatch):
    image = random_image((600, 600), "uint8")
    write(tmp_path / "small.tiff", image)
    monkeypatch.setattr("exo2micro.storage.tiff.CLASSIC_TIFF_LIMIT", 1000)
    write(tmp_path / "big.tiff", image)
    with (
        tifffile.TiffFile(tmp_path / "small.tiff") as small,
        tifffile.TiffFile(tmp_path / "big.tiff") as big,
    ):
        assert (small.is_bigtiff, big.is_bigtiff) == (False, True)
    with open_image(tmp_path / "big.tiff") as opened:
        np.testing.assert_array_equal(opened.read((0, 600, 0, 600)), image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_fits_reads_in_astropy_with_the_cards_given(tmp_path, dtype):
    image = random_image((700, 530), dtype)
    cards = {"SAMPLE": "CD070", "SCALE": (0.1 + 0.2, "Moffat"), "ILVLOK": np.int64(3), "SS": False}
    write(tmp_path / "a.fits", image, header=cards)
    with fits.open(tmp_path / "a.fits") as units:
        units.verify("exception")
        np.testing.assert_array_equal(units[0].data, image)
        header = units[0].header
        assert header["SCALE"] == 0.1 + 0.2
        assert header.comments["SCALE"] == "Moffat"
        structure = {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "BZERO", "BSCALE"}
        assert set(header) - structure == set(cards)
    assert (tmp_path / "a.fits").stat().st_size % 2880 == 0
    with open_image(tmp_path / "a.fits") as opened:
        assert opened.header == {"SAMPLE": "CD070", "SCALE": 0.1 + 0.2, "ILVLOK": 3, "SS": False}


def test_invalid_cards_are_named_and_leave_nothing(tmp_path):
    with pytest.raises(ImageWriteError, match="FITS card"):
        write(tmp_path / "a.fits", random_image((3, 3), "uint8"), header={"IACC": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_conversion_there_and_back_keeps_every_pixel(tmp_path, dtype):
    image = random_image((1100, 600), dtype)
    write(tmp_path / "a.tiff", image, channel_name="DAPI", pixel_size_um=(0.5, 0.5))
    convert_image(tmp_path / "a.tiff", tmp_path / "b.fits", header={"DYE": "DAPI", "SCALE": 1.25})
    convert_image(tmp_path / "b.fits", tmp_path / "c.tiff", pixel_size_um=(0.5, 0.5), threads=2)
    with open_image(tmp_path / "b.fits") as middle, open_image(tmp_path / "c.tiff") as back:
        assert middle.header["SCALE"] == 1.25
        np.testing.assert_array_equal(middle.read((0, 1100, 0, 600)), image)
        np.testing.assert_array_equal(back.read((0, 1100, 0, 600)), image)
        assert (back.channel_name, back.pixel_size_um) == ("DAPI", (0.5, 0.5))
        assert len(back.levels) == 2


def broken_stream(image, fault):
    for number, window in enumerate(tile_windows(image.shape)):
        if number == 5:
            raise fault
        yield image[window.slices]


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_fault_on_the_way_leaves_nothing_behind(tmp_path, suffix, fault, threads):
    image = random_image((1600, 1600), "uint8")
    stream = broken_stream(image, fault)
    with pytest.raises(fault):
        write_image(tmp_path / f"a.{suffix}", image.shape, "uint8", stream, threads=threads)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_a_full_disk_is_explained_and_leaves_nothing_behind(tmp_path, suffix):
    resource = pytest.importorskip("resource", reason="limits need a POSIX system")
    image = random_image((1600, 1600), "float32")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(ImageWriteError, match=r"Cannot write .*a\.(tiff|fits).* 0\.01 GB"):
            write(tmp_path / f"a.{suffix}", image)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
@pytest.mark.parametrize(
    "tiles",
    [
        [np.zeros((100, 100), np.uint8)] * 2,
        [],
        [np.zeros((100, 99), np.uint8)],
        [np.zeros((100, 100), np.uint16)],
    ],
)
def test_tiles_that_do_not_fit_are_refused(tmp_path, suffix, tiles):
    with pytest.raises(ValueError, match=r"tile|zip"):
        write_image(tmp_path / f"a.{suffix}", (100, 100), "uint8", tiles)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_a_stream_is_read_to_its_end(tmp_path, suffix, threads):
    ended = []

    def tiles(count):
        for _ in range(count):
            yield np.ones((512, 512), np.uint8)
        ended.append(True)

    path = tmp_path / f"a.{suffix}"
    write_image(path, (1024, 1024), "uint8", tiles(4), threads=threads)
    assert ended
    with pytest.raises(ValueError, match="longer"):
        write_image(path, (1024, 1024), "uint8", tiles(5), threads=threads)


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_packed_tiles_make_the_same_image(tmp_path, suffix):
    image = random_image((700, 900), "float32")
    image[:512, :512] = 0
    path, packed = tmp_path / f"a.{suffix}", tmp_path / f"packed.{suffix}"
    pack = packing(packed)
    for target, change in ((path, lambda tile: tile), (packed, pack)):
        tiles = (change(image[window.slices]) for window in tile_windows(image.shape))
        write_image(target, image.shape, "float32", tiles)
    with open_image(path) as one, open_image(packed) as other:
        for level, (height, width) in enumerate(one.levels):
            pixels = [opened.read((0, height, 0, width), level) for opened in (one, other)]
            np.testing.assert_array_equal(*pixels)
    assert pack(None) is None


def test_types_that_cannot_be_kept_are_refused(tmp_path):
    with pytest.raises(ValueError, match="int32"):
        write_image(tmp_path / "a.tiff", (1, 1), "int32", [np.zeros((1, 1), np.int32)])
    with pytest.raises(ImageWriteError, match=r"\.tiff or \.fits"):
        write(tmp_path / "a.png", random_image((1, 1), "uint8"))


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_truncated_files_are_named(tmp_path, suffix):
    path = tmp_path / f"short.{suffix}"
    write(path, random_image((600, 600), "uint16"))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageReadError, match=r"short\..*(truncated|damaged)"):
        open_image(path)


@pytest.mark.parametrize("name", ["none.tiff", "none.fits", "a.png"])
def test_what_is_not_there_is_named(tmp_path, name):
    with pytest.raises(ImageReadError, match=name):
        open_image(tmp_path / name)


def test_other_fits_files_are_refused(tmp_path):
    fits.writeto(tmp_path / "signed.fits", np.zeros((3, 3), np.int16))
    fits.writeto(tmp_path / "cube.fits", np.zeros((3, 3, 3), np.float32))
    (tmp_path / "text.fits").write_text("no FITS")
    for name in ("signed", "cube", "text"):
        with pytest.raises(ImageReadError, match=f"{name}.fits"):
            open_image(tmp_path / f"{name}.fits")


@pytest.mark.parametrize("suffix", ["tiff", "fits"])
def test_threads_read_side_by_side(tmp_path, suffix):
    image = random_image((1500, 1500), "float32")
    write(tmp_path / f"a.{suffix}", image, tile=128)
    windows = list(tile_windows(image.shape, 150)) * 3
    with (
        open_image(tmp_path / f"a.{suffix}", cache_bytes=300_000) as opened,
        ThreadPoolExecutor(8) as pool,
    ):
        for window, pixels in zip(windows, pool.map(opened.read, windows), strict=True):
            np.testing.assert_array_equal(pixels, image[window.slices])
