"""Headers of many raw files, read side by side."""

import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest
import tifffile

from exo2micro import raw_headers


def test_many_headers_are_read_ahead(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_headers, "MANY_FILES", 3)
    monkeypatch.setattr(raw_headers, "LEAST_FILES_A_PROCESS", 2)
    monkeypatch.setattr(raw_headers, "_sizes", {})
    paths = [str(tmp_path / f"{number}.tif") for number in range(5)]
    for number, path in enumerate(paths):
        tifffile.imwrite(path, np.zeros((10, 20 + number), np.uint16))
    (tmp_path / "damaged.tif").write_bytes(b"II*\0")
    damaged, absent = str(tmp_path / "damaged.tif"), str(tmp_path / "absent.tif")
    raw_headers.read_ahead([*paths, damaged, absent])
    raw_headers._wait_for_readers()
    known = dict(raw_headers._sizes)
    monkeypatch.setattr(raw_headers, "_sizes", {})
    sizes = [raw_headers.raw_size(path) for path in paths]
    assert [(size.height, size.width, size.itemsize) for size in sizes] == [
        (10, 20 + number, 2) for number in range(5)
    ]
    assert raw_headers.raw_size(damaged) is None
    with pytest.raises(FileNotFoundError):
        raw_headers.raw_size(absent)
    alone = sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1
    assert known == ({} if alone else raw_headers._sizes)


def test_a_reader_that_is_killed_costs_nothing_but_time(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_headers, "MANY_FILES", 1)
    monkeypatch.setattr(raw_headers, "LEAST_FILES_A_PROCESS", 1)
    monkeypatch.setattr(raw_headers, "_sizes", {})
    path = str(tmp_path / "one.tif")
    tifffile.imwrite(path, np.zeros((10, 20), np.uint8))
    with monkeypatch.context() as during:
        during.setattr(raw_headers, "_read", killed)
        raw_headers.read_ahead([path, path])
    assert raw_headers._readers or sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1
    assert raw_headers.raw_size(path).width == 20
    assert not raw_headers._readers


def test_half_of_what_a_killed_reader_says_is_passed_over(monkeypatch):
    receiving, sending = multiprocessing.Pipe(duplex=False)
    os.write(sending.fileno(), (1000).to_bytes(4, "big") + b"the beginning")
    sending.close()
    reader = multiprocessing.Process(target=str)
    reader.start()
    monkeypatch.setattr(raw_headers, "_sizes", {})
    monkeypatch.setattr(raw_headers, "_readers", [(reader, receiving)])
    raw_headers._wait_for_readers()
    assert not raw_headers._sizes
    assert not raw_headers._readers


def killed(path):
    """End the process that reads."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_replaced_file_is_read_again(tmp_path):
    path = tmp_path / "one.tif"
    tifffile.imwrite(path, np.zeros((10, 20), np.uint8))
    assert raw_headers.raw_size(str(path)).width == 20
    tifffile.imwrite(path, np.zeros((10, 30), np.uint8))
    assert raw_headers.raw_size(str(path)).width == 30
