"""Faults that strike a run in every stage, for real, and what becomes of each.

A job is stopped at the moment when a stage writes its file; then it is killed, or its disk is
filled, or a raw file changed. The same command again must make all good.

    python tests/batch/faults.py        plays everything and prints the table of docs/batch.md
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from photographs import draw_photographs
from stopped_runs import Run

# The file of each stage at which faults strike, in the order in which they are made.
STAGES = {
    "1 padding": "tiff/01_padded_pre",
    "2 boundary alignment": "transforms/02_icp",
    "3 interior alignment": "transforms/03_interior",
    "4 scale": "measurements/04_scale",
    "4 difference": "tiff/04_difference_difference",
}
FIRST, *LATER = STAGES
CONFIG = {"raw_dir": "raw", "output_dir": "processed", "params": {"pad": 40}, "force_run": True}
# What a run is asked for: everything but the figures.
WANTED = (
    "tiff/02_icp_aligned_pre_pad40.tiff",
    "tiff/03_interior_aligned_pre_pad40.tiff",
    "tiff/04_difference_difference_pad40.tiff",
    "measurements/04_candidates_pad40.csv",
)
CORES = 4
# Samples: what strikes each, and the moment at which its job is stopped for it.
CALM, JOB, WATCHER, DISK, RAW = "Calm", "Job", "Watcher", "Disk", "Raw"
MOMENTS = {JOB: "name", WATCHER: "name", DISK: "write", RAW: "write"}
FAULTS = {
    JOB: "`kill -9` of the job",
    WATCHER: "`kill -9` of the process that watches it",
    DISK: "the disk gets full",
}
SNAKEMAKE, SECOND, CTRL_C = "`kill -9` of Snakemake", "a second run meanwhile", "Ctrl-C"
GOES_ON, ENDED, REFUSED = "goes on", "its jobs end with it", "refused"
CUT, REPLACED, REMOVED = "raw file cut short", "raw file replaced", "raw file removed"
ALL_FAULTS = (
    *(FAULTS[sample] for sample in (JOB, WATCHER)),
    SNAKEMAKE,
    CTRL_C,
    FAULTS[DISK],
    CUT,
    REPLACED,
    REMOVED,
    SECOND,
)


class Place:
    """A working folder with pairs of the same photographs under several names."""

    def __init__(self, folder, photographs, samples):
        self.folder, self.photographs, self.samples = folder, photographs, samples
        for sample in samples:
            (folder / "raw" / sample).mkdir(parents=True)
            for stain in ("pre", "post"):
                self.restore(sample, stain)
        (folder / "config.yaml").write_text(json.dumps(CONFIG))

    def raw(self, sample, stain="pre"):
        return self.folder / f"raw/{sample}/{sample}_{stain}_DAPI.tif"

    def restore(self, sample, stain="pre"):
        """Put a raw file there, with its time, which the records tell."""
        source = next(self.photographs.glob(f"*_{stain.title()}Stain_*.tif"))
        shutil.copy2(source, self.raw(sample, stain))

    def pair(self, sample):
        return self.folder / "processed" / sample / "DAPI"

    def run(self, orders=()):
        """Start the run; the same command each time."""
        wanted = [f"processed/{s}/DAPI/{path}" for s in self.samples for path in WANTED]
        return Run(self.folder, ["--cores", str(CORES), *wanted], orders)

    def plain_run(self):
        """Run undisturbed to the end."""
        run = self.run()
        assert run.wait() == 0, run.said
        return run

    def told(self):
        """What the summary says of each sample: its message, or that it is complete."""
        rows = json.loads((self.folder / "processed/summary.json").read_text())["pairs"]
        return {row["sample"]: (row["messages"] or [row["status"]])[0] for row in rows}

    def whole(self, sample):
        """Whether everything that was asked for of a sample is there."""
        return all((self.pair(sample) / path).exists() for path in WANTED)

    def half_files(self):
        """What writers that were cut short have left."""
        hidden = (path for path in (self.folder / "processed").rglob("*/DAPI/*/.*"))
        return [path for path in hidden if path.is_file()]

    def results(self, sample):
        """Everything that a pair's results say, but for names and times."""
        found = {}
        for path in sorted(self.pair(sample).rglob("*")):
            name = str(path.relative_to(self.pair(sample)))
            if path.suffix == ".tiff":
                found[name] = tifffile.imread(path).tobytes()
            elif path.suffix == ".npz":
                with np.load(path) as arrays:
                    found[name] = {key: arrays[key].tobytes() for key in arrays.files}
            elif path.suffix in (".json", ".csv", ".geojson") and "logs" not in path.parts:
                text = path.read_text().replace(sample, "SAMPLE")
                found[name] = re.sub(r'"(created|time)": "[^"]*"', "", text)
        return found


def pattern(sample, stage):
    """Where in a path the stage's file of a sample is told, whole or half done."""
    folder, name = STAGES[stage].split("/")
    return rf"/{sample}/DAPI/{folder}/\.?{name}_pad"


def play_jobs(place, disk):
    """Let a fault of each kind strike in every stage; a pair stays calm.

    Parameters
    ----------
    place : Place
        Where; its samples tell which faults.
    disk : Path or None
        Folder of the sample `DISK`, a disk of its own.

    Returns
    -------
    dict of (str, str) to str
        By fault and stage: what the summary said.
    """
    told = {}
    at_first = iter((CUT, REPLACED, REMOVED))
    for stage in STAGES:
        raw_fault = next(at_first, None)
        raw_stage = FIRST if raw_fault else stage
        stages = {sample: raw_stage if sample == RAW else stage for sample in place.samples}
        orders = [(MOMENTS[s], pattern(s, stages[s])) for s in place.samples if s in MOMENTS]
        run = place.run(orders)
        for stop in run.stopped():
            sample = next(s for s in place.samples if f"/{s}/DAPI/" in stop.path)
            _strike(sample, stop, place, disk, raw_fault or REMOVED)
        assert run.wait() != 0, run.said
        assert "Traceback" not in run.said, run.said
        if disk:
            (disk / "filler").unlink()
        if RAW in place.samples:
            place.restore(RAW)
        for sample, message in place.told().items():
            fault = raw_fault or REMOVED if sample == RAW else FAULTS.get(sample, CALM)
            told[fault, stages[sample]] = GOES_ON if place.whole(sample) else message
            assert place.whole(sample) or message in run.problems, run.said
    place.plain_run()
    return told


def _strike(sample, stop, place, disk, raw_fault):
    """Do to a stopped job what is meant for its sample, and let it go on where it lives."""
    if sample == JOB:
        stop.worker.kill()
    elif sample == WATCHER:
        stop.watcher.kill()
    elif sample == DISK:
        fill(disk)
        stop.worker.resume()
    else:
        raw = place.raw(RAW)
        if raw_fault == CUT:
            os.truncate(raw, raw.stat().st_size // 2)
        elif raw_fault == REPLACED:
            os.replace(shutil.copy2(place.raw(RAW, "post"), raw.with_suffix(".new")), raw)
        else:
            raw.unlink()
        stop.worker.resume()


def fill(disk):
    """Fill a disk to its last byte."""
    with (disk / "filler").open("ab", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))


def play_snakemake(place):
    """Kill Snakemake in every stage; also refuse a second run meanwhile, and press Ctrl-C.

    Returns
    -------
    dict of (str, str) to str
        By fault and stage: what was seen.
    """
    told = {}
    sample = place.samples[0]
    for stage in STAGES:
        run = place.run([("name", pattern(sample, stage))])
        run.first_stop()
        family = run.program.children(recursive=True)
        if stage == FIRST:
            told[SECOND, stage] = _refused(place, run)
        run.program.kill()
        run.wait()
        _, alive = psutil.wait_procs(family, timeout=60)
        # The system lets stopped processes go on when their session's leader is gone: the file may
        # have got its name meanwhile. Whether it is whole shows at the end.
        assert not alive, "jobs outlive a Snakemake that was killed"
        told[SNAKEMAKE, stage] = ENDED
    told[CTRL_C, stage] = _interrupted(place, sample, stage)
    place.plain_run()
    return told


def _refused(place, run):
    """Start a second run on the same output folder, and give what it says."""
    command = [*run.program.cmdline()]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, timeout=300)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in said
    assert f"Another run works on processed now (process {run.program.pid} " in said, said
    return REFUSED


def _interrupted(place, sample, stage):
    """Press Ctrl-C while a job of the last stage runs, and give its status."""
    run = place.run([("name", pattern(sample, stage))])
    run.first_stop()
    family = run.program.children(recursive=True)
    os.killpg(run.program.pid, signal.SIGINT)
    assert run.wait() != 0
    # Here too the stopped job may go on for the moment until it is ended, and name its file.
    assert not psutil.wait_procs(family, timeout=60)[1]
    assert "To run just those again" in run.said
    return place.told()[sample]


@contextlib.contextmanager
def tiny_disk(folder, megabytes=16):
    """Mount a small disk; gives None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def play(folder, photographs):
    """Play everything, two runs side by side.

    Returns
    -------
    told : dict of (str, str) to str
        By fault and stage.
    places : tuple of Place
        That of the faults of jobs, and that of the faults of Snakemake.
    """
    with tiny_disk(folder / "jobs/processed" / DISK) as disk:
        samples = [CALM, JOB, WATCHER, *([DISK] if disk else []), RAW]
        jobs = Place(folder / "jobs", photographs, samples)
        snakemake = Place(folder / "snakemake", photographs, ["Alone"])
        with ThreadPoolExecutor(2) as both:
            told = [both.submit(play_jobs, jobs, disk), both.submit(play_snakemake, snakemake)]
            yield {**told[0].result(), **told[1].result()}, (jobs, snakemake)


def print_table():
    """Play everything and print what became of it, as a table in Markdown."""
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        place = Path(place)
        with play(place, draw_photographs(place)) as (told, (jobs, snakemake)):
            print(_row("fault", STAGES, "in the words of the summary, at first"))
            print(_row("---", ["---"] * len(STAGES), "---"))
            for fault in ALL_FAULTS:
                said = [told.get((fault, stage)) for stage in STAGES]
                words = next((text for text in said if _short(text) == "told"), "")
                print(_row(fault, map(_short, said), _first_words(words)))
            calm = jobs.results(CALM)
            pairs = [(where, sample) for where in (jobs, snakemake) for sample in where.samples]
            same = sum(where.results(sample) == calm for where, sample in pairs)
            half = len(jobs.half_files()) + len(snakemake.half_files())
            print(
                f"\nAfter the same command again: {same} of {len(pairs)} pairs have the results of"
            )
            print(f"the undisturbed one, {len(calm)} files each; {half} half files are left.")


def _row(first, cells, last):
    return f"| {' | '.join([first, *cells, last])} |"


def _short(text):
    """What is said of a fault in a cell of the table."""
    return text or "" if text in (None, GOES_ON, ENDED, REFUSED) else "told"


def _first_words(text):
    """A message up to its first full stop, without time and machine."""
    return re.sub(r" at \S+ on \S+", "", re.split(r"\. [A-Z]", text)[0])


if __name__ == "__main__":
    print_table()
