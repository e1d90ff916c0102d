"""Runs of the whole workflow in folders of their own."""

import numpy as np
import pytest
import tifffile
from workflow_project import Project, demo_config


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A small demonstration that has been run; tests must put back what they change."""
    project = Project(tmp_path_factory.mktemp("demo run"), **demo_config())
    _, project.output = project.snakemake("--cores", "2")
    # Every later run writes a summary of its own.
    project.summary = (project.folder / "processed/summary.tsv").read_text()
    project.summary_record = (project.folder / "processed/summary.json").read_text()
    return project


@pytest.fixture(scope="session")
def stopped(tmp_path_factory):
    """A pair whose alignment fails, after the command that makes the viewer too."""
    pair = {"sample": "Tiny", "dye": "DAPI", "size": [40, 50]}
    config = {"params": {"pad": 60}, "demo": {"pairs": [pair]}}
    project = Project(tmp_path_factory.mktemp("stopped"), **config)
    words = ("--cores", "2", "--keep-going", "viewer")
    project.code, project.output = project.snakemake(*words, check=False)
    return project


@pytest.fixture
def empty(tmp_path):
    """A working folder with nothing in it."""
    return Project(tmp_path, raw_dir="raw", output_dir="processed")


@pytest.fixture
def put_raw(tmp_path):
    """Write small raw files by name."""

    def put(*names, shape=(64, 80)):
        for name in names:
            path = tmp_path / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, np.full(shape, 9, np.uint8))

    return put
