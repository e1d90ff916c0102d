"""A batch in which some pairs are bad: the others go on, and the summary says what to do."""

import html
import json
import shlex
import shutil
import subprocess

import numpy as np
import pytest
import tifffile
from browser import chromium  # noqa: F401
from workflow_project import Project, demo_config

GOOD, TWICE, CUT = ("CD070", "DAPI"), ("Twice", "DAPI"), ("Cut", "Sybr Gld")


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A run with one good pair, one photograph twice, and a file that is cut short."""
    config = demo_config()
    config["demo"]["pairs"] = [{"sample": "CD070", "dye": "DAPI", "rotation_deg": 4}]
    project = Project(tmp_path_factory.mktemp("batch"), **config)
    random = np.random.default_rng(5)
    for sample, dye in (TWICE, CUT):
        photograph = random.integers(0, 60, (420, 400), dtype=np.uint8)
        for stain in ("pre", "post"):
            path = project.folder / "raw" / sample / f"{sample}_{stain}_{dye}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, photograph)
    path.write_bytes(path.read_bytes()[:40_000])
    project.code, project.output = project.snakemake("--cores", "2", "--keep-going", check=False)
    return project


@pytest.fixture(scope="module")
def gathered(batch):
    """Snakemake's report of it."""
    batch.snakemake("--report", "figures.html")
    return batch.folder / "figures.html"


def statuses(project):
    rows = json.loads((project.folder / "processed/summary.json").read_text())["pairs"]
    return {(row["sample"], row["dye"]): row for row in rows}


def command_at_the_end(text):
    lines = text.split("To run just those again:")[1].splitlines()
    return shlex.split(next(line for line in lines if line.strip()))


def test_the_run_fails_and_the_good_pair_is_complete(batch):
    assert batch.code != 0
    rows = statuses(batch)
    assert rows[GOOD]["status"] == "complete"
    assert (batch.pair(*GOOD) / "tiff/04_difference_difference_pad60.tiff").is_file()


def test_the_report_is_there_and_tells_each_failure_in_full(batch):
    text = html.unescape((batch.folder / "processed/report.html").read_text())
    rows = statuses(batch)
    for pair in (TWICE, CUT):
        assert all(message in text for message in rows[pair]["messages"])
    assert text.count("data:image/jpeg") >= 3 + 2  # the good pair's and the failed alignment's


def test_the_figures_can_be_gathered_although_pairs_failed(batch, gathered):
    text = gathered.read_text()
    assert "candidate_sheet_pad60.png" in text
    assert "Twice/DAPI/pipeline_output/registration_pad60.png" in text
    # The table of all pairs, whose links would lead nowhere from there.
    table = (batch.folder / "processed/logs/summary.html").read_text()
    assert '<table id="pairs">' in table
    assert table.count('<span class="badge fail">failed</span>') == 2
    assert table.count("<img") >= 3 + 2
    assert "<a " not in table
    assert "processed/logs/summary.html" in text
    assert "All pairs" in text


def test_each_failure_is_told_in_full(batch):
    rows = statuses(batch)
    assert rows[TWICE]["status"].startswith("error: Twice / DAPI: the alignment failed")
    assert rows[TWICE]["alignment"] == "fail"
    assert rows[CUT]["status"].startswith("error: ")
    assert "Cut_post_Sybr Gld.tif" in rows[CUT]["messages"][0]
    for row in rows.values():
        assert not any(
            told != other and told.split(": ", 1)[-1] in other
            for told in row["messages"]
            for other in row["messages"]
        ), "the same is told twice"
    problems = batch.output.split("PROBLEMS")[1]
    for pair in (TWICE, CUT):
        for message in rows[pair]["messages"]:
            assert message in problems
    assert "2 of 3 requested pair(s) failed" in batch.output
    assert "Traceback" not in batch.output


def test_a_failed_pair_has_its_figures_where_nothing_is_kept_going(batch):
    figure = batch.pair(*TWICE) / "pipeline_output/registration_pad60.png"
    figure.unlink()
    only = ("--config", "pairs=[Twice/DAPI]")
    code, _ = batch.snakemake("--cores", "1", *only, check=False)
    assert code != 0
    assert figure.is_file()


def test_no_image_under_a_final_name_comes_from_a_failed_pair(batch):
    assert not list((batch.folder / "processed").glob("*/*/tiff/04_*Twice*"))
    assert not list(batch.pair(*TWICE).glob("tiff/04_*"))
    assert not list(batch.pair(*CUT).glob("tiff/*"))


def test_the_command_at_the_end_runs_just_the_failed_pairs(batch):
    command = command_at_the_end(batch.output)
    # Mend one of them, with the good pair's photographs.
    for stain, marker in (("pre", "PreStain"), ("post", "PostStain")):
        shutil.copy(
            batch.folder / f"raw/CD070/CD070_{marker}_DAPI.tif",
            batch.folder / f"raw/Cut/Cut_{stain}_Sybr Gld.tif",
        )
    finished = batch.pair(*GOOD)
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.json")}
    done = subprocess.run(command, cwd=batch.folder, capture_output=True, text=True, timeout=400)
    assert done.returncode != 0
    rows = statuses(batch)
    assert set(rows) == {TWICE, CUT}
    assert rows[CUT]["status"] == "complete", done.stderr
    assert rows[TWICE]["status"].startswith("error: Twice / DAPI: the alignment failed")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert command_at_the_end(done.stdout + done.stderr)[-2:] == [
        "--config", 'pairs=["Twice/DAPI"]',
    ]  # fmt: skip


def test_the_table_of_all_pairs_opens_and_sorts_in_snakemakes_report(gathered, chromium):  # noqa: F811
    browser, driver = chromium, chromium.driver
    driver.get(gathered.as_uri())
    browser.wait("[...document.querySelectorAll('li, a')].some((e) => e.innerText === 'All pairs')")
    driver.find_element("xpath", "//*[text()='All pairs']").click()
    browser.wait("document.querySelector('a[iconname=eye]')")
    driver.find_element("css selector", "a[iconname=eye]").click()
    browser.wait("document.querySelector('iframe')")
    driver.switch_to.frame(driver.find_element("css selector", "iframe"))
    states = "[...document.querySelectorAll('#pairs tbody tr')].map((r) => r.cells[0].innerText)"
    worst_first = browser.run(f"return {states}")
    assert (worst_first[0], worst_first[-1]) == ("failed", "complete")
    for _ in range(2):
        driver.find_element("css selector", "#pairs th").click()
    assert browser.run(f"return {states}") == sorted(worst_first)
    driver.switch_to.default_content()
    browser.complaints()  # Snakemake's page has one of its own
