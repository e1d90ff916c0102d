"""Batches on a real SLURM: every end of a job is told as it is on one machine.

It brings up daemons and a database of its own, as root on Debian with the packages that
`cluster.PACKAGES` lists; elsewhere it is skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml
from cluster import DaemonError, slurm, why_not
from photographs import draw_photographs
from workflow_project import ROOT, Project

from exo2micro.job_status import read_job
from exo2micro.resource_model import minutes_of_job

PROFILE = ROOT / "workflow/profiles/slurm"
ENDINGS = ROOT / "tests/batch/endings/Snakefile"
PLUGIN = pytest.importorskip("snakemake_executor_plugin_slurm", reason="its plugin is missing")
pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "none")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    # MariaDB's socket wants a short path that its own user may enter.
    folder = Path(f"/tmp/exo2micro-slurm-{os.getpid()}")
    folder.mkdir()
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(slurm(folder, cpus=8, memory_mb=16000))
            except DaemonError as fault:
                pytest.skip(f"this machine does not let a cluster be brought up: {fault}")
            yield folder
    finally:
        shutil.rmtree(folder)


# How a job ends: state, and words of its message. Each ends by our own limits or by itself ...
OURS = {
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
QUICK = ["--slurm-init-seconds-before-status-checks=2", "--seconds-between-status-checks=2"]
LONG_S = 900


def on_slurm():
    """Snakemake's options for this cluster."""
    return [
        "--executor=slurm",
        "--jobs=6",
        "--keep-going",
        "--latency-wait=5",
        *QUICK,
        "--default-resources",
        "runtime=10",
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
    command += ["config.json", *on_slurm()]
    with open(folder / "said.txt", "w") as said, ThreadPoolExecutor(1) as meanwhile:
        program = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        late = meanwhile.submit(_let_time_run_out, folder / "logs/scheduled_late.json")
        yield folder, program, late
        program.kill()
        program.wait()


@pytest.fixture(scope="module")
def ended(begun):
    """Their folder, and what Snakemake said, when all have ended."""
    folder, program, late = begun
    late.result()
    assert program.wait(LONG_S) != 0
    return folder, (folder / "said.txt").read_text()


def _let_time_run_out(record):
    """Let a job's time end as soon as it runs; SLURM's shortest time is a minute."""
    until = time.monotonic() + LONG_S
    while not record.exists():
        assert time.monotonic() < until
        time.sleep(0.2)
    job = json.loads(record.read_text())["slurm_job"]
    subprocess.run(["scontrol", "update", f"JobId={job}", "EndTime=now+5"], check=True)


def test_a_batch_with_the_profile(begun, tmp_path, monkeypatch):
    """One pair is complete, one runs out of time and one out of memory; the summary says so."""
    for sample in ("Good", "Late", "Large"):
        draw_photographs(tmp_path / "raw", sample)
    project = Project(
        tmp_path,
        params={"pad": 40},
        timeout_per_task={"Late/SybrGld": 0.1},
        memory_per_task={"Large/SybrGld": 0.01},
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "scripts"))  # where the logger is
    words = ["--workflow-profile", str(PROFILE), "--latency-wait=5", *QUICK]
    code, text = project.snakemake(*words, "--logger", "exo2micro", check=False)
    assert code != 0
    rows = json.loads((tmp_path / "processed/summary.json").read_text())["pairs"]
    status = {row["sample"]: row["status"] for row in rows}
    assert status["Good"] == "complete", text
    assert re.match(r"error: \w+ timed out after 0\.1 s", status["Late"])
    assert re.match(r"error: \w+ needed more than 0\.01 GB", status["Large"])
    assert "2 of 3 requested pair(s) failed" in text
    progress = (tmp_path / "processed/logs/progress.log").read_text()
    assert re.search(r"FAILED: \w+ Late / SybrGld: \w+ timed out after 0\.1 s", progress)
    for told in (progress.rstrip(), text):
        assert re.search(r"^Good / SybrGld( +done){4}$", told, re.M)
        assert re.search(r"^Large / SybrGld +FAILED", told, re.M)
    assert "1 of 3 pairs done, 2 failed" in progress.rstrip().splitlines()[-1]
    assert "reason:" not in text
    logs = (tmp_path / "processed/Good/SybrGld/logs").glob("*.json")
    jobs = {record["rule"]: record["slurm_job"] for record in map(read_job, logs)}
    words = ["sacct", "-X", "-n", "-j", jobs["align_interior"], "-o", "TimelimitRaw"]
    limit = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert int(limit) == minutes_of_job("align_interior", [])  # its pair is next to nothing
    # What the profile groups is one job of SLURM's; the rest are jobs of their own.
    grouped = yaml.safe_load((PROFILE / "config.yaml").read_text())["groups"]
    groups = dict(line.split("=") for line in grouped)
    assert set(groups) <= set(jobs)
    assert len(set(jobs.values())) == len({groups.get(rule, rule) for rule in jobs})
    assert len({(groups[rule], jobs[rule]) for rule in groups}) == len(set(groups.values()))


@pytest.mark.parametrize("how", OURS)
def test_our_limits_hold_on_a_cluster(ended, how):
    folder, said = ended
    state, words = OURS[how]
    record = read_job(folder / "logs" / f"{how}.json")
    assert record["state"] == state, said
    assert words in record["message"]
    assert record["slurm_job"].isdigit()
    assert not (folder / "out" / how).exists()


@pytest.mark.parametrize("how", SLURMS)
def test_what_slurm_ended_is_told_by_slurms_word(ended, how):
    folder, said = ended
    state, words = SLURMS[how]
    record = read_job(folder / "logs" / f"scheduled_{how}.json")
    assert record["state"] == state, said
    assert words in record["message"]
    assert not (folder / "scheduled" / how).exists()
