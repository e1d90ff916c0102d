"""Progress by hand: four jobs of two pairs whose times and costs are round numbers."""

import logging
import os
import re
import time

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from terminal import Terminal
from workflow_project import ROOT

from exo2micro.job_status import finish_record, first_record, start_record
from exo2micro.progress import COSTS, DONE, FAILED, UNREACHED, WAITING, Progress, Step, cost_of
from exo2micro.progress_display import LogFile, Screen
from exo2micro.progress_follower import Follower
from exo2micro.progress_text import block, duration, headline, line, table

A, B = "A / DAPI", "B / DAPI"


def step(jobid, rule, pair, stage, cost, *needs):
    return Step(jobid, rule, pair, stage, frozenset(needs), cost)


@pytest.fixture
def progress():
    """Each pair is padded (cost 1) and then aligned (cost 10); it begins at 100 s."""
    return Progress(
        [
            step(1, "pad", A, 1, 1.0),
            step(2, "align", A, 2, 10.0, 1),
            step(3, "pad", B, 1, 1.0),
            step(4, "align", B, 2, 10.0, 3),
        ],
        100.0,
    )


def test_nothing_is_said_of_the_time_left_before_a_job_has_ended(progress):
    progress.begin(1, 100.0)
    assert progress.seconds_left(101.0) is None
    assert headline(progress, 101.0) == "0 of 4 jobs (0 %), 0 of 2 pairs done; 1 s gone"


def test_the_pace_is_that_of_the_same_rule_or_else_of_all(progress):
    progress.begin(1, 100.0)
    progress.end(1, 102.0)  # 2 s for a unit of cost
    assert progress.seconds_left(102.0) == pytest.approx(2 * (10 + 1 + 10))
    progress.begin(2, 102.0)
    progress.end(2, 112.0)  # 1 s for a unit
    assert progress.seconds_left(112.0) == pytest.approx(2 * 1 + 1 * 10)


def test_jobs_side_by_side_shorten_the_time_left(progress):
    for jobid in (1, 3):
        progress.begin(jobid, 100.0)
        progress.end(jobid, 102.0)
    assert progress.seconds_left(102.0) == pytest.approx(2 * 20 / 2)


def test_a_running_job_counts_by_its_rest_and_never_as_ended(progress):
    for jobid in (1, 3):
        progress.begin(jobid, 100.0)
        progress.end(jobid, 101.0)
    progress.begin(2, 101.0)
    progress.begin(4, 101.0)
    assert progress.seconds_left(105.0) == pytest.approx(10 - 4)
    assert progress.seconds_left(500.0) == pytest.approx(0.5)
    (first, second) = progress.running(105.0)
    assert (first.step.jobid, first.elapsed, first.expected) == (2, 4.0, 10.0)
    assert second.step.jobid == 4


def test_a_queued_job_has_not_begun(progress):
    progress.begin(1, 100.0)
    progress.end(1, 101.0)
    progress.begin(2, 101.0, queued=True)
    (job,) = progress.running(201.0)
    assert job.queued
    assert job.rest == 10.0
    assert "align A / DAPI, in the queue for 1 min 40 s" in line(progress, 201.0)
    progress.begin(2, 201.0)
    assert "align A / DAPI, 1 s of about 10 s" in line(progress, 202.0)


def test_what_needs_a_failed_job_is_left_out_until_it_is_tried_again(progress):
    progress.begin(1, 100.0)
    progress.fail(1)
    assert [progress.state(k) for k in (1, 2, 3, 4)] == [FAILED, UNREACHED, WAITING, WAITING]
    assert progress.pair_state(A) == FAILED
    assert table(progress)[1:] == [
        "A / DAPI  FAILED     left out",
        "B / DAPI  0 of 1     0 of 1",
    ]
    assert "1 failed" in headline(progress, 101.0)
    progress.begin(1, 102.0)
    progress.end(1, 103.0)
    assert [progress.state(k) for k in (1, 2)] == [DONE, WAITING]
    assert "failed" not in headline(progress, 103.0)


def test_the_table_shows_what_runs_and_fails_first_and_fits(progress):
    many = [step(k, "pad", f"S{k:02d} / DAPI", 1, 1.0) for k in range(30)]
    progress = Progress(many, 0.0)
    for k in range(20):
        progress.begin(k, 0.0)
        progress.end(k, 1.0)
    progress.begin(25, 1.0)
    progress.begin(26, 1.0)
    progress.fail(26)
    assert table(progress, 3) == [
        "pair        1 padding",
        "S20 / DAPI  0 of 1",
        "S25 / DAPI  0 of 1 *",
        "S26 / DAPI  FAILED",
        "and 27 more pairs",
    ]
    lines = block(progress, 2.0, 40, 12)
    assert len(lines) <= 11
    assert max(map(len, lines)) < 40
    assert any(text.startswith("now  pad S25 / DAPI") for text in lines)


def test_pairs_of_jobs_without_a_stage_are_not_counted():
    progress = Progress(
        [step(1, "make_demo_pair", A, None, 2.0), step(2, "survey", "", None, 2)], 0
    )
    assert progress.pairs == []
    assert table(progress) == []
    assert headline(progress, 1.0) == "0 of 2 jobs (0 %); 1 s gone"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_larger_images_cost_more_where_pixels_count():
    assert cost_of("measure_pair", 750) > 20 * cost_of("measure_pair", 1)
    assert cost_of("estimate_scale", 750) == cost_of("estimate_scale", 1)


def test_every_rule_of_a_stage_has_its_cost():
    """Without it the time left is wrong until the first of its jobs has ended."""
    rules = set()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        blocks = re.findall(r"^ *rule (\w+):(.*?)(?=^ *rule |\Z)", path.read_text(), re.M | re.S)
        rules |= {name for name, text in blocks if re.search(r"/logs/.*\{\{sfx", text)}
    assert len(rules) > 10
    assert rules - {"viewer_pair"} == set(COSTS)


def test_a_full_disk_ends_the_log_and_nothing_else(progress, tiny_disk):
    (tiny_disk / "filler").write_bytes(b"x" * 15_000_000)
    log = LogFile(tiny_disk / "progress.log", lambda: "now" * 1_000_000)
    for second in range(3):
        log.show(progress, 100.0 + second, ["something happened"])
    log.finish(progress, 110.0)


def test_other_texts_take_the_place_of_the_block(progress):
    terminal = Terminal()
    screen = Screen(terminal)
    screen.show(progress, 101.0, [])
    terminal.write("\x1b[J\na message of a job\n")
    screen.show(progress, 102.0, ["A / DAPI is done"])
    screen.say("a warning")
    screen.show(progress, 103.0, [])
    shown = terminal.lines()
    assert shown[:4] == ["", "a message of a job", "A / DAPI is done", "a warning"]
    assert sum("jobs" in text for text in shown) == 1
    assert "3 s gone" in shown[5]
    screen.finish(progress, 104.0)
    assert terminal.lines()[-1] == "0 of 4 jobs (0 %), 0 of 2 pairs done; 4 s gone"


class Shown:
    """Keeps what a display is told."""

    def __init__(self):
        self.news, self.last = [], None

    def show(self, progress, now, news):
        self.news += news
        self.last = line(progress, now)

    def finish(self, progress, now):
        self.last = "finished"


@pytest.fixture
def followed(tmp_path):
    """A run on a cluster that is followed: its log, what is shown, and a job's record."""
    record = tmp_path / "logs/align.json"
    record.parent.mkdir()
    steps = [
        Step(1, "align", A, 2, frozenset(), 10.0, str(record)),
        Step(2, "draw", A, 2, frozenset({1}), 1.0),
        Step(3, "align", B, 2, frozenset(), 10.0),
    ]
    shown = Shown()
    follower = Follower(lambda: steps, [shown], lambda: False)
    log = logging.getLogger(f"a run in {tmp_path}")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(follower)
    yield log, shown, record, follower
    follower.close()
    log.removeHandler(follower)


def wait_for(shown, words):
    for _ in range(100):
        if re.search(words, shown.last):
            return
        time.sleep(0.1)
    raise AssertionError(shown.last)


def test_on_a_cluster_a_job_begins_with_its_record_and_fails_with_its_message(followed):
    log, shown, path, follower = followed
    log.info(None, extra={"event": LogEvent.RUN_INFO})
    assert shown.news == ["3 jobs to run for 2 pair(s)"]
    log.info(None, extra={"event": LogEvent.JOB_INFO, "jobid": 1})
    wait_for(shown, "align A / DAPI, in the queue for")
    record = first_record("align", "align", 1, time.time())
    start_record(path, record)
    wait_for(shown, r"now: align A / DAPI, \d+ s$")
    finish_record(path, {**record, "state": "error", "message": "Too dark.\nGive it light."})
    log.error(None, extra={"event": LogEvent.JOB_ERROR, "jobid": 1})
    assert shown.news[-1] == "FAILED: align A / DAPI: Too dark."
    log.info(None, extra={"event": LogEvent.JOB_INFO, "jobid": 3})
    log.info(None, extra={"event": LogEvent.JOB_FINISHED, "job_id": 3})
    assert follower.progress.states() == {FAILED: 1, UNREACHED: 1, DONE: 1}
    follower.finish()
    assert shown.last == "finished"
    shown.last = ""
    log.info(None, extra={"event": LogEvent.JOB_INFO, "jobid": 3})
    time.sleep(1.2)
    assert shown.last == "", "it goes on after its end"


def test_a_display_whose_reader_is_gone_is_left_and_the_run_goes_on(followed):
    log, shown, _, follower = followed
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as pipe:
        follower._displays.insert(0, Screen(pipe))
        log.info(None, extra={"event": LogEvent.RUN_INFO})
        assert follower._displays == [shown]
        assert shown.news == ["3 jobs to run for 2 pair(s)"]
        # What is left in its buffer cannot be written either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)
