"""Time and memory of discovery and of a dry run on folders of many pairs.

    python tests/benchmarks/planning.py [--pairs 100 1000 10000] [--folder DIR] [--profile FILE]

The photographs are one small TIFF under many names (hard links), ten dyes a sample. `discovery` is
the time to list and classify the raw folder, `plan` that of a whole `snakemake -n`, as it is and
with its output thrown away; memory is the largest resident set of that process.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.discovery import take_inventory

ROOT = Path(__file__).resolve().parents[2]
DYES = [f"Dye{number}" for number in range(10)]


def link_pairs(folder, pairs):
    """Make a raw folder of that many pairs, all of one photograph.

    Parameters
    ----------
    folder : Path
        Where; what is in it is deleted.
    pairs : int
        How many; the last sample may have fewer dyes.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    photograph = folder.parent / "photograph.tif"
    grain = np.random.default_rng(1).integers(0, 200, (64, 64, 3), dtype=np.uint8)
    tifffile.imwrite(photograph, grain, photometric="rgb")
    for number in range(pairs):
        sample, dye = f"S{number // len(DYES):04d}", DYES[number % len(DYES)]
        (folder / sample).mkdir(exist_ok=True)
        for stain in ("Pre", "Post"):
            os.link(photograph, folder / sample / f"{sample}_{stain}Stain_{dye}.tif")


def discovery_seconds(raw):
    """Seconds to find all pairs, and how many there are."""
    start = time.perf_counter()
    found = take_inventory(raw)
    return time.perf_counter() - start, len(found.pairs)


def plan(folder, profile=None):
    """Seconds, processor seconds and peak memory (MB) of a dry run in a folder."""
    command = [sys.executable]
    if profile:
        command += ["-m", "cProfile", "-o", str(profile)]
    command += ["-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2", "-n"]
    # Nothing is run, so it does not matter whether the disk would do.
    command += ["--config", "force_run=true"]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(folder / "plan.txt", "w") as said:
        done = subprocess.run(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"the dry run failed; see {folder / 'plan.txt'}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # The largest of all children so far: sizes are measured from small to large.
    return time.perf_counter() - start, cpu, after.ru_maxrss / 1024


def jobs_planned(folder):
    """Read from what the dry run said how many jobs it planned."""
    lines = (folder / "plan.txt").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("total "))


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--folder", type=Path, default=Path("benchmark"))
    parser.add_argument("--profile", type=Path, help="keep cProfile's figures of the last size")
    options = parser.parse_args()
    rows = []
    for pairs in sorted(options.pairs):
        folder = options.folder.resolve() / f"plan-{pairs}"
        link_pairs(folder / "raw", pairs)
        found, number = discovery_seconds(folder / "raw")
        wall, cpu, memory = plan(folder, options.profile)
        rows.append(
            {
                "pairs": number,
                "discovery s": found,
                "jobs": jobs_planned(folder),
                "plan s": wall,
                "plan cpu s": cpu,
                "peak MB": memory,
                "ms/pair": 1000 * cpu / number,
            }
        )
        print(pd.DataFrame(rows[-1:]).to_string(index=False, float_format="{:.2f}".format))
        shutil.rmtree(folder)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
