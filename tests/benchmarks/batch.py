"""Run a batch of small pairs, some of them bad in various ways, and print what the engine costs.

    python tests/benchmarks/batch.py [--pairs 200] [--bad 0.1] [--cores 2] [--folder DIR]

Prints how many pairs are complete, the others with their reasons, and:

wall        the run by the clock
work        what the stages themselves took of it: each job's own seconds times the cores that it
            holds, from its record, summed and divided by the cores; imports of the libraries that
            the work needs are part of it
overhead    the rest of wall, for each pair: what the engine adds (Snakemake, starts of Python)
engine cpu  processor seconds of the run that are not the jobs' own, for each pair; tells the same
            on a machine that does other things as well
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tifffile

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.storage import read_record
from exo2micro.synthesis import demo_specs

ROOT = Path(__file__).resolve().parents[2]
SIZE = (480, 520)  # px, height and width of a photograph
DRAWN = 4  # pairs that are drawn; the batch has them under many names


def draw(folder):
    """Draw sound pairs, and give the paths of their pre and post files."""
    pairs = [
        {"sample": f"D{number}", "dye": "DAPI", "rotation_deg": 3 * number, "scale": 1.15}
        for number in range(DRAWN)
    ]
    specs = demo_specs({"seed": 3, "defaults": {"size": list(SIZE)}, "pairs": pairs})
    drawn = []
    for pair in specs:
        pair.write(folder, threads=1)
        drawn.append(tuple(Path(path) for path in sorted(pair.raw_paths(folder), reverse=True)))
    return drawn


def _cut_short(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _header_of_noise(path):
    content = bytearray(path.read_bytes())
    content[4:400] = np.random.default_rng(7).bytes(396)
    path.write_bytes(content)


def _claims_to_be_huge(path):
    with tifffile.TiffFile(path, mode="r+") as file:
        for tag in ("ImageWidth", "ImageLength"):
            file.pages[0].tags[tag].overwrite(60000)


def _of_another_sample(path):
    """The same kind of photograph of the sample before, which is drawn otherwise."""
    number = int(path.parent.name[1:]) - 1
    return path.parents[1] / f"S{number:03}" / path.name.replace(path.parent.name, f"S{number:03}")


def _image(make):
    """What writes another image over a photograph of the same size."""
    return lambda path: tifffile.imwrite(path, make(), photometric="minisblack")


# What can be wrong with a pre photograph.
HARMS = {
    "cut short": _cut_short,
    "no image": lambda path: path.write_bytes(b"not an image"),
    "empty file": lambda path: path.write_bytes(b""),
    "header of noise": _header_of_noise,
    "claims to be huge": _claims_to_be_huge,
    "signed": _image(lambda: np.full(SIZE, -3, np.int16)),
    "many pages": _image(lambda: np.zeros((9, *SIZE), np.uint8)),
    "black": _image(lambda: np.zeros(SIZE, np.uint8)),
    "noise": _image(lambda: np.random.default_rng(8).integers(0, 60, SIZE, np.uint8)),
    "other sample": lambda path: shutil.copy2(_of_another_sample(path), path),
}


def make_batch(folder, pairs, bad):
    """Write the raw folder of a batch; gives what is wrong, by sample."""
    drawn = draw(folder / "drawn")
    harms = list(HARMS)
    wrong = {}
    for number in range(pairs):
        is_bad = int((number + 1) * bad) > int(number * bad)
        harm = harms[len(wrong) % len(harms)] if is_bad else ""
        sample = f"S{number:03}"
        place = folder / "raw" / sample
        place.mkdir(parents=True)
        for marker, source in zip(("pre", "post"), drawn[number % DRAWN], strict=True):
            shutil.copy2(source, place / f"{sample}_{marker}_DAPI.tif")
        if harm:
            HARMS[harm](place / f"{sample}_pre_DAPI.tif")
            wrong[sample] = harm
    return wrong


def run(folder, cores):
    """Run the batch; gives wall and processor seconds."""
    (folder / "config.yaml").write_text(json.dumps({"params": {"pad": 40}}))
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--keep-going"]
    command += ["--configfile", "config.yaml", "--cores", str(cores), "--quiet", "all"]
    before = _cpu_seconds()
    started = time.perf_counter()
    with open(folder / "said.txt", "w") as said:
        subprocess.run(command, cwd=folder, stdout=said, stderr=said, check=False)
    return time.perf_counter() - started, _cpu_seconds() - before


def _cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(folder, wrong, cores, wall, cpu):
    """Print what became of the batch."""
    rows = json.loads((folder / "processed/summary.json").read_text())["pairs"]
    failed = [row for row in rows if row["status"] != "complete"]
    print(f"{len(rows) - len(failed)} of {len(rows)} pairs complete; {len(failed)} not:")
    for row in failed:
        print(f"  {row['sample']} ({wrong.get(row['sample'], 'SOUND')}): {row['messages'][0]}")
    records = [read_record(path) for path in (folder / "processed").glob("*/*/logs/*.json")]
    work = sum(record["seconds"] * record["threads"] for record in records) / cores
    own_cpu = sum(record["cpu_seconds"] for record in records)
    print(f"jobs        {len(records)}")
    print(f"wall        {wall:.0f} s on {cores} cores")
    print(f"work        {work:.0f} s; {own_cpu:.0f} s of processor")
    print(f"overhead    {(wall - work) / len(rows):.2f} s a pair")
    print(f"engine cpu  {(cpu - own_cpu) / len(rows):.2f} s a pair")


def main():
    """Make the batch, run it, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--bad", type=float, default=0.1, help="share of bad pairs")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("benchmark-batch"))
    options = parser.parse_args()
    folder = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    wrong = make_batch(folder, options.pairs, options.bad)
    os.sync()
    wall, cpu = run(folder, options.cores)
    report(folder, wrong, options.cores, wall, cpu)


if __name__ == "__main__":
    main()
