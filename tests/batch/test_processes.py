"""Processes as /proc tells them, against psutil."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from exo2micro.processes import find_process


def test_a_process_is_told_as_psutil_tells_it():
    mine, known = find_process(os.getpid()), psutil.Process()
    assert mine.parent == os.getppid()
    assert mine.name == known.name()[:15]
    parent = psutil.Process(os.getppid())
    apart = mine.started - find_process(parent.pid).started
    assert apart == pytest.approx(known.create_time() - parent.create_time(), abs=0.03)


def test_a_name_with_spaces_and_brackets_is_read_whole(tmp_path):
    program = tmp_path / "a (b) c"
    program.symlink_to(sys.executable)
    with subprocess.Popen([program, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = find_process(child.pid)
        child.communicate(b"\n")
    assert (found.name, found.parent) == ("a (b) c", os.getpid())


def test_an_ended_process_is_none():
    child = subprocess.Popen(["true"])
    until = time.monotonic() + 30
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.01)
    assert find_process(child.pid) is None  # its exit status was not asked for yet
    child.wait()
    assert find_process(child.pid) is None
