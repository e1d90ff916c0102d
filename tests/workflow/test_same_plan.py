"""The shorter ways through Snakemake's plan: it is the plan that Snakemake makes by its own."""

import re
import subprocess
import sys
from collections import Counter

import pytest
import snakemake
import yaml
from workflow_project import ROOT

from exo2micro.engine_speed import READ_RELEASES

PROGRAM = """
import sys
from exo2micro import engine_speed
{first_line}
from snakemake.cli import main
main()
"""
BY_ITS_OWN = "engine_speed.READ_RELEASES = ('none',)"

# All that a rule may have and the workflow's own have not, or seldom.
ODD_RULES = """
from exo2micro.engine_speed import remember_what_stays, take_shorter_ways
remember_what_stays()
take_shorter_ways()
wildcard_constraints: n="[0-9]+"
rule all:
    input: expand("out/{n}.{end}", n=range(3), end=["last", "sum", "own"]), "out/listing"
rule first:
    input: "start/{n}.txt", also=lambda wc: ["start/0.txt", "start/1.txt"]
    output: temp("out/{n}.first"), kept=protected("out/{n}.kept"), last="out/{n,[0-9]}.last"
    log: "logs/{n}.log", second="logs/{n}.second"
    benchmark: "out/{n}.time"
    params: size=lambda wc, input: len(input.also), name="of {n}"
    resources: mem_mb=lambda wc, attempt: 10 * attempt + int(wc.n), disk_mb=7, kind="a{wildcards}"
    threads: lambda wc: 1 + int(wc.n)
    shell: "touch {output}"
rule second:
    input: unpack(lambda wc: {"one": f"out/{wc.n}.first", "more": [f"out/{wc.n}.kept"]})
    output: directory("out/{n}.folder"), sum="out/{n}.sum"
    priority: 5
    group: "together"
    message: "Summing {wildcards.n}"
    shell: "mkdir -p {output[0]}; touch {output.sum}"
rule third:
    input: ancient("start/{n}.txt"), folder=rules.second.output[0]
    output: touch("out/{n}.own")
    resources: runtime="2h"
    run: pass
rule listing:
    input: lambda wc: expand("out/{n}.sum", n=range(3)), "start/../start/2.txt", "start//1.txt"
    output: "out/listing"
    script: "listing.py"
rule sender:
    input: named=lambda wc: f"start/{wc.n}.txt"
    output: pipe("out/{n}.pipe")
    shell: "echo > {output}"
rule receiver:
    input: "out/{n}.pipe", lambda wc: f"start/{wc.n}.txt", three=lambda wc, n=3: ["start/2.txt"]
    output: "out/100%{n}.received"
    shell: "cat {input[0]} > {output}"
rule journal:
    input: before_update("out/journal.old"), "start/0.txt", function=lambda wildcards: STARTS[:2]
    output: update("out/journal")
    shell: "date >> {output}"
rule reader:
    input: before_update("out/journal"), lambda wc: temp(f"start/{wc.n}.txt")
    output: "out/{n}.before"
    shell: "wc {input} > {output}"
rule failing:
    input: kept="out/0.kept", absent=lambda wc: {}[wc.n]
    output: "out/{n}.failing"
    shell: "touch {output}"
STARTS = ["start/1.txt", "start/2.txt", "start/0.txt"]
"""
# What to ask it for, and the exit code of its plan.
ODD_REQUESTS = (
    ([], 0),
    (["out/1.sum"], 0),
    (["--notemp", "-R", "second"], 0),
    (["--until", "second"], 0),
    (["--omit-from", "second"], 0),
    (["out/100%1.received"], 0),
    (["out/journal", "out/1.before", "-R", "journal"], 0),
    (["out/7.sum"], 1),
    (["out/1.failing"], 1),
)


def jobs_printed(said):
    """Count the blocks that a dry run prints, each with its files in order, without its number."""
    blocks, lines = Counter(), []
    said = re.sub(r"^ *\[.*\]\n| *jobid: \d+$|Job \d+: ", "", said, flags=re.M)
    for line in said.splitlines():
        if not line.startswith("    ") and lines:
            blocks["\n".join(lines)] += 1
            lines = []
        if line.startswith("    "):
            lines.append(" ".join(sorted(re.split(r"[ ,;]+", line))))
        elif re.match(r"(local)?rule |\w+ +\d+$|Would ", line):
            lines.append(line)
    if lines:
        blocks["\n".join(lines)] += 1
    return blocks


def number_of_jobs(printed):
    """Jobs among the blocks of a dry run: each is given a reason."""
    return sum(count for block, count in printed.items() if re.search(r"[Rr]eason:", block))


def plans(folder, words):
    """What a dry run prints by the shorter ways, and by Snakemake's own."""
    found = []
    for first_line in ("", BY_ITS_OWN):
        program = PROGRAM.format(first_line=first_line)
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "-n"],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
        found.append((done.returncode, jobs_printed(done.stdout + done.stderr)))
    return found


def test_this_release_was_read():
    assert snakemake.__version__.startswith(READ_RELEASES)


@pytest.mark.parametrize(
    ("words", "config", "jobs"),
    [
        ((), {}, 0),
        ((), {"params": {"pad": 60, "scale_percentile": 40}}, 4),
        ((), {"checkpoint_format": "both", "figure_formats": ["png", "pdf"]}, 6),
        (("-R", "align_interior"), {}, 10),
        ((), {"output_dir": "elsewhere", "keep_images": []}, 19),
        (("--executor", "slurm", "--jobs", "2", "-F"), {"output_dir": "elsewhere"}, 20),
    ],
    ids=["nothing", "parameter", "formats", "forced", "temporary", "cluster"],
)
def test_the_plan_of_the_workflow(finished, tmp_path, words, config, jobs):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**finished.config, **config}))
    asked = ["-s", str(ROOT / "Snakefile"), "--configfile", str(path), "--cores", "2", *words]
    (code, short), (own_code, own) = plans(finished.folder, asked)
    assert code == own_code == 0
    assert number_of_jobs(short) >= jobs
    assert short == own


@pytest.fixture
def odd(tmp_path):
    """A folder with a workflow of other rules, of which some have run."""
    (tmp_path / "start").mkdir()
    for number in range(3):
        (tmp_path / f"start/{number}.txt").touch()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/journal").touch()
    (tmp_path / "out/journal.old").touch()
    (tmp_path / "Snakefile").write_text(ODD_RULES)
    (tmp_path / "listing.py").write_text("open(snakemake.output[0], 'w').close()\n")
    return tmp_path


def test_the_plan_of_other_rules_and_its_run(odd):
    seen = []
    for words, expected_code in ODD_REQUESTS:
        (code, short), (own_code, own) = plans(odd, ["--cores", "2", *words])
        assert code == own_code == expected_code, words
        assert short == own
        seen.append(number_of_jobs(short))
    assert seen[0] == 3 * 3 + 2
    assert all(jobs > 0 for jobs, (_, code) in zip(seen, ODD_REQUESTS, strict=True) if code == 0)
    run = [sys.executable, "-m", "snakemake", "--cores", "2"]
    environment = {"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(run, cwd=odd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (odd / "out").iterdir()}
    assert {"0.kept", "0.last", "0.sum", "0.own", "listing"} <= made
    assert "0.first" not in made  # temporary
    assert not (odd / "out/0.kept").stat().st_mode & 0o200  # protected
    (odd / "start/1.txt").touch()
    (code, short), (own_code, own) = plans(odd, ["--cores", "2"])
    assert code == own_code == 0
    assert short == own
