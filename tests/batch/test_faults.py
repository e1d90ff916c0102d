"""What is killed, cut off or full is made good by a plain re-run; nothing half done stays.

They take minutes and must catch jobs at the right moment, so they are run by hand:

    python -m pytest -m by_hand tests/batch/test_faults.py
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import tifffile
from workflow_project import ROOT, Project

pytestmark = pytest.mark.by_hand

# A rule of each stage, in the order in which they run.
RULES = ("pad_tiff", "align_boundary", "align_interior", "measure_pair_tiff", "difference_tiff")
CONFIG = {"raw_dir": "raw", "output_dir": "processed", "params": {"pad": 40}, "dyes": ["SybrGld"]}


def project_with(folder, photographs, **config):
    raw = folder / "raw/CD070"
    raw.mkdir(parents=True)
    for marker in ("PreStain", "PostStain"):
        name = f"CD070_{marker}_SybrGld.tif"
        # With their times, which the records tell.
        shutil.copy2(photographs / name, raw / name)
    return Project(folder, **{**CONFIG, **config})


def start(project):
    """Start a run in the background."""
    (project.folder / "config.yaml").write_text(json.dumps(project.config))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "1"]
    command += ["--configfile", "config.yaml"]
    return subprocess.Popen(
        command,
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def record_of(project, rule):
    path = project.pair("CD070", "SybrGld") / f"logs/{rule}_pad40.json"
    with contextlib.suppress(FileNotFoundError):
        return json.loads(path.read_text())
    return {}


def wait_for(project, rule, run):
    """Wait until a job runs, and give its watcher."""
    until = time.monotonic() + 200
    while record_of(project, rule).get("state") != "running":
        assert run.poll() is None, f"the run ended before {rule}:\n{run.stdout.read()}"
        assert time.monotonic() < until
        time.sleep(0.01)
    return psutil.Process(record_of(project, rule)["pid"])


def end(run):
    """Kill a run and wait until nothing of it is left."""
    family = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, "jobs outlive a Snakemake that was killed"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, photographs):
    project = project_with(tmp_path_factory.mktemp("undisturbed"), photographs)
    project.snakemake("--cores", "2")
    return results(project)


def results(project, folder=None):
    """Everything that a pair's results say, but for times and places."""
    folder = folder or project.pair("CD070", "SybrGld")
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".tiff":
            found[name] = tifffile.imread(path)
        elif path.suffix in (".json", ".csv", ".geojson") and "logs" not in path.parts:
            text = path.read_text()
            found[name] = re.sub(r'"(created|time)": "[^"]*"', "", text)
        elif path.suffix == ".png":
            found[name] = path.stat().st_size > 1000
    return found


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, value in expected.items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(found[name], value, equal_nan=True), name
        else:
            assert found[name] == value, name


def half_files(project):
    return [p for p in project.pair("CD070", "SybrGld").rglob(".*") if p.is_file()]


def test_snakemake_killed_in_every_stage(tmp_path, photographs, undisturbed):
    project = project_with(tmp_path, photographs)
    for rule in RULES:
        run = start(project)
        wait_for(project, rule, run)
        end(run)
    project.snakemake("--cores", "2")
    assert_same(results(project), undisturbed)
    assert half_files(project) == []


def test_a_second_run_on_the_same_output_folder_is_refused(tmp_path, photographs, undisturbed):
    project = project_with(tmp_path, photographs)
    run = start(project)
    wait_for(project, RULES[0], run)
    code, text = project.snakemake("--cores", "1", check=False)
    assert code != 0
    assert f"Another run works on processed now (process {run.pid}" in text
    assert "Traceback" not in text
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said
    assert_same(results(project), undisturbed)


def test_a_job_killed_in_every_stage(tmp_path, photographs, undisturbed):
    project = project_with(tmp_path, photographs)
    for number, rule in enumerate(RULES):
        run = start(project)
        watcher = wait_for(project, rule, run)
        worker = watcher.children()[0]
        # In turns the job alone, and the process that watches it, which takes the job along.
        victim, word = ((worker, "killed by signal 9"), (watcher, "never ended"))[number % 2]
        victim.kill()
        said, _ = run.communicate(timeout=300)
        assert run.returncode != 0
        assert word in said.split("PROBLEMS")[1]
        assert not psutil.wait_procs([worker, watcher], timeout=5)[1]
    project.snakemake("--cores", "2")
    assert_same(results(project), undisturbed)
    assert half_files(project) == []


def test_ctrl_c_ends_the_jobs_and_still_writes_the_summary(tmp_path, photographs):
    project = project_with(tmp_path, photographs)
    run = start(project)
    wait_for(project, "align_boundary", run)
    family = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "align_boundary_pad40 was interrupted (SIG" in said.split("PROBLEMS")[1]
    assert "To run just those again" in said
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert record_of(project, "align_boundary")["state"] == "interrupted"
    row = json.loads((project.folder / "processed/summary.json").read_text())["pairs"][0]
    assert row["status"].startswith("error: align_boundary_pad40 was interrupted")


def test_a_full_disk_in_every_stage(tmp_path, photographs, tiny_disk, undisturbed):
    output = tiny_disk / "processed"
    project = project_with(tmp_path, photographs, output_dir=str(output), force_run=True)
    filler = tiny_disk / "filler"
    stages = set()
    for room in (60_000, 600_000):
        filler.unlink(missing_ok=True)
        filler.write_bytes(bytes(shutil.disk_usage(tiny_disk).free - room))
        code, text = project.snakemake("--cores", "1", "--keep-going", check=False)
        assert code != 0
        assert "Traceback" not in text
        assert "No space left on device" in text.split("PROBLEMS")[1]
        assert not [p for p in output.rglob(".*") if p.is_file() and p.name != ".run.lock"]
        stages |= set(re.findall(r"Cannot write .*?/(?:tiff|measurements)/(\d\d)_", text))
    assert stages == {"01", "02", "03", "04"}
    filler.unlink()
    project.snakemake("--cores", "2")
    assert_same(results(project, output / "CD070/SybrGld"), undisturbed)


def test_an_output_folder_that_cannot_be_written(tmp_path, photographs):
    project = project_with(tmp_path, photographs, output_dir="/proc/processed")
    code, text = project.snakemake("--cores", "1", check=False)
    assert code != 0
    assert "Cannot write into the output folder /proc/processed" in text
    assert "Traceback" not in text


def test_a_raw_file_that_goes_in_the_middle_of_the_run(tmp_path, photographs, undisturbed):
    project = project_with(tmp_path, photographs)
    raw = project.folder / "raw/CD070/CD070_PreStain_SybrGld.tif"
    whole = raw.read_bytes()
    run = start(project)
    wait_for(project, "plan_padding", run)
    raw.write_bytes(whole[: len(whole) // 2])
    said, _ = run.communicate(timeout=300)
    assert run.returncode != 0
    assert "CD070_PreStain_SybrGld.tif" in said.split("PROBLEMS")[1]
    assert "Traceback" not in said
    shutil.copy2(photographs / raw.name, raw)
    project.snakemake("--cores", "2")
    assert_same(results(project), undisturbed)
