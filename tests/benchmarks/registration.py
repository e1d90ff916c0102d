"""Register synthetic pairs of known truth and print how far off each kind ends up.

    python tests/benchmarks/registration.py [--seeds 3] [--only rotation bending] [--textures DIR]
        [--impossible 100] [--jobs 2] [--size 2400 2800] [--out table.tsv]

Each row is a pair: the distances (px) between where points of the sample were put and where they
belong, the estimated accuracy, the verdict and the time. With a folder of real photographs
(--textures), these are used as mineral textures beside the generated ones.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.geometry import Transform
from exo2micro.padding import full_scale
from exo2micro.parameters import resolve
from exo2micro.registration import run_boundary_stage, run_interior_stage
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import PairSpec, SyntheticPair

PAD = 200


def solvable_grid(size):
    """Kinds of pairs that can be aligned: name -> list of descriptions."""
    base = PairSpec(
        post_shape=tuple(size),
        colour="grey",
        rotation_deg=7.0,
        magnification=1.03,
        shift=(35.0, -22.0),
    )

    def each(**changes):
        (name, values), *_ = changes.items()
        rest = {k: v for k, v in changes.items() if k != name}
        return [replace(base, **{name: v}, **rest) for v in values]

    return {
        "plain": [base],
        "rotation": each(rotation_deg=(0.0, 17.0, 45.0, 92.0, 180.0, 260.0)),
        "magnification": each(magnification=(0.72, 0.9, 1.1, 1.38)),
        "shift": each(shift=((0.0, 0.0), (150.0, 90.0), (0.37, 0.81))),
        "shear": each(shear=(0.02,)),
        "perspective": each(perspective_px=(3.0, 10.0)),
        "bending": each(bending_px=(4.0,)),
        "bending 12": each(bending_px=(12.0,)),
        "noise": each(photons_per_level=(3.0, 1.0)),
        "cover": each(microbe_cover=(0.0, 0.1, 0.2)),
        "16 bit": each(dtype=("uint16",)),
        "dim": each(brightness=(5.0, 10.0)),
        "saturated": each(saturated_fraction=(0.05, 0.15)),
        "cropped": each(footprint=("cropped",), fill=1.1),
        "fragments": each(footprint=("fragments",)),
        "full frame": each(footprint=("full",)),
        "texture": each(texture=("fractal", "veins", "speckle")),
        "offset": each(post_offset=(8.0,), pre_offset=4.0),
        "sizes": [replace(base, pre_shape=(size[0] - 300, size[1] + 200))],
        "scale": each(scale=(0.4, 2.5)),
    }


def texture_grid(size, folder):
    """The plain pair with each real photograph as the mineral's texture."""
    kinds = {}
    for path in sorted(Path(folder).glob("*.tif")):
        spec = PairSpec(
            post_shape=tuple(size),
            colour="grey",
            rotation_deg=12.0,
            magnification=1.05,
            shift=(20.0, 31.0),
            texture="image",
            texture_image=str(path),
        )
        kinds[f"real {path.stem}"] = [spec, replace(spec, rotation_deg=130.0)]
    return kinds


def impossible_grid(size, count):
    """Pairs that must never pass."""
    base = PairSpec(post_shape=tuple(size), colour="grey", rotation_deg=5.0, shift=(20.0, 10.0))
    textures = ("grains", "fractal", "veins", "speckle")
    footprints = ("blob", "fragments", "full", "cropped")
    specs = []
    for k in range(count):
        spec = replace(
            base, seed=1000 + k, texture=textures[k % 4], footprint=footprints[k // 4 % 4]
        )
        kind = k % 6
        if kind in (0, 1, 2):
            specs.append(replace(spec, pre_seed=5000 + k))
        elif kind == 3:
            specs.append(replace(spec, blank=("pre", "post", "both")[k // 6 % 3]))
        elif kind == 4:
            specs.append(replace(spec, mirror_pre=True))
        else:
            specs.append(replace(spec, pre_is_post=True))
    return {"impossible": specs}


def register(task):
    """Align one pair and compare with its truth."""
    kind, spec = task
    cv2.setNumThreads(1)
    pair = SyntheticPair(spec)
    images, boxes = [], []
    canvas = [max(a, b) + 2 * PAD for a, b in zip(spec.post_shape, spec.pre_shape, strict=True)]
    for frame in ("post", "pre"):
        raw = pair.read(frame)
        raw = raw[..., spec.channel] if raw.ndim == 3 else raw
        padded = np.zeros(canvas, dtype=raw.dtype)
        padded[PAD : PAD + raw.shape[0], PAD : PAD + raw.shape[1]] = raw
        images.append(ArrayImage(padded))
        boxes.append(list(raw.shape))
    padding = {
        "pad": PAD,
        "raw": {"post": {"shape": boxes[0]}, "pre": {"shape": boxes[1]}},
        "saturation": dict.fromkeys(("post", "pre"), full_scale(spec.dtype)),
    }
    values = resolve({"pad": PAD})
    start = time.perf_counter()
    boundary = run_boundary_stage(*images, padding, values)
    middle = time.perf_counter()
    interior = run_interior_stage(*images, padding, boundary, values)
    end = time.perf_counter()
    mask = pair.sample_mask("post")
    rows, columns = np.nonzero(mask[::37, ::41])
    points = np.stack([columns * 41.0, rows * 37.0], axis=1) + PAD
    true = pair.truth.map_points(points, PAD)
    seen = (
        (true >= PAD).all(axis=1)
        & (true[:, 0] < PAD + boxes[1][1])
        & (true[:, 1] < PAD + boxes[1][0])
    )
    errors = [
        np.hypot(*(Transform.from_record(r).map_points(points) - true)[seen].T)
        for r in (boundary, interior)
    ]
    tiles = interior["tiles"] or {}
    return {
        "kind": kind,
        "seed": spec.seed,
        "stage2_px": np.median(errors[0]),
        "median_px": np.median(errors[1]),
        "p95_px": np.percentile(errors[1], 95),
        "estimated_px": interior["estimated_accuracy_px"],
        "verdict": interior["verdict"],
        "stage2": boundary["verdict"],
        "method": boundary["method"],
        "significance": boundary["significance"],
        "significance3": interior["significance"],
        "tiles": f"{tiles.get('agreeing', 0)}/{tiles.get('witnesses', 0)}",
        "model": tiles.get("model", "-"),
        "correlation": tiles.get("correlation_median"),
        "seconds2": middle - start,
        "seconds3": end - middle,
        "reasons": "; ".join(interior["reasons"]),
    }


def main():
    """Run the grid and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--size", type=int, nargs=2, default=(2400, 2800), metavar=("H", "W"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--textures", type=Path)
    parser.add_argument("--impossible", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    kinds = solvable_grid(options.size)
    if options.textures:
        kinds |= texture_grid(options.size, options.textures)
    if options.only is not None:
        kinds = {k: v for k, v in kinds.items() if k in options.only}
    tasks = [
        (kind, replace(spec, seed=seed))
        for kind, specs in kinds.items()
        for spec in specs
        for seed in range(1, options.seeds + 1)
    ]
    tasks += [
        ("impossible", s) for s in impossible_grid(options.size, options.impossible)["impossible"]
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        table = pd.DataFrame(list(pool.map(register, tasks)))
    if options.out:
        table.to_csv(options.out, sep="\t", index=False)
    with pd.option_context(
        "display.width", 250, "display.max_columns", 30, "display.max_rows", 999
    ):
        print(table.drop(columns="reasons").round(3).to_string())
        good = table[table.kind != "impossible"]
        if len(good):
            report_solvable(good)
        bad = table[table.kind == "impossible"]
        if len(bad):
            passed = bad[bad.verdict != "fail"]
            print(
                f"\nimpossible pairs: {len(bad)}, verdicts {bad.verdict.value_counts().to_dict()}"
            )
            print(passed.round(3).to_string() if len(passed) else "none passed")


def report_solvable(table):
    """Print what the solvable pairs come to."""
    grouped = table.groupby("kind", sort=False)
    summary = grouped.agg(
        pairs=("seed", "size"),
        stage2=("stage2_px", "max"),
        median=("median_px", "median"),
        worst=("median_px", "max"),
        p95=("p95_px", "median"),
        seconds2=("seconds2", "mean"),
        seconds3=("seconds3", "mean"),
    )
    summary["verdicts"] = grouped.verdict.agg(lambda v: v.value_counts().to_dict())
    print("\n" + summary.round(3).to_string())
    ratio = (table.estimated_px / table.median_px).dropna()
    honest = ((ratio > 0.5) & (ratio < 2)).mean()
    silent = table[(table.median_px > 0.3) & (table.verdict == "pass")]
    print(
        f"\npairs {len(table)}; median of medians {table.median_px.median():.4f} px, "
        f"of 95th percentiles {table.p95_px.median():.4f} px"
    )
    print(
        f"estimated accuracy within a factor of two: {honest:.0%} "
        f"(median ratio {ratio.median():.2f})"
    )
    print(f"above 0.3 px and still pass: {len(silent)}; fail: {(table.verdict == 'fail').sum()}")
    for row in table[table.verdict != "pass"].itertuples():
        print(
            f"  {row.kind} seed {row.seed}: {row.verdict} ({row.median_px:.3f} px): {row.reasons}"
        )


if __name__ == "__main__":
    main()
