"""Batches on a real SLURM: every end of a job is told as it is on one machine.

It brings up daemons and a database of its own and waits for them, so it is run by hand, as root on
Debian with the packages that `cluster.PACKAGES` lists:

    python -m pytest -m by_hand tests/cluster
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import slurm, why_not
from workflow_project import ROOT, Project, demo_config

from exo2micro.job_status import read_job
from exo2micro.synthesis import demo_specs

ENDINGS = ROOT / "tests/batch/endings/Snakefile"
PLUGIN = pytest.importorskip("snakemake_executor_plugin_slurm", reason="its plugin is missing")
pytestmark = [
    pytest.mark.by_hand,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "none"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # MariaDB's socket wants a short path that its own user may enter.
    folder = Path(f"/tmp/exo2micro-slurm-{os.getpid()}")
    folder.mkdir()
    try:
        with slurm(folder, cpus=4):
            yield folder
    finally:
        shutil.rmtree(folder)


# How a job ends: state, and words of its message. Each ends by our own limits or by itself ...
OURS = {
    "well": ("complete", ""),
    "compiled": ("timed out", "compiled timed out after 4 s"),
    "greedy": ("out of memory", "greedy needed more than 0.25 GB"),
    "crash": ("killed", "killed by signal 11 (SIGSEGV)"),
}
# ... or by SLURM's, which ends watcher and all.
SLURMS = {
    "late": ("timed out", "timed out: SLURM's limit was reached"),
    "hoarding": ("out of memory", "killed (out of memory)"),
}


# A test need not wait as long as a cluster's users can.
QUICK = ["--slurm-init-seconds-before-status-checks=3", "--seconds-between-status-checks=3"]


def on_slurm(*options):
    """Snakemake's options for this cluster."""
    return [
        "--executor=slurm",
        "--jobs=6",
        "--keep-going",
        "--latency-wait=5",
        *QUICK,
        "--default-resources",
        "runtime=10",
        *options,
    ]


@pytest.fixture(scope="module")
def begun(cluster, tmp_path_factory):
    """Jobs that end in several ways; they run while the batch does."""
    folder = tmp_path_factory.mktemp("endings")
    config = {
        "endings": list(OURS),
        "scheduled": list(SLURMS),
        "scripts": str(ROOT / "scripts"),
        "timeout_per_task": {"end": 4},
        "memory_per_task": {"end": 0.25, "end_by_scheduler": None},
    }
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "-s", str(ENDINGS), "--configfile"]
    command += ["config.json", *on_slurm("--set-resources", "end_by_scheduler:runtime=1")]
    with open(folder / "said.txt", "w") as said:
        program = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
    yield folder, program
    program.kill()
    program.wait()


@pytest.fixture(scope="module")
def ended(begun):
    """Their folder, and what Snakemake said, when all have ended."""
    folder, program = begun
    assert program.wait(400) != 0
    return folder, (folder / "said.txt").read_text()


PAIRS = [
    {"sample": "Good", "dye": "DAPI", "rotation_deg": 4},
    {"sample": "Late", "dye": "DAPI"},
    {"sample": "Large", "dye": "DAPI"},
]


def test_a_batch_with_the_profile(begun, tmp_path):
    """One pair is complete, one runs out of time and one out of memory; the summary says so."""
    config = demo_config(
        to_stage=3,
        timeout_per_task={"Late/DAPI": 1.5},
        memory_per_task={"Large/DAPI": 0.1},
    )
    config["demo"] = {"seed": 3, "defaults": {"size": [480, 520]}, "pairs": PAIRS}
    project = Project(tmp_path, **config)
    # The photographs are drawn here, where no limit of a pair applies.
    raw = [str(path) for pair in demo_specs(config["demo"]) for path in pair.raw_paths("raw")]
    project.snakemake(
        "--cores", "2", *raw, config={"timeout_per_task": None, "memory_per_task": None}
    )
    profile = str(ROOT / "workflow/profiles/slurm")
    code, text = project.snakemake(
        "--workflow-profile",
        profile,
        "--latency-wait=5",
        *QUICK,
        check=False,
    )
    assert code != 0
    rows = json.loads((tmp_path / "processed/summary.json").read_text())["pairs"]
    status = {row["sample"]: row["status"] for row in rows}
    assert status["Good"] == "complete", text
    assert re.match(r"error: \w+ timed out after 1\.5 s", status["Late"])
    assert re.match(r"error: \w+ needed more than 0\.1 GB", status["Large"])
    assert "2 of 3 requested pair(s) failed" in text
    progress = (tmp_path / "processed/logs/progress.log").read_text()
    assert re.search(r"FAILED: \w+ Late / DAPI: \w+ timed out after 1\.5 s", progress)
    assert "1 of 3 pairs done, 2 failed" in progress.rstrip().splitlines()[-1]
    records = list((tmp_path / "processed/Good/DAPI/logs").glob("*.json"))
    ran = [json.loads(path.read_text()) for path in records]
    assert sum("slurm_job" in record for record in ran) >= 8


@pytest.mark.parametrize("how", OURS)
def test_our_limits_hold_on_a_cluster(ended, how):
    folder, said = ended
    state, words = OURS[how]
    record = read_job(folder / "logs" / f"{how}.json")
    assert record["state"] == state, said
    assert words in record["message"]
    assert record["slurm_job"].isdigit()
    assert (folder / "out" / how).exists() == (how == "well")


@pytest.mark.parametrize("how", SLURMS)
def test_what_slurm_ended_is_told_by_slurms_word(ended, how):
    folder, said = ended
    state, words = SLURMS[how]
    record = read_job(folder / "logs" / f"scheduled_{how}.json")
    assert record["state"] == state, said
    assert words in record["message"]
    assert not (folder / "scheduled" / how).exists()
