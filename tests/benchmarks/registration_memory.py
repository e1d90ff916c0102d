"""Print the peak memory of stages 2 and 3 for drawn pairs of several sizes in the default padding.

python tests/benchmarks/registration_memory.py [--sizes 600 1600 5600]
"""

import argparse
import multiprocessing
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import registration
from registration_grid import solvable_grid

from exo2micro.synthesis import SyntheticPair

KIND = "bending"


def draw(width, folder):
    """Keep both photographs of a pair; drawing them must not count."""
    spec = replace(solvable_grid((int(0.88 * width), width))[KIND][0], seed=1)
    pair = SyntheticPair(spec)
    np.savez(folder / f"{width}.npz", **{f: pair.read(f, threads=2) for f in ("post", "pre")})


def measure(width, folder):
    """Align a pair and print what it took; runs in a process of its own."""
    raws = np.load(folder / f"{width}.npz")
    registration.PAD = 2000
    images, padding = registration._pad(raws["post"], raws["pre"])
    values = registration.resolve({})
    peaks = [_peak_mb()]
    boundary = registration.run_boundary_stage(*images, padding, values, threads=2)
    peaks.append(_peak_mb())
    interior = registration.run_interior_stage(*images, padding, boundary, values, threads=2)
    peaks.append(_peak_mb())
    held = sum(image.pixels.nbytes for image in images) / 1e6
    print(f"| {width} | {held:.0f} | {' | '.join(f'{p:.0f}' for p in peaks)} |", flush=True)
    assert interior["verdict"] == "pass", interior["reasons"]


def _peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main():
    """Draw and measure the pairs one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=(600, 1600, 5600))
    options = parser.parse_args()
    print("| px | padded images in memory | before | after stage 2 | after stage 3 |")
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for width in options.sizes:
            for work in (draw, measure):
                process = processes.Process(target=work, args=(width, Path(folder)))
                process.start()
                process.join()


if __name__ == "__main__":
    main()
