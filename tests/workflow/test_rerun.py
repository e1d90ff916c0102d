"""What runs again when something changes, and what does not."""

import os
import time

import pytest

STAGES_1_TO_3 = {
    "pad",
    "align_boundary",
    "warp_boundary",
    "align_interior",
    "measure_pair",
}


@pytest.fixture
def touched(finished):
    """Touch files of the finished run; their times are put back afterwards."""
    before = {}

    def touch(path):
        before[path] = os.stat(path)
        later = time.time_ns() + 10**9
        os.utime(path, ns=(later, later))

    yield touch
    for path, stat in before.items():
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture
def removed(finished):
    """Move files of the finished run away; they are put back afterwards."""
    moved = []

    def remove(path):
        aside = path.with_name(f".{path.name}.aside")
        path.rename(aside)
        moved.append((aside, path))

    yield remove
    for aside, path in moved:
        aside.rename(path)


def test_the_same_command_again_runs_no_job(finished):
    assert finished.plan() == {}


def test_a_deleted_difference_image_runs_only_stage_4_of_its_pair(finished, removed):
    removed(finished.pair("CD070", "SybrGld") / "tiff/04_difference_difference_pad60.tiff")
    planned = finished.planned_pairs()
    assert planned["difference"] == {"CD070/SybrGld"}
    assert set().union(*planned.values()) == {"CD070/SybrGld"}
    assert not STAGES_1_TO_3 & set(planned)
    assert "estimate_scale" not in planned


def test_a_forced_interior_stage_runs_stages_3_and_4_only(finished):
    planned = finished.planned_pairs("--forcerun", "align_interior")
    assert not {"pad", "align_boundary", "warp_boundary"} & set(planned)
    both = {"CD070/SybrGld", "ER22/DAPI"}
    for rule in ("align_interior", "measure_pair", "estimate_scale", "difference", "catalogue"):
        assert planned[rule] == both, rule


def test_a_touched_raw_file_runs_its_pair_again(finished, touched):
    touched(finished.folder / "raw/ER22/ER22_PostStain_DAPI.tif")
    planned = finished.planned_pairs()
    assert set(planned) >= STAGES_1_TO_3 | {"difference"}
    assert set().union(*planned.values()) == {"ER22/DAPI"}


def test_a_raw_file_replaced_by_an_older_one_is_noticed(finished, touched):
    path = finished.folder / "raw/ER22/ER22_PreStain_DAPI.tif"
    touched(path)
    os.utime(path, (1e9, 1e9))
    assert finished.planned_pairs()["pad"] == {"ER22/DAPI"}


def test_a_changed_parameter_leaves_the_other_variants_alone(finished):
    folder = finished.pair("CD070", "SybrGld")
    before = {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "logs" not in path.parts
    }
    changed = {"params": {"pad": 60, "boundary_width": 20}, "samples": ["CD070"]}
    planned = finished.planned_pairs(config=changed)
    assert "pad" not in planned
    assert planned["align_boundary"] == {"CD070/SybrGld"}
    target = "processed/CD070/SybrGld/transforms/03_interior_pad60_bw20.json"
    finished.snakemake("--cores", "2", target, config=changed)
    assert (finished.folder / target).is_file()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert finished.plan() == {}


def test_variants_share_what_they_have_in_common(finished):
    swept = {"params": {"pad": 60, "scale_percentile": [30, 50]}}
    counts = finished.plan(config=swept)
    assert not STAGES_1_TO_3 & set(counts)
    assert counts["estimate_scale"] == counts["difference"] == counts["other_difference"] == 4
    from_nothing = finished.plan("--forceall", config=swept)
    assert from_nothing["align_boundary"] == from_nothing["align_interior"] == 2
    assert from_nothing["measure_pair"] == 2


def test_no_stage_waits_for_an_image_that_is_for_looking_at(finished):
    wanted = "processed/CD070/SybrGld/tiff/04_difference_difference_pad60.tiff"
    planned = finished.plan("--forceall", wanted)
    assert planned["align_interior"] == planned["difference"] == 1
    assert "warp_boundary" not in planned
    _, text = finished.snakemake("-n", "--forceall", config={"keep_images": [1, 2]})
    assert "04_joint_tiff_pad60.npz" in text
    assert "03_interior_aligned_pre" not in text


def test_pairs_that_run_side_by_side_take_a_thread_a_job(finished):
    arguments = ("-n", "--forceall", "--cores", "2")
    _, both = finished.snakemake(*arguments)
    assert "threads: 2" not in both
    _, alone = finished.snakemake(*arguments, config={"samples": ["CD070"]})
    assert "threads: 2" in alone
