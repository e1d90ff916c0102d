"""`snakemake status` says of each pair what is there, what is stale, and why."""

import os
import re

import pytest
from photographs import lay_out_pairs
from workflow_project import Project

import exo2micro


@pytest.fixture(scope="module")
def project(tmp_path_factory, photographs):
    """A run to stage 1 of a good pair and a bad one; the last test changes it."""
    folder = lay_out_pairs(tmp_path_factory.mktemp("status"), photographs)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exo2micro.run_batch(["CD070", "Bad"], "all", params={"pad": 30}, to_stage=1)
    config = {"raw_dir": "raw", "output_dir": "processed", "params": {"pad": 30}, "to_stage": 1}
    return Project(folder, **config)


def lines(project, *arguments, config=None):
    _, text = project.snakemake("--cores", "1", *arguments, "status", config=config)
    found = re.findall(r"^(Bad|CD070|ER22) +(\S+) +(\S+) +(.*)$", text, re.M)
    return {row[0]: row[3] for row in found}, text


def test_a_line_a_pair(project):
    state, text = lines(project)
    assert state["CD070"] == "up to date (2 of 2 files)"
    assert state["ER22"] == "not there yet; 1 job to run"
    assert state["Bad"].startswith("not there yet; 1 job to run; last time raw/Bad/Bad_post")
    assert "PROBLEMS" not in text


def test_other_variants_are_rows_of_their_own(project):
    _, text = lines(project, config={"params": {"pad": [30, 40]}})
    assert re.search(r"^CD070 +SybrGld +_pad30 +up to date", text, re.M)
    assert re.search(r"^CD070 +SybrGld +_pad40 +not there yet", text, re.M)


def test_what_is_stale_says_why_and_nothing_is_run(project):
    path = project.folder / "processed/CD070/SybrGld/tiff/01_padded_post_pad30.tiff"
    os.utime(project.folder / "raw/CD070/CD070_PostStain_SybrGld.tif")
    state, _ = lines(project)
    assert state["CD070"].startswith("stale; 1 job to run: pad (")
    path.unlink()
    state, _ = lines(project)
    assert state["CD070"].startswith("1 of 2 files; 1 job to run: pad (")
    assert not path.exists()
