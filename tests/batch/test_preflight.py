"""Room in memory and on disk, from headers only."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from workflow_project import Project

from exo2micro import preflight
from exo2micro.errors import RoomError
from exo2micro.preflight import Need, Preflight, check_room, judge, reserve_for_reading
from exo2micro.request import build_request
from exo2micro.resource_model import (
    LARGEST_JOB_MB,
    RawSize,
    disk_mb_of_job,
    disk_of_pair,
    minutes_of_job,
)

ROOT = Path(__file__).parents[2]


def need(share, what="disk"):
    return Need(what, share * 1e9, 1e9, ("buy a disk",))


@pytest.mark.parametrize(
    ("share", "band"), [(0.8, "ok"), (0.81, "warn"), (1.0, "warn"), (1.01, "error")]
)
def test_three_bands(share, band):
    for both in ((need(0.1, "memory"), need(share)), (need(share, "memory"), need(0.1))):
        assert Preflight(*both, []).band == band


def test_what_is_short_is_said_with_the_ways_out():
    short = Preflight(need(0.1, "memory"), need(1.5), [])
    with pytest.raises(
        RoomError, match=r"disk: about 1\.5 GB needed, 1\.0 GB free\n  - buy a disk"
    ):
        judge(short, force_run=False)
    assert "1.5 GB needed" in judge(short, force_run=True)
    assert "0.9 GB needed" in judge(Preflight(need(0.1), need(0.9), []), force_run=False)
    assert judge(Preflight(need(0.1), need(0.5), []), force_run=False) == ""


def test_the_largest_job_is_the_models():
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    reserved = [int(number) for number in re.findall(r"mem_mb=\w+\((\d+)\)", rules)]
    assert len(reserved) > 10
    assert max(reserved) == LARGEST_JOB_MB


def test_disk_of_fits_is_every_pixel_of_the_canvas():
    sizes = [RawSize(100, 300, 2), RawSize(200, 250, 2)]
    values = build_request({"params": {"pad": 50}}, look=False).variants[0].values
    # 300 x 400 px: two padded (2 bytes), two aligned, difference, significance (4), mask (1).
    images = 300 * 400 * (2 * 2 + 4 * 4 + 1)
    small = 8e6
    assert disk_of_pair(sizes, [values], "fits", lambda path: False) == images + small


def test_room_of_a_job_is_its_images_of_the_canvas():
    sizes = [RawSize(1000, 3000, 2), RawSize(2000, 2500, 2, scratch_bytes=10**9)]
    pixels = (2000 + 2 * 500) * (3000 + 2 * 500) / 1e6
    assert disk_mb_of_job("pad", sizes, 500, "fits") == 8 + 2 * 2 * pixels + 1000
    assert disk_mb_of_job("difference", sizes, 500, "fits") == 8 + (4 + 4 + 1) * pixels
    assert disk_mb_of_job("align_interior", sizes, 500, None) == 8
    assert disk_mb_of_job("pad", [], 500, "tiff") == 8


def test_time_of_a_job_grows_with_its_pair():
    small, large = ([RawSize(side, side, 1)] for side in (1000, 30000))
    assert 10 < minutes_of_job("difference", small) < 15
    assert 30 < minutes_of_job("difference", large) < 60
    assert minutes_of_job("difference", small + large) == minutes_of_job("difference", large)


def test_what_is_there_and_what_variants_share_is_not_counted_again():
    sizes = [RawSize(1000, 1000, 1)]
    one, two = (
        variant.values
        for variant in build_request({"params": {"manual_scale": [1, 2]}}, look=False).variants
    )
    single = disk_of_pair(sizes, [one], "tiff", lambda path: False)
    both = disk_of_pair(sizes, [one, two], "tiff", lambda path: False)
    assert single < both < 2 * single
    assert disk_of_pair(sizes, [one, two], "tiff", lambda path: True) == 0
    assert disk_of_pair(sizes, [one], "tiff", lambda path: path.startswith("tiff/01")) < single


def test_only_headers_are_read(tmp_path, monkeypatch):
    """A pair of 30000 x 25000 px RGB, of which nothing but the header is on disk."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw/A").mkdir(parents=True)
    for stain in ("pre", "post"):
        path = tmp_path / f"raw/A/A_{stain}_D.tif"
        tifffile.memmap(path, shape=(30000, 25000, 3), dtype=np.uint8, photometric="rgb").flush()
        assert path.stat().st_blocks * 512 < 10e6  # a hole
    found = check_room(build_request({}))
    assert 8e9 < found.disk.needed < 20e9
    assert found.unread == []


def test_one_big_compressed_strip_is_told_before_the_run(tmp_path, monkeypatch):
    """Its job reserves what decoding takes; and there must be room to unpack it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("exo2micro.storage.raw.LARGEST_SEGMENT_BYTES", 1000)
    monkeypatch.setattr("exo2micro.preflight.LARGEST_JOB_MB", 100.0)
    monkeypatch.setattr("exo2micro.resource_model.RAW_READER_MB", 150.0)
    (tmp_path / "raw/A").mkdir(parents=True)
    image = np.zeros((1000, 1500, 3), np.uint8)
    for stain, codec in (("pre", None), ("post", "lzw")):
        path = tmp_path / f"raw/A/A_{stain}_D.tif"
        tifffile.imwrite(path, image, photometric="rgb", compression=codec, rowsperstrip=1000)
    request = build_request({})
    found = check_room(request)
    assert 154e6 < found.memory.needed < 160e6
    assert found.scratch.needed == image.nbytes
    assert "scratch files in" in str(found)
    assert reserve_for_reading(request, "A", "D", 100) == round(found.memory.needed / 1e6)
    assert reserve_for_reading(request, "A", "D", 1000) == 1000


@pytest.fixture
def small_disk(monkeypatch):
    """A disk with 1 MB left, by the system's own answer made smaller."""
    real = shutil.disk_usage
    monkeypatch.setattr(
        preflight.shutil, "disk_usage", lambda path: real(path)._replace(free=1_000_000)
    )


def test_too_small_a_disk_stops_the_run_and_force_run_warns(workplace, small_disk):
    request = build_request({})
    assert check_room(request).band == "error"
    with pytest.raises(RoomError, match="output_dir"):
        judge(check_room(request), request.control.force_run)


@pytest.mark.skipif(not shutil.which("mount"), reason="needs mount")
def test_a_dry_run_says_it_on_a_real_small_disk(workplace, tiny_disk):
    project = Project(workplace, raw_dir="raw", output_dir=str(tiny_disk / "processed"))
    code, text = project.snakemake("-n", check=False)
    assert code != 0
    assert "There is not enough room for this run." in text
    assert "Traceback" not in text
    code, text = project.snakemake("-n", config={"force_run": True})
    assert "Room is short." in text
    assert "align_boundary" in text
