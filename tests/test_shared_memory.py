"""Memory of a job of several processes, as its watcher tells it."""

import subprocess
import sys

import pytest

from exo2micro import supervision
from exo2micro.limits import Limits
from exo2micro.supervision import Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is shared")

FAMILY = """
import os, sys

shared = b"s" * 150_000_000
for _ in range(2):
    start, begin = os.pipe()
    if os.fork() == 0:
        os.close(begin)  # or it would never hear of the end
        while os.read(start, 1):
            own = b"o" * 100_000_000
            print("grown", flush=True)
        os._exit(0)
    os.close(start)
print("begun", flush=True)
for _ in sys.stdin:
    os.write(begin, b"g")
"""


@pytest.fixture
def family():
    """A process of 150 MB with two children that have it as well; one grows when told to."""
    command = [sys.executable, "-c", FAMILY]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as parent:
        assert parent.stdout.readline() == "begun\n"
        yield parent
        parent.stdin.close()


def test_what_is_shared_counts_once_and_what_comes_later_at_once(family, monkeypatch):
    # The handlers of this process are pytest's.
    monkeypatch.setattr(supervision.signal, "signal", lambda number, handler: None)
    watch = Watch(family.pid, None, Limits(None, None), "a job")
    assert 150 < watch._memory_mb() < 190
    looked = watch._shared_looked
    family.stdin.write("g\n")
    family.stdin.flush()
    assert family.stdout.readline() == "grown\n"
    assert 250 < watch._memory_mb() < 290
    assert watch._shared_looked == looked  # the growth was seen without weighing all again
