"""What of the stages runs, by the config's words and by Snakemake's own; and how jobs share."""

import re

import psutil
import pytest
from workflow_project import Project


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ({"from_stage": 2}, ["--forcerun", "align_boundary"]),
        ({"from_stage": 3}, ["--forcerun", "align_interior"]),
        ({"from_stage": 4}, ["--forcerun", "measure_pair"]),
        ({"force": True}, ["--forceall"]),
    ],
)
def test_the_configs_words_do_what_the_flags_do(finished, words, flags):
    # The photographs are drawn anew only by a flag that says so.
    by_words, by_flags = finished.plan(config=words), finished.plan(*flags)
    by_flags.pop("make_demo_pair", None)
    by_words.pop("make_demo_pair", None)
    assert by_words == by_flags
    assert by_words


def test_a_run_to_a_stage_goes_no_further(finished):
    planned = finished.plan("--forceall", config={"to_stage": 3})
    assert "align_interior" in planned
    assert not {"estimate_scale", "difference", "catalogue"} & set(planned)


def test_jobs_of_one_machine_share_what_memory_is_free(finished):
    said = re.search(r"Provided resources: .*?mem_mb=\D*(\d+)", finished.output)
    mem_mb = int(said.group(1))
    assert 0 < mem_mb < psutil.virtual_memory().total / 1e6


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"to_stage": 2},
        {"to_stage": 3, "keep_images": [1]},
        {
            "checkpoint_format": "both",
            "figure_formats": ["png", "pdf"],
            "params": {
                "pad": [60, 70],
                "scale_percentile": 50,
                "manual_scale": 1.2,
                "save_all_intermediates": True,
            },
        },
    ],
)
def test_new_pairs_are_planned_by_fewer_files_with_the_same_jobs(finished, tmp_path, config):
    new = {**config, "output_dir": str(tmp_path / "new")}
    begun = {**config, "output_dir": str(tmp_path / "begun")}
    pairs = finished.planned_pairs("--forceall", config=new)["pad"]
    for pair in pairs:
        (tmp_path / "begun" / pair).mkdir(parents=True)
    assert len(pairs) == 2
    assert finished.plan("--forceall", config=new) == finished.plan("--forceall", config=begun)


def test_idle_cores_are_lent_to_jobs_of_large_photographs(tmp_path):
    size = {"size": [4100, 4110], "colour": "grey", "microbe_cover": 0.0}
    pairs = [{"sample": name, "dye": "DAPI", **size} for name in ("A", "B")]
    project = Project(tmp_path, params={"pad": 40}, demo={"pairs": pairs})
    _, text = project.snakemake("--cores", "2", "--until", "pad")
    for name in ("A", "B"):
        log = (project.pair(name, "DAPI") / "logs/pad_tiff_pad40.log").read_text()
        assert log.count("processes worked on") == 2, log  # post and pre
    assert "threads: 2" not in text
    project.snakemake("--cores", "1", "--forceall", "--until", "pad")
    for name in ("A", "B"):
        log = (project.pair(name, "DAPI") / "logs/pad_tiff_pad40.log").read_text()
        assert "processes worked on" not in log
