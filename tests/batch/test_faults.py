"""What is killed, cut off or full is made good by a plain re-run; nothing half done stays."""

import os
import subprocess

import faults
import pytest
from faults import CALM, CUT, FAULTS, FIRST, LATER, REMOVED, REPLACED, SNAKEMAKE, STAGES
from workflow_project import Project

# What the summary must say of each fault.
WORDS = {
    FAULTS["Job"]: "was killed by signal 9 (SIGKILL)",
    FAULTS["Watcher"]: "never ended: it was killed",
    FAULTS["Disk"]: "No space left on device",
    CUT: "raw/Raw/Raw_pre_DAPI.tif ends in the middle of its pixels",
    REPLACED: "raw/Raw/Raw_pre_DAPI.tif changed while the run worked on it",
    REMOVED: "raw/Raw/Raw_pre_DAPI.tif changed while the run worked on it: it is gone",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory, photographs):
    with faults.play(tmp_path_factory.mktemp("faults"), photographs) as result:
        yield result


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("fault", FAULTS.values())
def test_a_job_that_meets_a_fault_says_so_in_every_stage(played, fault, stage):
    told, _ = played
    if fault == FAULTS["Disk"] and (fault, FIRST) not in told:
        pytest.skip("needs the right to mount a small disk")
    assert WORDS[fault] in told[fault, stage]
    # No other pair is touched.
    assert told[CALM, stage] == faults.GOES_ON


@pytest.mark.parametrize("fault", [CUT, REPLACED, REMOVED])
def test_a_raw_file_that_changes_while_it_is_read(played, fault):
    told, _ = played
    assert WORDS[fault] in told[fault, FIRST]


@pytest.mark.parametrize("stage", LATER[2:])
def test_a_raw_file_that_has_been_read_may_go(played, stage):
    told, _ = played
    assert told[REMOVED, stage] == faults.GOES_ON


@pytest.mark.parametrize("stage", STAGES)
def test_jobs_end_with_a_snakemake_that_is_killed(played, stage):
    told, _ = played
    assert told[SNAKEMAKE, stage] == faults.ENDED


def test_a_second_run_on_the_same_output_folder_is_refused(played):
    told, _ = played
    assert told[faults.SECOND, FIRST] == faults.REFUSED


def test_ctrl_c_ends_the_jobs_and_still_writes_the_summary(played):
    told, _ = played
    assert "was interrupted (SIG" in told[faults.CTRL_C, LATER[-1]]


def test_the_same_command_again_gives_what_an_undisturbed_run_gives(played):
    _, (jobs, snakemake) = played
    calm = jobs.results(CALM)
    assert {path for path in calm if path.startswith("tiff/03")}
    for place in (jobs, snakemake):
        assert place.half_files() == []
        for sample in place.samples:
            found = place.results(sample)
            assert set(found) == set(calm)
            assert [name for name in calm if found[name] != calm[name]] == [], sample


def project_with(folder, photographs, **config):
    raw = folder / "raw/CD070"
    raw.parent.mkdir()
    raw.symlink_to(photographs)
    return Project(folder, **{"raw_dir": "raw", "force_run": True, "params": {"pad": 40}, **config})


def test_a_disk_that_is_full_from_the_beginning(tmp_path, photographs):
    with faults.tiny_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("needs the right to mount a small disk")
        faults.fill(disk)
        project = project_with(tmp_path, photographs, output_dir=str(disk / "processed"))
        code, text = project.snakemake("--cores", "1", check=False)
    assert code != 0
    assert "No space left on device" in text
    assert "Traceback" not in text


def test_an_output_folder_that_cannot_be_written(tmp_path, photographs):
    folder = tmp_path / "processed"
    with faults.tiny_disk(folder) as disk:
        if disk:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        else:
            folder.chmod(0o555)
            if os.access(folder, os.W_OK):
                pytest.skip("needs the right to mount a small disk, or not to be root")
        project = project_with(tmp_path, photographs, output_dir=str(folder))
        code, text = project.snakemake("--cores", "1", check=False)
    assert code != 0
    assert f"Cannot write into the output folder {folder}" in text
    assert "Traceback" not in text
