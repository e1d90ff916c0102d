"""Every end of a job is told apart, in a record that survives whatever ended it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exo2micro.job_status import read_job

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[1] / "scripts"

# How the job ends: state, and words of its message.
ENDINGS = {
    "well": ("complete", []),
    "complaint": ("error", ["raw/x.tif is damaged.\nCopy it anew."]),
    "unaligned": ("alignment failed", ["A / D: the alignment failed."]),
    "fault": ("error", ["unexpected fault", "never thought of", "logs/fault.log"]),
    "slow": ("timed out", ["slow timed out after 10 s"]),
    "compiled": ("timed out", ["compiled timed out after 10 s"]),
    "greedy": ("out of memory", ["greedy needed more than 0.6 GB"]),
    "refused": ("out of memory", ["refused ran out of memory"]),
    "crash": ("killed", ["killed by signal 11 (SIGSEGV)", "log"]),
    "silent": ("error", ["exit code 0", "said nothing"]),
    "shot": ("killed", ["killed by signal 9 (SIGKILL)"]),
    "worker_complains": ("error", ["raw/x.tif: tile 7 is damaged."]),
    "worker_shot": ("killed", ["killed by signal 9 (SIGKILL)"]),
    "workers_greedy": ("out of memory", ["workers_greedy needed more than 0.6 GB"]),
    "workers_share": ("complete", []),
    "both": ("lost", ["never ended", "killed (likely out of memory"]),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    folder = tmp_path_factory.mktemp("endings")
    config = {"endings": list(ENDINGS), "scripts": str(SCRIPTS), "timeout_per_task": 10}
    config["memory_debug"] = True
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "snakemake", "-s", str(HERE / "endings" / "Snakefile")]
    command += ["--cores", "2", "--keep-going", "--configfile", "config.json"]
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert time.monotonic() - started < 100
    return folder, done


@pytest.mark.parametrize("how", ENDINGS)
def test_the_end_is_recorded(ended, how):
    folder, _ = ended
    state, words = ENDINGS[how]
    record = read_job(folder / "logs" / f"{how}.json")
    assert record["state"] == state
    for word in words:
        assert word in record["message"]
    assert record["rule"] == "end"


@pytest.mark.parametrize("how", ENDINGS)
def test_only_the_good_job_leaves_a_file(ended, how):
    folder, _ = ended
    assert (folder / "out" / how).exists() == (ENDINGS[how][0] == "complete")


def test_no_half_file_stays_behind(ended):
    folder, _ = ended
    # The temporary file of the job that was killed with its watcher goes when it is run again.
    left = [path.name for path in (folder / "out").iterdir() if path.name.startswith(".")]
    assert [name.split(".")[1] for name in left] == ["both"]


def test_messages_reach_the_terminal_and_the_run_fails(ended):
    _, done = ended
    assert done.returncode != 0
    for how, (state, words) in ENDINGS.items():
        if state not in ("complete", "lost"):
            assert words[0].split("\n")[0] in done.stderr, how
    assert "Traceback" not in done.stderr


def test_a_crash_says_where_in_the_log(ended):
    folder, _ = ended
    log = (folder / "logs" / "crash.log").read_text()
    assert "Segmentation fault" in log
    assert "end.py" in log


def test_time_and_memory_are_measured_whatever_the_end(ended):
    folder, _ = ended
    slow = read_job(folder / "logs" / "slow.json")
    assert 10 <= slow["seconds"] < 20
    greedy = read_job(folder / "logs" / "greedy.json")
    assert 600 < greedy["peak_mb"] < 1200
    assert greedy["cpu_seconds"] > 0


def test_what_processes_of_a_job_share_is_counted_once(ended):
    folder, _ = ended
    share = read_job(folder / "logs" / "workers_share.json")
    assert 400 < share["peak_mb"] < 600


def test_the_course_of_a_jobs_memory_is_kept_when_asked_for(ended):
    folder, _ = ended
    head, *rows = (folder / "logs" / "greedy.memory.tsv").read_text().splitlines()
    assert head == "seconds\tmemory_mb"
    seconds, memory = zip(*(map(float, row.split("\t")) for row in rows), strict=True)
    assert list(seconds) == sorted(seconds)
    assert max(memory) > 600
