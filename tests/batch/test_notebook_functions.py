"""The original's functions, run by the workflow. Mostly to stage 1, which is quick."""

import contextlib
import io
import os
import re

import pytest
from photographs import lay_out_pairs

import exo2micro
from exo2micro.errors import BatchError

GOOD = {"samples": ["CD070"], "dyes": ["SybrGld"], "params": {"pad": 30}, "to_stage": 1}
PADDED = "processed/CD070/SybrGld/tiff/01_padded_post_pad30.tiff"


@pytest.fixture(scope="module")
def ran(tmp_path_factory, photographs):
    """A batch of two good pairs and a bad one: its folder, results, and what was printed."""
    folder = lay_out_pairs(tmp_path_factory.mktemp("ran"), photographs)
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.chdir(folder)
        results = exo2micro.run_batch(params={"pad": 30}, to_stage=1, parallel=True, n_workers=2)
    return folder, results, printed.getvalue()


def test_results_are_those_of_the_original(ran):
    folder, results, printed = ran
    good = [result for result in results if result["sample"] != "Bad"]
    assert [(r["sample"], r["dye"], r["status"]) for r in good] == [
        ("CD070", "SybrGld", "complete"),
        ("ER22", "SybrGld", "complete"),
    ]
    for key in ("scale_estimate", "scale_percentile_value", "manual_scale"):
        assert good[0][key] is None
    assert (folder / PADDED).is_file()
    made = {path.name.split("_")[0] for path in folder.glob("processed/*/*/tiff/*")}
    assert made == {"01"}
    assert "CD070   SybrGld  _pad30   complete" in printed


def test_results_are_printed_with_every_whole_message(capsys):
    good = {"sample": "A", "dye": "D", "status": "complete", "scale_estimate": 1.0625}
    bad = {"sample": "B", "dye": "D", "status": "error: raw/B/x.tif is damaged.\nCopy it anew."}
    exo2micro.print_summary([good, bad])
    table, problems = capsys.readouterr().out.split("PROBLEMS")
    assert re.search(r"A +D +- +complete +1\.06", table)
    assert "B / D" in problems
    assert "raw/B/x.tif is damaged.\n" in problems
    assert "Copy it anew." in problems


def test_a_second_run_does_nothing_and_from_stage_does_it_again(workplace):
    exo2micro.run_batch(**GOOD)
    first = os.stat(PADDED).st_mtime_ns
    assert exo2micro.run_batch(**GOOD)[0]["status"] == "complete"
    assert os.stat(PADDED).st_mtime_ns == first
    exo2micro.run_batch(**GOOD, from_stage=2)
    assert os.stat(PADDED).st_mtime_ns == first
    for again in ({"from_stage": 1}, {"force": True}):
        assert exo2micro.run_batch(**GOOD, **again)[0]["status"] == "complete"
        assert os.stat(PADDED).st_mtime_ns > first
        first = os.stat(PADDED).st_mtime_ns


def test_a_bad_pair_is_an_error_with_its_whole_message_and_the_rest_goes_on(ran):
    _, results, printed = ran
    status = {r["sample"]: r["status"] for r in results}
    assert status["CD070"] == status["ER22"] == "complete"
    assert status["Bad"].startswith("error: ")
    assert "raw/Bad/Bad_post_DAPI.tif is not a TIFF image" in status["Bad"]
    problems = printed.rsplit("PROBLEMS", 1)[1]
    assert "Bad / DAPI" in problems
    assert "Bad_post_DAPI.tif" in problems


def test_missing_pairs_are_file_not_found_or_left_out(workplace):
    with pytest.raises(FileNotFoundError, match="CD070 / DAPI"):
        exo2micro.run_batch(["CD070"], ["SybrGld", "DAPI"], to_stage=1)
    results = exo2micro.run_batch(
        ["CD070"], ["SybrGld", "DAPI"], strict_dyes=False, to_stage=1, params={"pad": 30}
    )
    assert [r["dye"] for r in results] == ["SybrGld"]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        exo2micro.run_batch("all", "all", raw_dir="rwa")


def test_wrong_parameters_are_value_errors_and_nothing_runs(workplace):
    with pytest.raises(ValueError, match="boundary_width"):
        exo2micro.run_batch(params={"boundry_width": 3})
    pair = exo2micro.SampleDye("CD070", "SybrGld")
    with pytest.raises(ValueError, match="boundary_width"):
        pair.set_params(pad=30, boundry_width=3)
    assert pair.non_default_params() == {}
    assert not os.path.exists("processed")


def test_a_config_file_in_the_folder_adds_nothing(workplace):
    (workplace / "config").mkdir()
    (workplace / "config/config.yaml").write_text(
        "params: {pad: 77, boundary_width: 40}\nsamples: [ER22]\nto_stage: null\n"
    )
    exo2micro.run_batch(**GOOD)
    assert [path.name for path in workplace.glob("processed/*/*/tiff/01_padded_post*")] == [
        "01_padded_post_pad30.tiff"
    ]
    assert not (workplace / "processed/ER22").exists()


def test_a_limit_of_time_is_told(workplace):
    result = exo2micro.run_batch(**GOOD, timeout_per_task=0.01)[0]
    # Of jobs this short, which one is caught is a matter of luck.
    assert re.match(r"error: \w+_pad30 timed out after 0\.01 s", result["status"])


def test_tasks_one_by_one_keep_their_order_and_settings(workplace):
    found = exo2micro.discover_tasks(["ER22", "CD070", "X"], ["SybrGld"], raw_dir="raw")
    assert found["present"] == [("ER22", "SybrGld"), ("CD070", "SybrGld")]
    assert found["skipped"][0][:2] == ("X", "SybrGld")
    first, second = exo2micro.build_task_list(found["present"], {"pad": 30}, to_stage=1)
    assert first[:2] == ("ER22", "SybrGld")
    other = exo2micro.build_task_list([("CD070", "SybrGld")], {"pad": 40}, to_stage=1)[0]
    results = exo2micro.run_serial([second, other, first])
    assert [(r["sample"], r["variant"]) for r in results] == [
        ("CD070", "_pad30"),
        ("CD070", "_pad40"),
        ("ER22", "_pad30"),
    ]
    assert all(r["status"] == "complete" for r in results)
    assert exo2micro.process_one(first) == results[2]
    assert exo2micro.run_parallel([first, second], n_workers=2) == [results[2], results[0]]
    assert exo2micro.run_subprocess([second], timeout_per_task=600) == [results[0]]


def test_a_pair_tells_what_is_there(workplace, capsys):
    pair = exo2micro.SampleDye("CD070", "SybrGld").set_params(pad=30)
    assert pair.run(to_stage=1)["status"] == "complete"
    there = pair.status()
    assert [name for name, exists in there.items() if exists] == [
        "tiff/01_padded_post_pad30.tiff",
        "tiff/01_padded_pre_pad30.tiff",
    ]
    assert "[x] tiff/01_padded_post_pad30.tiff" in capsys.readouterr().out
    assert exo2micro.SampleDye("CD070", "Cy5").run()["status"].startswith("error: 1 of 1")


def test_a_run_that_cannot_begin_says_why(workplace):
    # What Snakemake alone can find out: its own folder cannot be made.
    (workplace / ".snakemake").write_text("")
    with pytest.raises(BatchError, match=r"\.snakemake"):
        exo2micro.run_batch(**GOOD)


def test_the_original_listing_of_a_folder(workplace):
    (workplace / "raw/ER22/ER22_overview.tif").touch()
    pairs, warnings = exo2micro.classify_raw_files("raw/ER22")
    assert pairs == {
        "SybrGld": {
            "pre": ["raw/ER22/ER22_PreStain_SybrGld.tif"],
            "post": ["raw/ER22/ER22_PostStain_SybrGld.tif"],
        }
    }
    assert len(warnings) == 1
    assert exo2micro.discover_tasks(raw_dir="nowhere")["layout_ok"] is False
