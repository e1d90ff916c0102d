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
# What is printed of each job in both ways: as it is, and in colours after another message.
PRINTED_TWICE = """
import io, time
from exo2micro import engine_speed
take = engine_speed.take_shorter_ways
def take_and_compare():
    taken = take()
    from snakemake import jobs
    from snakemake.logging import logger
    short, own = jobs.Job.log_info, jobs.Job.log_info.replaced
    def both(job, **options):
        (handler,) = logger.handlers
        kept = handler.stream, handler.nocolor, handler.last_msg_was_job_info
        texts = []
        for state in ((True, True), (False, False)):
            for way in (own, short):
                handler.stream = io.StringIO()
                handler.nocolor, handler.last_msg_was_job_info = state
                short.replaced = lambda *words: (print("by its own"), own(*words))
                way(job, **options)
                texts.append(handler.stream.getvalue())
        handler.stream, handler.nocolor, handler.last_msg_was_job_info = kept
        print("same" if texts[::2] == texts[1::2] and all(texts) else f"different: {texts}")
    jobs.Job.log_info = both
    return taken
engine_speed.take_shorter_ways = take_and_compare
time.asctime = lambda *when: "now"
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
rule split:
    output: "split/{b}_{a,[0-9]+}.one"
    shell: "touch {output}"
rule joined:
    input: "split/{b}_{a}.one"
    output: "split/{a}+{b}.two"
    shell: "touch {output}"
rule again:
    input: "again/{n}"
    output: "again/{n}"
    shell: "touch {output}"
rule after:
    input: "again/{n}"
    output: "out/{n}.after"
    shell: "touch {output}"
rule endless:
    input: lambda wc: f"endless/{int(wc.n) + 1}"
    output: "endless/{n}"
    shell: "touch {output}"
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
    (["split/3+1.two", "split/x_3+1.two"], 0),
    (["out/1.after"], 0),
    (["out/2.after"], 1),
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


def dry_run(folder, program, words, **environment):
    """Make a plan by a program that begins Snakemake."""
    return subprocess.run(
        [sys.executable, "-c", program, *words, "-n"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
    )


def plans(folder, words):
    """What a dry run prints by the shorter ways, and by Snakemake's own."""
    found = []
    for first_line in ("", BY_ITS_OWN):
        done = dry_run(folder, PROGRAM.format(first_line=first_line), words)
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
        (("-F", "--quiet", "reason"), {}, 0),
        ((), {"output_dir": "elsewhere", "keep_images": []}, 19),
        (("--executor", "slurm", "--jobs", "2", "-F"), {"output_dir": "elsewhere"}, 20),
    ],
    ids=["nothing", "parameter", "formats", "forced", "brief", "temporary", "cluster"],
)
def test_the_plan_of_the_workflow(finished, tmp_path, words, config, jobs):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**finished.config, **config}))
    asked = ["-s", str(ROOT / "Snakefile"), "--configfile", str(path), "--cores", "2", *words]
    (code, short), (own_code, own) = plans(finished.folder, asked)
    assert code == own_code == 0
    assert number_of_jobs(short) >= jobs
    assert short == own


@pytest.mark.parametrize("words", [["-F"], ["-F", "--quiet", "reason"]])
def test_what_is_printed_of_the_workflow(finished, tmp_path, words):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(finished.config))
    asked = ["-s", str(ROOT / "Snakefile"), "--configfile", str(path), "--cores", "2", *words]
    done = dry_run(finished.folder, PRINTED_TWICE, asked)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said.count("same") >= 20
    assert said.count("by its own") == (0 if words == ["-F"] else 2 * said.count("same"))
    assert not [line for line in said if line.startswith("different")]


@pytest.mark.parametrize("words", [[], ["-p"]])
def test_what_is_printed_of_other_rules(odd, words):
    wanted = ["out/journal", "out/1.before", "out/100%1.received", "all"]
    done = dry_run(odd, PRINTED_TWICE, ["--cores", "2", *words, "-F", *wanted])
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said.count("same") >= 14
    assert 0 < said.count("by its own") < 2 * said.count("same")
    assert not [line for line in said if line.startswith("different")]


@pytest.fixture
def odd(tmp_path):
    """A folder with a workflow of other rules, of which some have run."""
    (tmp_path / "start").mkdir()
    for number in range(3):
        (tmp_path / f"start/{number}.txt").touch()
    for path in ("out/journal", "out/journal.old", "again/1"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
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


@pytest.mark.parametrize("path", ["out/0.last", "elsewhere"])
def test_a_lock_on_a_file_is_told(odd, path):
    (odd / ".snakemake/locks").mkdir(parents=True)
    (odd / ".snakemake/locks/0.output.lock").write_text(f"{path}\n")
    for first_line in ("", BY_ITS_OWN):
        done = dry_run(odd, PROGRAM.format(first_line=first_line), ["--cores", "2"])
        assert done.returncode == 0
        assert ("cannot be locked" in done.stdout) == (path == "out/0.last")


def test_files_that_need_each_other_without_an_end(odd):
    for first_line in ("", BY_ITS_OWN):
        program = PROGRAM.format(first_line=first_line)
        done = dry_run(odd, program, ["--cores", "2", "endless/0"])
        assert done.returncode == 1
        said = done.stdout + done.stderr
        assert "WorkflowError:\nRecursionError: maximum recursion depth exceeded" in said
        assert re.search(r"endless/\d+", said)
        assert "Traceback" not in said


def test_names_that_the_terminal_cannot_show_end_no_plan(odd):
    for first_line in ("", BY_ITS_OWN):
        program = PROGRAM.format(first_line=first_line)
        done = dry_run(odd, program, ["split/3+\xe9.two"], PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
        assert "UnicodeEncodeError" in done.stderr
        assert "joined" in done.stdout
