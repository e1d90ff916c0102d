"""Register pairs of known truth and print how far off each kind ends up.

    python tests/benchmarks/registration.py [--seeds 2] [--only rotation bending] [--impossible 100]
        [--textures DIR] [--photographs 100] [--turns 36] [--jobs 2] [--size 2400 2800] [--out FILE]

Each row is a pair: the distances (px) between where points of the sample were put and where they
belong, the estimated accuracy, the verdict and the time. With a folder of real photographs
(--textures), these serve as mineral textures beside the generated ones, and --photographs adds
random pairs that are made of them by other means (`photographs`). --turns goes round the circle at
three magnifications.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

# As in the workflow's jobs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from photographs import IMPOSSIBLE, SOLVABLE, draw_pair, load_textures
from registration_grid import impossible_grid, solvable_grid, texture_grid, turn_grid

from exo2micro.geometry import Transform
from exo2micro.padding import full_scale
from exo2micro.parameters import resolve
from exo2micro.registration import run_boundary_stage, run_interior_stage
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import SyntheticPair

PAD = 200
NEVER = ("impossible", *IMPOSSIBLE)


def register_synthetic(kind, spec):
    """Align one synthetic pair; see `compare`."""
    pair = SyntheticPair(spec)
    raws = [pair.read(frame, threads=1) for frame in ("post", "pre")]
    row = compare(*raws, lambda xy: pair.truth.map_points(xy, 0), pair.sample_mask("post"))
    return {"kind": kind, "seed": spec.seed, "facts": "", **row}


def register_photographs(kind, seed, folder, size, rotation=None, magnification=None):
    """Align one pair of photographs; see `compare`."""
    pair = draw_pair(_textures(folder), kind, seed, size, rotation, magnification)
    row = compare(pair.post, pair.pre, pair.map_points, pair.sample)
    return {"kind": kind, "seed": seed, "facts": pair.facts, **row}


def compare(post, pre, true_map, sample):
    """Align two raw images and compare with the truth.

    Parameters
    ----------
    post, pre : ndarray, shape (h, w)
        Raw images.
    true_map : callable
        (N, 2) raw-post ``(x, y)`` to raw-pre ``(x, y)``.
    sample : ndarray of bool, shape of `post`
        Where to compare.

    Returns
    -------
    dict
    """
    images, padding = _pad(post, pre)
    values, threads = resolve({"pad": PAD}), cv2.getNumThreads()
    clocks = [(time.perf_counter(), time.process_time())]
    boundary = run_boundary_stage(*images, padding, values, threads)
    clocks.append((time.perf_counter(), time.process_time()))
    interior = run_interior_stage(*images, padding, boundary, values, threads)
    clocks.append((time.perf_counter(), time.process_time()))
    errors = _errors((boundary, interior), true_map, sample, pre.shape)
    tiles = interior["tiles"] or {}
    return {
        "stage2_px": np.median(errors[0]),
        "median_px": np.median(errors[1]),
        "p95_px": np.percentile(errors[1], 95),
        "estimated_px": interior["estimated_accuracy_px"],
        "verdict": interior["verdict"],
        "stage2": boundary["verdict"],
        "method": boundary["method"],
        "sigma2": boundary["significance"],
        "sigma3": interior["significance"],
        "alike": interior["correlation"],
        "tiles": f"{tiles.get('agreeing', 0)}/{tiles.get('witnesses', 0)}",
        "model": tiles.get("model", "-"),
        "tile_alike": tiles.get("correlation_median"),
        "seconds2": clocks[1][0] - clocks[0][0],
        "seconds3": clocks[2][0] - clocks[1][0],
        "cpu": clocks[2][1] - clocks[0][1],
        "reasons": "; ".join(interior["reasons"]),
        "notes": "; ".join(interior["notes"]),
    }


def _pad(post, pre):
    """Padded images as the stages read them, and stage 1's record."""
    canvas = [max(a, b) + 2 * PAD for a, b in zip(post.shape, pre.shape, strict=True)]
    images = []
    for raw in (post, pre):
        padded = np.zeros(canvas, dtype=raw.dtype)
        padded[PAD : PAD + raw.shape[0], PAD : PAD + raw.shape[1]] = raw
        images.append(ArrayImage(padded))
    padding = {
        "pad": PAD,
        "raw": {"post": {"shape": list(post.shape)}, "pre": {"shape": list(pre.shape)}},
        "saturation": {"post": full_scale(post.dtype), "pre": full_scale(pre.dtype)},
    }
    return images, padding


def _errors(records, true_map, sample, pre_shape):
    """Distances (px) at points of the sample that pre shows, for each record."""
    step = max(1, int(np.sqrt(sample.size / 4000)))
    rows, columns = np.nonzero(sample[::step, ::step])
    points = np.stack([columns, rows], axis=1) * float(step)
    true = true_map(points)
    seen = ((true >= 0) & (true < pre_shape[::-1])).all(axis=1)
    if not seen.any():
        seen[:] = True
    mapped = (Transform.from_record(record).map_points(points + PAD) - PAD for record in records)
    return [np.hypot(*(there - true)[seen].T) for there in mapped]


@cache
def _textures(folder):
    return load_textures(folder)


def run(task):
    """One pair, on one core unless it has the machine to itself."""
    threads, register, *arguments = task
    cv2.setNumThreads(threads)
    return register(*arguments)


def _tell(row):
    """Show on the error stream that a pair is done."""
    print(
        f"{row['kind']} {row['seed']} {row['facts']}: stage 2 {row['stage2_px']:.2f} px, "
        f"{row['median_px']:.3f} px, stated {row['estimated_px']}, {row['verdict']}, "
        f"tiles {row['tiles']}, {row['cpu']:.1f} s",
        file=sys.stderr,
    )
    return row


def list_tasks(options):
    """All pairs that the command line asks for."""
    kinds = {} if options.no_grid else solvable_grid(options.size)
    if options.textures:
        kinds |= texture_grid(options.size, options.textures)
    if options.only:
        kinds = {kind: specs for kind, specs in kinds.items() if kind in options.only}
    kinds |= turn_grid(options.size, options.turns)
    tasks = [
        (register_synthetic, kind, replace(spec, seed=seed))
        for kind, specs in kinds.items()
        for spec in specs
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]
    impossible = impossible_grid(options.size, options.impossible, options.first_seed)
    tasks += [(register_synthetic, "impossible", spec) for spec in impossible]
    for number, names in ((options.photographs, SOLVABLE), (options.wrong, IMPOSSIBLE)):
        for k in range(number):
            seed = 1000 * options.first_seed + k
            kind = names[k % len(names)]
            tasks.append((register_photographs, kind, seed, options.textures, tuple(options.sides)))
    return tasks


def main():
    """Run the pairs and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--size", type=int, nargs=2, default=(2400, 2800), metavar=("H", "W"))
    parser.add_argument("--only", nargs="*", help="kinds of synthetic pairs")
    parser.add_argument("--no-grid", action="store_true", help="no generated solvable pairs")
    parser.add_argument("--textures", type=Path, help="folder of real photographs")
    parser.add_argument("--photographs", type=int, default=0, help="random solvable pairs of them")
    parser.add_argument("--wrong", type=int, default=0, help="random impossible pairs of them")
    parser.add_argument("--sides", type=int, nargs=2, default=(400, 1400), help="px, photographs")
    parser.add_argument("--turns", type=int, default=0, help="rotations round the circle")
    parser.add_argument("--impossible", type=int, default=0, help="generated impossible pairs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each job, and of OpenCV in it")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = []
        tasks = [(options.threads, *task) for task in list_tasks(options)]
        for row in pool.map(run, tasks):
            rows.append(_tell(row))
            if options.out:
                pd.DataFrame(rows).to_csv(options.out, sep="\t", index=False)
    table = pd.DataFrame(rows)
    with pd.option_context("display.width", 250, "display.max_columns", 30, "display.max_rows", 99):
        solvable = table[~table.kind.isin(NEVER)]
        if len(solvable):
            report_solvable(solvable)
        wrong = table[table.kind.isin(NEVER)]
        if len(wrong):
            report_impossible(wrong)


def report_solvable(table):
    """Print what the solvable pairs come to."""
    grouped = table.groupby("kind", sort=False)
    summary = grouped.agg(
        pairs=("seed", "size"),
        stage2=("stage2_px", "max"),
        median=("median_px", "median"),
        worst=("median_px", "max"),
        p95=("p95_px", "median"),
        stated=("estimated_px", "median"),
        seconds2=("seconds2", "mean"),
        seconds3=("seconds3", "mean"),
        cpu=("cpu", "mean"),
    )
    summary["verdicts"] = grouped.verdict.agg(_counts)
    print("\n" + summary.round(3).to_string())
    ratio = (table.estimated_px / table.median_px).dropna()
    honest = ((ratio > 0.5) & (ratio < 2)).mean()
    silent = (table.median_px > 0.3) & (table.verdict == "pass")
    print(
        f"\npairs {len(table)}; median over pairs of the median error "
        f"{table.median_px.median():.4f} px, of the 95th percentile {table.p95_px.median():.4f} px"
    )
    print(
        f"stated accuracy within a factor of two: {honest:.0%} (median ratio {ratio.median():.2f})"
    )
    print(
        f"above 0.3 px and still pass: {silent.sum()}; fail below 0.3 px: "
        f"{((table.verdict == 'fail') & (table.median_px < 0.3)).sum()}; "
        f"above 0.3 px: {(table.median_px > 0.3).sum()}; verdicts {_counts(table.verdict)}"
    )
    odd = table[(table.verdict != "pass") | silent]
    for row in odd.itertuples():
        print(
            f"  {row.kind} {row.seed} {row.facts}: {row.verdict} (stage 2 {row.stage2_px:.2f}, "
            f"{row.median_px:.3f} px, tiles {row.tiles}): {row.reasons} [{row.notes}]"
        )


def report_impossible(table):
    """Print how many of the impossible pairs were told as such."""
    print(f"\nimpossible pairs: {len(table)}")
    print(table.groupby("kind").verdict.agg(_counts).to_string())
    for row in table[table.verdict != "fail"].itertuples():
        print(
            f"  {row.kind} {row.seed} {row.facts}: {row.verdict}, tiles {row.tiles}, {row.reasons}"
        )


def _counts(verdicts):
    """Verdicts and how often each was given."""
    return ", ".join(f"{number} {name}" for name, number in verdicts.value_counts().items())


if __name__ == "__main__":
    main()
