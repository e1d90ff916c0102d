"""Pairs that are asked for: there, left out, or missing."""

import pytest
from request_checks import keys

from exo2micro.errors import LayoutError, MissingPairsError
from exo2micro.request import build_request


def test_dyes_with_underscores_are_told_so(folder):
    with pytest.raises(MissingPairsError, match="found as 'D1'"):
        build_request({"dyes": ["My_D1"]})


def test_strict_stops_and_lenient_skips(folder):
    with pytest.raises(MissingPairsError, match="1 of 4"):
        build_request({"samples": ["A", "B"], "dyes": ["D1", "D2"]})
    request = build_request(
        {"samples": ["A", "B"], "dyes": ["D1", "D2"], "strict_dyes": False,
         "params": {"pad": [0, 10]}}
    )  # fmt: skip
    assert keys(request.pairs) == [("A", "D1"), ("A", "D2"), ("B", "D1")]
    assert [skipped[:2] for skipped in request.skipped] == [("B", "D2")]
    (message,) = request.messages()
    assert message.startswith("Skipped: 1 requested pair(s)\n  B / D2: no such dye")
    rows = request.expected_summary_rows()
    assert len(rows) == 8
    assert [row["variant"] for row in rows[-2:]] == ["_pad0", "_pad10"]
    assert all(row["sample"] == "B" and row["dye"] == "D2" for row in rows[-2:])
    assert rows[-1]["status"].startswith("skipped: no such dye")
    with pytest.raises(MissingPairsError, match="B / D2 cannot be run: no such dye"):
        request.find_pair("B", "D2")


def test_pairs_that_are_not_requested_can_still_be_asked_for(folder):
    request = build_request({"samples": ["A"], "dyes": ["D1"]})
    assert request.find_pair("B", "D1").post == "raw/B/B_post_D1.tif"


def test_warnings_are_among_the_messages(folder):
    (folder / "raw" / "A" / "overview.tif").touch()
    (folder / "raw" / "stray.tif").touch()
    messages = build_request({"channel": {"d1": 2}}).messages()
    assert any("stray.tif" in message for message in messages)
    assert any(message.startswith("NO UNDERSCORE: A/overview.tif") for message in messages)
    assert any("no sample has the dye 'd1'" in message for message in messages)


def test_layout_faults_come_through(folder):
    with pytest.raises(LayoutError, match="does not exist"):
        build_request({"raw_dir": "rwa"})


def test_results_in_the_raw_folder_are_no_sample(folder):
    (folder / "raw" / "processed" / "A").mkdir(parents=True)
    assert build_request({"output_dir": "raw/processed"}).messages() == []


def test_many_pairs_and_many_missing_ones(folder):
    planned = [
        f"raw/S{sample:03}/{stain}_D{dye}.tif"
        for sample in range(500)
        for dye in range(10)
        for stain in ("pre", "post")
    ]
    request = build_request({"samples": [f"S{n:03}" for n in range(500)]}, planned)
    assert len(request.targets()) == 5000 * 22
    samples = [f"T{n:03}" for n in range(500)]
    with pytest.raises(MissingPairsError, match="5000 of 5000"):
        build_request({"samples": samples, "dyes": [f"D{n}" for n in range(10)]}, planned)
