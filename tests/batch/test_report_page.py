"""The batch's report: what it says of good, doubtful, failed and skipped pairs."""

import base64
import re

import cv2
import numpy as np
import pytest
from browser import browser, chromium  # noqa: F401

from exo2micro.report_page import level_of, write_report
from exo2micro.request import build_request
from exo2micro.summary_columns import KEYS

MESSAGE = "The photographs differ in <size> & 'dye'.\nTry a wider angle_range."
PAIRS = ("A b", "B", "C")


def row(sample, status="complete", messages=(), **known):
    blank = dict.fromkeys(KEYS)
    return {
        **blank,
        "sample": sample,
        "dye": "DAPI",
        "variant": "_pad60",
        "status": status,
        "messages": list(messages),
        **known,
    }


@pytest.fixture
def report(tmp_path):
    """Path of a report on four pairs, of which one has a figure."""
    for sample in PAIRS:
        for stain in ("pre", "post"):
            path = tmp_path / "raw" / sample / f"{stain}_DAPI.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"never read here")
    output = tmp_path / "all results"
    request = build_request(
        {"raw_dir": str(tmp_path / "raw"), "output_dir": str(output), "params": {"pad": 60}}
    )
    picture = output / "A b/DAPI/pipeline_output/difference_image_pad60.png"
    picture.parent.mkdir(parents=True)
    cv2.imwrite(str(picture), np.full((400, 600, 3), (10, 200, 30), np.uint8))
    rows = [
        row("A b", alignment="pass", accuracy_px=0.012, scale_estimate=1.25, n_candidates=9),
        row("B", alignment="warn", accuracy_px=1.5, n_candidates=100, messages=["alignment: few"]),
        row("C", status=f"error: {MESSAGE[:30]}", messages=[MESSAGE], alignment="fail"),
        row("D", status="skipped: no pre file"),
    ]
    return write_report(request, rows)


def test_levels():
    assert level_of(row("A", alignment="pass")) == "pass"
    assert level_of(row("A", alignment="pass", messages=["scale: doubtful"])) == "warn"
    assert level_of(row("A", alignment="warn")) == "warn"
    assert level_of(row("A", status="error: x")) == "fail"
    assert level_of(row("A", status="skipped: x")) == "none"


def test_it_stands_alone(report):
    text = report.read_text()
    assert "://" not in text
    assert not re.search(r'(src|href)="(?!data:|[A-Za-z0-9_%./-]+")', text)
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(picture.astype(int) - (10, 200, 30)).max() < 4
    assert 'href="A%20b/DAPI/pipeline_output/difference_image_pad60.png"' in text
    assert str(report.parents[1]) not in text


def test_it_reads_in_a_browser_worst_first_and_sorts(report, browser):  # noqa: F811
    browser.open(report.as_uri())
    samples = "[...document.querySelectorAll('#pairs tbody tr')].map((r) => r.cells[1].innerText)"
    assert browser.run(f"return {samples}") == ["C", "B", "D", "A b"]
    problems = [e.text for e in browser.driver.find_elements("css selector", ".problem")]
    assert [text.split(" / ")[0] for text in problems] == ["C", "B", "D"]
    assert MESSAGE in problems[0]
    browser.find("#pairs th:nth-child(9)").click()
    assert browser.run(f"return {samples}") == ["A b", "B", "C", "D"]
    browser.find("#pairs th:nth-child(9)").click()
    assert browser.run(f"return {samples}") == ["B", "A b", "C", "D"]
    assert "pad = 60" in browser.text("body")
    heads = [e.text for e in browser.driver.find_elements("css selector", "#pairs th")]
    assert heads[9:13] == ["time (s)", "memory (MB)", "estimated", "false at most"]
    assert browser.run("return document.images[0].naturalWidth") > 100
