"""What a person sees of a run while it goes on: in a terminal, in a file, in a log."""

import os
import pty
import re
import subprocess
import sys

import pytest
import yaml
from snakemake_program import LONG_S, ROOT, run_snakemake
from terminal import Terminal

CONFIG = {"params": {"pad": 30}, "to_stage": 1}
# With one job a pair, none runs any more when the first one has told how long it takes.
TWO_STAGES = ("--config", "to_stage=2")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "TERM": "xterm"}


def arguments(folder, *words):
    """Snakemake's arguments; the configuration is put there."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    common = ["-s", str(ROOT / "Snakefile"), "--configfile", "config.yaml", "--cores", "2"]
    return [*common, *words]


def command(folder, *words):
    return [sys.executable, "-m", "snakemake", *arguments(folder, *words)]


def run(folder, *words):
    """Run into a file; exit code and everything that was printed."""
    return run_snakemake(arguments(folder, *words), folder, ENVIRONMENT)


def run_into_pipe(folder, *words):
    """The same into a pipe, by the command that a person gives."""
    done = subprocess.run(
        command(folder, *words),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG_S,
    )
    return done.returncode, done.stdout


def run_in_terminal(folder, *words):
    """Run in a terminal of its own; exit code and everything that it was sent."""
    mine, theirs = pty.openpty()
    program = subprocess.Popen(
        command(folder, *words), env=ENVIRONMENT, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # Linux says so when the program has ended
            break
        if not part:
            break
        parts.append(part)
    os.close(mine)
    return program.wait(timeout=60), b"".join(parts).decode()


@pytest.fixture(scope="module")
def seen(tmp_path_factory, photographs):
    """A run in a terminal of two pairs of which one fails."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "raw").mkdir()
    (folder / "raw/CD070").symlink_to(photographs)
    bad = folder / "raw/Bad"
    bad.mkdir()
    for stain in ("pre", "post"):
        (bad / f"Bad_{stain}_DAPI.tif").write_bytes(b"not an image")
    before = os.getcwd()
    os.chdir(folder)
    try:
        code, text = run_in_terminal(folder, "--keep-going", "--logger", "exo2micro", *TWO_STAGES)
    finally:
        os.chdir(before)
    return folder, code, text


def test_a_terminal_shows_a_block_that_ends_as_a_table(seen):
    _, code, text = seen
    assert code == 1
    assert "Traceback" not in text
    terminal = Terminal()
    terminal.write(text)
    shown = terminal.lines()
    assert any(re.match(r"CD070 / SybrGld(\s+done){3}$", line) for line in shown), shown
    assert any(re.match(r"Bad / DAPI\s+FAILED(\s+left out){2}$", line) for line in shown), shown
    (told,) = [line for line in shown if line.startswith("FAILED: pad Bad / DAPI: ")]
    assert "is not a TIFF image" in told
    assert sum(line.startswith("[#") for line in shown) == 0, "a block was left behind"
    assert any(line.startswith("5 of 8 jobs") or "1 failed" in line for line in shown)
    # The summary follows it, whole.
    assert "PROBLEMS AND WARNINGS" in shown
    assert any("Bad_post_DAPI.tif" in line for line in shown)


def test_while_it_runs_the_terminal_tells_what_runs_and_how_far_it_is(seen):
    text = seen[2]
    # Of jobs this short, which ones are seen is a matter of luck.
    assert re.search(r"^now  \w+ (CD070 / SybrGld|Bad / DAPI), \d+ s", text, re.M)
    assert re.search(r"about \d+ s left", text)
    assert "\x1b[J" in text
    assert "reason:" not in text
    assert "RuleException" not in text


def test_the_log_file_tells_the_same(seen):
    log = (seen[0] / "processed/logs/progress.log").read_text()
    assert "\x1b" not in log
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\n8 jobs to run for 2 pair\(s\)\n", log)
    assert "FAILED: pad Bad / DAPI: " in log
    last = log.rstrip().split("\n\n")[-1]
    assert re.search(r"^CD070 / SybrGld( +done){3}$", last, re.M)
    assert re.search(r"^4 of 8 jobs \(50 %\), 1 of 2 pairs done, 1 failed; ", last, re.M)


def test_into_a_pipe_go_lines_without_any_control_character(workplace):
    code, text = run_into_pipe(workplace, "--keep-going", "--logger", "exo2micro")
    assert code == 1
    assert "\x1b" not in text
    assert "Traceback" not in text
    assert "reason:" not in text
    assert "3 jobs to run for 3 pair(s)" in text
    assert re.search(r"^Bad / DAPI +FAILED$", text, re.M)
    assert re.search(r"^CD070 / SybrGld +done$", text, re.M)


def test_without_the_logger_snakemake_says_it_between_its_own_words(workplace):
    _, text = run(workplace, "--keep-going")
    assert "3 jobs to run for 3 pair(s)" in text
    assert re.search(r"^2 of 3 jobs \(66 %\), 2 of 3 pairs done, 1 failed; ", text, re.M)
    assert "reason:" in text
    assert "Traceback" not in text
    (log,) = (workplace / ".snakemake/log").glob("*.log")
    assert "2 of 3 jobs (66 %)" in log.read_text()


@pytest.mark.parametrize("logger", [(), ("--logger", "exo2micro")])
def test_quiet_is_quiet(workplace, logger):
    words = ("--config", "samples=[CD070]", *logger)
    code, text = run(workplace, *words, "--quiet", "all")
    assert (code, text) == (0, "")
    assert "1 of 1 jobs" in (workplace / "processed/logs/progress.log").read_text()
    code, text = run(workplace, *words, "--quiet", "--forceall")
    assert code == 0
    assert "jobs to run" not in text
    assert "CD070   SybrGld  _pad30   complete" in text


def test_nothing_of_it_in_a_dry_run(workplace):
    for logger in ((), ("--logger", "exo2micro")):
        code, text = run(workplace, "-n", *logger)
        assert code == 0
        assert "jobs to run for" not in text
        assert "rule pad:" in text
    assert not (workplace / "processed").exists()
