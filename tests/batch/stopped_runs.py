"""Runs of the workflow whose jobs stop at ordered moments, for faults to strike there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
from snakemake_program import LONG_S, ROOT

STOPS = Path(__file__).with_name("stops")


class Stop:
    """A job that stands still just before it does something to a file.

    Attributes
    ----------
    worker, watcher : psutil.Process
        The job's two processes.
    path : str
        The file.
    """

    def __init__(self, about):
        self.worker = psutil.Process(about["worker"])
        self.watcher = psutil.Process(about["watcher"])
        self.path = about["path"]
        wait_until(lambda: self.worker.status() == psutil.STATUS_STOPPED)


class Run:
    """Snakemake at work in the background.

    Parameters
    ----------
    folder : Path
        Where, with a ``config.yaml``.
    words : list of str
        Arguments.
    orders : list of [str, str]
        Where jobs shall stop, see ``stops/sitecustomize.py``.
    """

    def __init__(self, folder, words, orders=()):
        self.stops = folder / "stops"
        self.stops.mkdir(exist_ok=True)
        for path in self.stops.iterdir():
            path.unlink()
        command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]
        command += ["--configfile", "config.yaml", "--keep-going", *words]
        environment = {
            **os.environ,
            "PYTHONPATH": str(STOPS),
            "STOP_ORDERS": json.dumps(list(orders)),
            "STOP_FOLDER": str(self.stops),
        }
        self._log = folder / f"said-{len(list(folder.glob('said-*')))}.txt"
        with self._log.open("w") as said:
            self.program = psutil.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self):
        """What it has said so far."""
        return self._log.read_text()

    @property
    def problems(self):
        """What it said at the end about pairs that failed."""
        return self.said.partition("PROBLEMS")[2]

    def stopped(self):
        """Give each job that stops, as it does, until the run has ended."""
        known = set()
        until = time.monotonic() + LONG_S
        while True:
            goes_on = self.program.poll() is None
            for path in sorted(set(self.stops.glob("*.json")) - known):
                known.add(path)
                yield Stop(json.loads(path.read_text()))
            if not goes_on:
                return
            assert time.monotonic() < until, f"the run does not end:\n{self.said}"
            time.sleep(0.02)

    def first_stop(self):
        """Wait for the first job that stops."""
        for stop in self.stopped():
            return stop
        raise AssertionError(f"the run ended and no job had stopped:\n{self.said}")

    def wait(self):
        """Wait until it has ended, and give its exit code."""
        return self.program.wait(LONG_S)


def wait_until(true):
    """Wait for something that is sure to come."""
    until = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)
