import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from exo2micro.errors import ImageWriteError, RecordError
from exo2micro.storage import (
    read_arrays,
    read_record,
    write_arrays,
    write_record,
    write_table,
)


def test_floats_read_back_exactly(tmp_path):
    values = [0.1, 1 / 3, math.pi * 1e-17, 5e-324, 1.7976931348623157e308, -0.0]
    matrix = np.random.default_rng(1).normal(size=(3, 3))
    write_record(tmp_path / "r.json", {"values": values, "pre_from_post": matrix})
    record = read_record(tmp_path / "r.json")
    assert record["values"] == values
    np.testing.assert_array_equal(np.array(record["pre_from_post"]), matrix)


def test_what_json_does_not_know_takes_its_plain_form(tmp_path):
    record = {
        "count": np.int64(3),
        "accuracy": np.float32(0.5),
        "passed": np.bool_(True),
        "missing": math.nan,
        "grid": np.array([[1.0, np.inf]]),
        "path": Path("raw/a.tif"),
        "pair": (1, 2),
        1: "number as key",
        "unit": "µm",
    }
    write_record(tmp_path / "r.json", record)
    assert read_record(tmp_path / "r.json") == {
        "count": 3,
        "accuracy": 0.5,
        "passed": True,
        "missing": None,
        "grid": [[1.0, None]],
        "path": "raw/a.tif",
        "pair": [1, 2],
        "1": "number as key",
        "unit": "µm",
    }


def test_what_has_no_form_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(RecordError, match="object"):
        write_record(tmp_path / "r.json", {"a": object()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ['{"a": 1', "[1, 2]", "", b"\xff\xfe"])
def test_damaged_records_are_named(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecordError, match=r"broken\.json.*makes it anew"):
        read_record(path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"none\.json: No such file"):
        read_record(tmp_path / "none.json")


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageWriteError, match=r"Cannot write .*r\.json"):
        write_record(tmp_path / "file" / "r.json", {})


def test_record_is_readable_json(tmp_path):
    write_record(tmp_path / "r.json", {"b": 1, "a": 2})
    assert list(json.loads((tmp_path / "r.json").read_text())) == ["b", "a"]


def test_arrays_round_trip(tmp_path):
    histogram = np.arange(12, dtype=np.uint64).reshape(3, 4)
    write_arrays(tmp_path / "joint.npz", histogram=histogram, edges=np.linspace(0, 1, 4))
    arrays = read_arrays(tmp_path / "joint.npz")
    assert set(arrays) == {"histogram", "edges"}
    np.testing.assert_array_equal(arrays["histogram"], histogram)
    assert arrays["histogram"].dtype == np.uint64


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"text"])
def test_damaged_arrays_are_named(tmp_path, content):
    (tmp_path / "joint.npz").write_bytes(content)
    with pytest.raises(RecordError, match=r"joint\.npz"):
        read_arrays(tmp_path / "joint.npz")


def test_table_is_tab_separated_with_empty_cells_for_nan(tmp_path):
    write_table(tmp_path / "t.tsv", pd.DataFrame({"sample": ["CD070"], "accuracy_px": [math.nan]}))
    assert (tmp_path / "t.tsv").read_text() == "sample\taccuracy_px\nCD070\t\n"
