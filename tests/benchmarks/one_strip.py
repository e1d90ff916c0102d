"""Stage 1 of photographs that are one compressed strip each: what is reserved, what it takes.

    python tests/benchmarks/one_strip.py [--sizes 60 750] [--codecs lzw zstd adobe_deflate]
        [--folder DIR]

A size is the megapixels of an RGB image of 8 bit, 6 to 5 in width to height: blurred noise with its
predictor, which packs to about half. Pre and post are the same file. `stated` is what the check
before the run says of the job that needs most memory; `reserved` what Snakemake keeps for stage 1;
`peak` what its job took, from its record.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.job_status import read_job
from exo2micro.preflight import check_room
from exo2micro.request import build_request

ROOT = Path(__file__).resolve().parents[2]
BAND = 500  # rows that are drawn at once


def write_strip(path, megapixels, codec):
    """Draw a photograph and write it as one strip."""
    width = round((megapixels * 1e6 * 1.2) ** 0.5)
    image = np.empty((round(width / 1.2), width, 3), dtype=np.uint8)
    noise = np.random.default_rng(1)
    for first in range(0, len(image), BAND):
        band = image[first : first + BAND]
        grain = noise.integers(0, 256, band.shape, dtype=np.uint8)
        band[:] = cv2.GaussianBlur(grain, (0, 0), 1.5)
        band[..., ::2] //= 8  # the signal is in the second channel
    tifffile.imwrite(
        path,
        image,
        photometric="rgb",
        compression=codec,
        predictor=True,
        rowsperstrip=len(image),
        bigtiff=True,
    )


def run_stage_1(folder, megapixels, codec):
    """Run stage 1 on such a pair; a row of the table."""
    raw = folder / "raw/S"
    raw.mkdir(parents=True)
    write_strip(raw / "S_post_DAPI.tif", megapixels, codec)
    (raw / "S_pre_DAPI.tif").hardlink_to(raw / "S_post_DAPI.tif")
    settings = {"raw_dir": str(folder / "raw"), "output_dir": str(folder / "processed")}
    (folder / "config.yaml").write_text(yaml.safe_dump({**settings, "to_stage": 1}))
    stated = check_room(build_request(settings)).memory.needed / 1e6
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--configfile", "config.yaml"]
    start = time.perf_counter()
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if said.returncode:
        raise SystemExit(f"the run failed:\n{said.stdout}{said.stderr}")
    (record,) = (folder / "processed/S/DAPI/logs").glob("pad_*.json")
    return {
        "Mpx": megapixels,
        "codec": codec,
        "file MB": round((raw / "S_pre_DAPI.tif").stat().st_size / 1e6),
        "stated MB": round(stated),
        "reserved MB": int(re.search(r"mem_mb=(\d+)", said.stdout + said.stderr)[1]),
        "peak MB": round(read_job(record)["peak_mb"]),
        "wall s": round(wall),
    }


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[60, 750])
    parser.add_argument("--codecs", nargs="+", default=["lzw", "zstd", "adobe_deflate"])
    parser.add_argument("--folder", type=Path, default=Path("one_strip"))
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        for codec in options.codecs:
            folder = options.folder.resolve() / f"{size:g}-{codec}"
            rows.append(run_stage_1(folder, size, codec))
            print(pd.DataFrame(rows).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
