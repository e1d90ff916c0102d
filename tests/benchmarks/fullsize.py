"""Run the workflow on pairs of growing size and print time, memory and traffic of every stage.

    python tests/benchmarks/fullsize.py [--sizes 1 7 42 190 750] [--cores 2] [--folder DIR]
        [--pairs 1] [--keep]

A size is the megapixels of a raw RGB image. Each pair is drawn first (not counted). In the same run
the floor is measured: the time to read the same raw bytes and to write the same images with the
same codec, doing nothing else. Memory is that of all processes of the run together (proportional
set size, so that what they share counts once). To tell it takes the system 20 ms a GB, which would
be a tenth of two busy cores at ten looks a second: so a process is weighed every eight seconds, and
whenever its resident memory, looked at every 0.1 s, has grown by a tenth; less than that
counts as its own meanwhile. What the watch takes itself is printed.

Cores of virtual machines slow each other down, in some hours more than in others: `cores' worth`
says before and after the run as how many cores those that it had worked, by packing bytes on all of
them at once and on one alone.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.storage import open_image, tile_windows
from exo2micro.storage.tiff import TileEncoder

ROOT = Path(__file__).resolve().parents[2]
EVERY = 0.1  # s between two looks at the processes
# s between two looks at what one shares while it does not grow, and from what on it has grown:
# such a look takes the system 11 ms for 600 MB.
WEIGHED_EVERY, GROWN = 8.0, 1.1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
READ_BYTES = 16 * 1024**2
# What is packed to see what cores are worth: so many values, so many times on each core.
PACKED_VALUES, PACKINGS = 2**20, 12
BATCH = 64  # tiles that are encoded at a time for the floor
SCRIPT = re.compile(r"tmp\w+\.(\w+)\.py\0?$")


@dataclass
class Seen:
    """What was last seen of a process.

    Attributes
    ----------
    stage : str
        Rule of its job; 'snakemake' for what belongs to none.
    parent : int
        Process id of its parent.
    first, last : float
        When it began and when it was last seen, s.
    cpu : float
        Processor seconds.
    traffic : ndarray
        Bytes read and written.
    peak_mb : float
        Most of its memory with its part of what it shares, MB.
    shared_mb, weighed_mb, weighed : float
        How much of its resident memory was others' part of what it shares, MB, how much there was
        of it, and when that was looked at, s.
    """

    stage: str
    parent: int
    first: float
    last: float = 0.0
    cpu: float = 0.0
    traffic: np.ndarray = field(default_factory=lambda: np.zeros(2))
    peak_mb: float = 0.0
    shared_mb: float = 0.0
    weighed_mb: float = 0.0
    weighed: float = 0.0

    def weigh(self, pid, resident_mb):
        """Memory now, MB; what has come since it was weighed counts as its own."""
        grown = resident_mb > GROWN * self.weighed_mb
        if grown or self.last - self.weighed > WEIGHED_EVERY:
            with open(f"/proc/{pid}/smaps_rollup") as lines:
                kib = {line.split()[0]: int(line.split()[1]) for line in list(lines)[1:]}
            self.shared_mb = (kib["Rss:"] - kib["Pss:"]) * 1024 / 1e6
            self.weighed_mb, self.weighed = kib["Rss:"] * 1024 / 1e6, self.last
            resident_mb = max(resident_mb, self.weighed_mb)
        memory_mb = resident_mb - self.shared_mb
        self.peak_mb = max(self.peak_mb, memory_mb)
        return memory_mb


class Watch(threading.Thread):
    """Looks at a process and all below it until told to stop.

    The system's files are read as they are: through psutil a look at ten processes takes 4 ms
    instead of 1, ten times a second of the two cores that are measured.

    Attributes
    ----------
    stages : dict of str to dict
        By rule: seconds of CPU and by the clock, peak memory (MB), bytes read and written.
    peak_mb : float
        Highest memory of all processes together, MB.
    own_s : float
        Processor seconds of the watch itself.
    """

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.root, self.stages, self.peak_mb, self.own_s = pid, {}, 0.0, 0.0
        self._seen, self._stopped = {}, threading.Event()

    def run(self):
        """Look until stopped."""
        while not self._stopped.wait(EVERY):
            total = sum(self._look(pid) for pid in self._processes())
            self.peak_mb = max(self.peak_mb, total)
            self.own_s = time.thread_time()

    def stop(self):
        """End the watch and add up what was seen."""
        self._stopped.set()
        self.join()
        for seen, (read, written) in self._own_traffic():
            row = self.stages.setdefault(
                seen.stage, {"cpu": 0.0, "peak": 0.0, "read": 0, "written": 0, "spans": []}
            )
            row["cpu"] += seen.cpu
            row["peak"] = max(row["peak"], seen.peak_mb)
            row["read"] += read
            row["written"] += written
            row["spans"].append((seen.first, seen.last))
        for row in self.stages.values():
            row["wall"] = covered(row.pop("spans"))

    def _own_traffic(self):
        """All that was seen; what the system adds to a process for those that ended is off."""
        of_children, below, found = {}, np.zeros(2), []
        for seen in self._seen.values():
            of_children[seen.parent] = of_children.get(seen.parent, 0) + seen.traffic
        for (pid, _), seen in reversed(self._seen.items()):
            # The root was seen first: by then all below it is known.
            handed = below if pid == self.root else of_children.get(pid, np.zeros(2))
            own = np.where(seen.traffic >= handed, seen.traffic - handed, seen.traffic)
            below += own
            found.append((seen, own))
        return found[::-1]

    def _processes(self):
        found = [self.root]
        for pid in found:
            with suppress(OSError):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    found += map(int, _text(pid, f"task/{thread}/children").split())
        return found

    def _look(self, pid):
        """Memory of one process, MB; its counters are kept."""
        try:
            # From the third on, see proc(5): the name in front may have blanks.
            stat = _text(pid, "stat").rpartition(")")[2].split()
            traffic = [int(line.split()[1]) for line in _text(pid, "io").splitlines()[:2]]
            started = int(stat[19]) / TICKS
            seen = self._seen.get((pid, started))
            if seen is None:
                # Both count from the start of the machine.
                seen = Seen("snakemake", int(stat[1]), started)
            if seen.stage == "snakemake" and (script := SCRIPT.search(_text(pid, "cmdline"))):
                seen.stage = script.group(1)
            self._seen[pid, started] = seen
            seen.last = time.clock_gettime(time.CLOCK_BOOTTIME)
            seen.cpu = (int(stat[11]) + int(stat[12])) / TICKS
            # Characters, not blocks: what a job asks for, wherever the pages come from.
            seen.traffic = np.array(traffic, dtype=float)
            return seen.weigh(pid, int(stat[21]) * PAGE_BYTES / 1e6)
        except OSError:
            return 0.0  # it has ended meanwhile


def _text(pid, name):
    """A file in which the system tells of a process."""
    with open(f"/proc/{pid}/{name}", errors="replace") as file:
        return file.read()


def covered(spans):
    """Seconds that are covered by spans of time; a job is two processes that run at once."""
    total, end = 0.0, 0.0
    for first, last in sorted(spans):
        total += max(last - max(first, end), 0.0)
        end = max(end, last)
    return total


def snakemake(folder, config, *arguments):
    """Run the workflow in a folder and watch it."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile")]
    command += ["--configfile", str(path), *arguments]
    start = time.perf_counter()
    with open(folder / "run.log", "w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        watch = Watch(process.pid)
        watch.start()
        code = process.wait()
    watch.stop()
    if code:
        raise SystemExit(f"snakemake failed; see {folder / 'run.log'}")
    return time.perf_counter() - start, watch


def draw_pairs(folder, megapixels, pairs):
    """Make the raw files, 6 to 5 in width to height, and forget the truth."""
    width = round((megapixels * 1e6 * 1.2) ** 0.5)
    size = [round(width / 1.2), width]
    listed = [
        {"sample": f"S{number}", "dye": "DAPI", "seed": 100 + number} for number in range(pairs)
    ]
    demo = {
        "seed": 11,
        "defaults": {
            "size": size,
            "colour": "rgb",
            "rotation_deg": 6,
            "magnification": 1.02,
            "shift": [40, -30],
            "bending_px": 2,
            "microbe_cover": 0.01,
        },
        "pairs": listed,
    }
    targets = [f"raw/{p['sample']}/{p['sample']}_truth_DAPI.json" for p in listed]
    config = {"raw_dir": "raw", "output_dir": "drawn", "demo": demo}
    return snakemake(folder, config, "--cores", "2", *targets)[0]


def measure_floor(folder, threads):
    """Seconds to read the raw files and to write all images anew with their codec."""
    seconds = 0.0
    for path in sorted((folder / "raw").rglob("*.tif")):
        start = time.perf_counter()
        with open(path, "rb", buffering=0) as stream:
            while stream.read(READ_BYTES):
                pass
        seconds += time.perf_counter() - start
    for path in sorted((folder / "processed").rglob("*.tiff")):
        seconds += _rewrite(path, folder / "floor.bin", threads)
    return seconds


def _rewrite(path, target, threads):
    """Seconds to encode and write what is in an image, all its levels; decoding is not counted."""
    seconds = 0.0
    with open_image(path) as image, ThreadPoolExecutor(threads) as pool, open(target, "wb") as out:
        encoder = TileEncoder(image.dtype, 512, 1)
        for level, shape in enumerate(image.levels):
            windows = list(tile_windows(shape))
            for first in range(0, len(windows), BATCH):
                tiles = [image.read(window, level) for window in windows[first : first + BATCH]]
                start = time.perf_counter()
                for encoded in pool.map(encoder.encode, tiles, [level > 0] * len(tiles)):
                    out.write(encoded)
                seconds += time.perf_counter() - start
        start = time.perf_counter()
        out.flush()
        seconds += time.perf_counter() - start
    target.unlink()
    return seconds


def worth_of(cores):
    """As how many cores, each left alone, so many work at once."""
    noise = np.random.default_rng(0).normal(size=PACKED_VALUES).astype(np.float32).tobytes()
    spent = {}
    for threads in (1, cores):
        with ThreadPoolExecutor(threads) as pool:
            start = time.perf_counter()
            list(pool.map(lambda _: zlib.compress(noise, 1), range(threads * PACKINGS)))
            spent[threads] = time.perf_counter() - start
    return cores * spent[1] / spent[cores]


def measure(folder, megapixels, cores, pairs):
    """One row a stage, and one for the whole run."""
    shutil.rmtree(folder / "processed", ignore_errors=True)
    config = {"raw_dir": "raw", "output_dir": "processed"}
    worth = worth_of(cores)
    wall, watch = snakemake(folder, config, "--cores", str(cores))
    worth = f"{worth:.2f}, {worth_of(cores):.2f}"
    floor = measure_floor(folder, cores)
    rows = [
        {
            "raw Mpx": megapixels,
            "cores": cores,
            "stage": stage,
            "wall s": row["wall"],
            "CPU s": row["cpu"],
            "peak MB": row["peak"],
            "read GB": row["read"] / 1e9,
            "written GB": row["written"] / 1e9,
            "Mpx/s": pairs * megapixels / max(row["wall"], 1e-9),
        }
        for stage, row in watch.stages.items()
    ]
    whole = {
        "raw Mpx": megapixels,
        "cores": cores,
        "stage": "ALL",
        "wall s": wall,
        "CPU s": sum(row["cpu"] for row in watch.stages.values()),
        "peak MB": watch.peak_mb,
        "read GB": sum(row["read"] for row in watch.stages.values()) / 1e9,
        "written GB": sum(row["written"] for row in watch.stages.values()) / 1e9,
        "Mpx/s": pairs * megapixels / wall,
        "floor s": floor,
        "wall/floor": wall / floor,
        "cores' worth": worth,
        "watch s": watch.own_s,
    }
    return [*rows, whole]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 7, 42, 190, 750])
    parser.add_argument("--cores", type=int, nargs="+", default=[2])
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("benchmark"))
    parser.add_argument("--keep", action="store_true", help="leave the results")
    options = parser.parse_args()
    rows = []
    for megapixels in options.sizes:
        folder = options.folder.resolve() / f"{megapixels:g}-{options.pairs}"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "raw").is_dir():
            print(
                f"{megapixels:g} Mpx drawn in {draw_pairs(folder, megapixels, options.pairs):.0f} s"
            )
        for cores in options.cores:
            found = measure(folder, megapixels, cores, options.pairs)
            rows += found
            print(pd.DataFrame(found).to_string(index=False, float_format="{:.2f}".format))
        if not options.keep:
            shutil.rmtree(folder / "processed")
    table = pd.DataFrame(rows)
    print("\nGrowth with size")
    print(table[table.stage == "ALL"].to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
