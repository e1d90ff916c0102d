"""Scale, significance and catalogue of synthetic pairs against their truth.

    python tests/benchmarks/photometry.py [--seeds 2] [--first-seed 1] [--only plain cover]
        [--real DIR] [--pipeline] [--scale-only] [--smooth] [--hopeless] [--jobs 2]
        [--size 1300 1500] [--out table.tsv]

Each row is a pair; the pairs are aligned by their true transform (shifted by a known error where
that is what is tried), or, with --pipeline, by the workflow's own stages. With a folder of real
photographs (--real), these are used as mineral and as stain beside the generated ones.
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
sys.path.insert(0, str(Path(__file__).resolve().parent))

from photometry_grid import hopeless_grid, photometry_grid
from photometry_truth import (
    PAD,
    average_precision,
    judge_catalogue,
    mean_scale,
    microbe_pixels,
    pad_pair,
    stained,
    true_transform,
)

from exo2micro.catalogue import Detections, describe_catalogue, make_table
from exo2micro.detection import Detector, detection_tiles, find_in
from exo2micro.geometry import Transform
from exo2micro.measurement import measure_pair
from exo2micro.parameters import resolve
from exo2micro.pixel_mask import SATURATED_POST, SATURATED_PRE
from exo2micro.registration import run_boundary_stage, run_interior_stage
from exo2micro.scale import estimate_scale
from exo2micro.significance import Photometry
from exo2micro.synthesis import SyntheticPair

# An uneven pair has no one scale to be right about, an image over itself no error to be judged.
WITHOUT_ONE_SCALE = ("uneven", "itself")


def own_transform(post, pre, padding, values):
    """The transform that the workflow finds."""
    boundary = run_boundary_stage(post, pre, padding, values)
    return Transform.from_record(run_interior_stage(post, pre, padding, boundary, values))


def assemble(tiles, shape, record):
    """Whole images from the streamed tiles: difference, significance, sample, mask."""
    images = [np.zeros(shape, kind) for kind in (np.float32, np.float32, bool, np.uint8)]
    kept = []
    for place, tile in tiles:
        kept.append((place, tile))
        if tile is None:
            continue
        found = tile.significance
        # The plain difference of one scale, which the significance need not be made with.
        dark_post, dark_pre = record["dark"]["post"], record["dark"]["pre"]
        difference = tile.post - dark_post - record["scale_estimate"] * (tile.aligned - dark_pre)
        parts = difference, found.significance, found.sample, found.mask
        for image, part in zip(images, parts, strict=True):
            image[tile.core.slices] = tile.cut(part)
    return images, kept


def measure(task):
    """All figures of one pair."""
    kind, spec, off, pipeline, scale_only, options = task
    cv2.setNumThreads(1)
    pair = SyntheticPair(spec)
    post, pre, padding = pad_pair(pair)
    values = resolve({"pad": PAD, **options})
    start = time.perf_counter()
    transform = own_transform(post, pre, padding, values) if pipeline else true_transform(pair, off)
    record = estimate_scale(measure_pair(post, pre, transform, padding, "cubic"), values)
    row = {
        "kind": kind,
        "seed": spec.seed,
        "off": off,
        "status": record["status"],
        "reasons": "; ".join(record["reasons"]),
        "scale": spec.scale,
    }
    if record["scale_estimate"] is None:
        return row | {"error_%": np.nan, "pull": np.nan}
    true_scale = mean_scale(pair)
    error = record["scale_estimate"] / true_scale - 1
    row |= {"error_%": 100 * error, "pull": error * true_scale / record["scale_error"]}
    if scale_only:
        return row
    photometry = Photometry.from_record(record)
    tiles = detection_tiles(Detector(post, pre, transform, padding, photometry, "cubic"))
    images, kept = assemble(tiles, post.shape, record)
    raw = np.s_[PAD : PAD + spec.post_shape[0], PAD : PAD + spec.post_shape[1]]
    difference, significance, sample, mask = (image[raw] for image in images)
    # Where both images are at full scale nobody can tell whether there is a microbe.
    lost = ((mask & SATURATED_POST) != 0) & ((mask & SATURATED_PRE) != 0)
    sample &= ~stained(pair) & ~lost
    true = microbe_pixels(pair.truth.microbes, spec.post_shape)
    row |= {
        "fwhm": photometry.fwhm,
        "registration": photometry.matched_noise.registration_px,
        "ap_difference": average_precision(difference[sample], true[sample]),
        "ap_significance": average_precision(significance[sample], true[sample]),
        "z_scatter": 1.4826
        * np.median(
            np.abs(
                significance[
                    sample & ~cv2.dilate(true * np.uint8(1), np.ones((15, 15))).astype(bool)
                ]
            )
        ),
    }
    detections = Detections()
    settings = {"threshold": values["detection_sigma"], "fwhm": photometry.fwhm}
    for _, tile in kept:
        if tile is not None:
            find_in(tile, **settings, pad=PAD).add_to(detections)
    detected = detections.result(**settings)
    counted = describe_catalogue(detected)
    row |= judge_catalogue(pair, make_table(detected), counted)
    return row | {
        "dark": counted["n_dark"],
        "expected_false": counted["expected_false"],
        "false_at_most": counted["false_at_most"],
        "seconds": time.perf_counter() - start,
    }


def summarise(table):
    """One line a kind: median and worst figures."""
    table["worst_%"] = table["error_%"].abs()
    if "ap_significance" in table:
        table["ap_gain"] = table["ap_significance"] - table["ap_difference"]
    if "estimated" in table:
        table["worst_estimate"] = table["estimated"].abs()
    if "false" in table:
        table["above"] = table["false"] > table["false_at_most"]
    worst = {
        "n": ("kind", "size"),
        "fail": ("status", lambda s: int((s == "fail").sum())),
        "error median %": ("worst_%", "median"),
        "worst %": ("worst_%", "max"),
        "rms pull": ("pull", lambda p: np.sqrt(np.mean(p**2))),
        "in 1 sigma": ("pull", lambda p: (p.dropna().abs() < 1).mean()),
        "AP difference": ("ap_difference", "min"),
        "AP significance": ("ap_significance", "min"),
        "least gain": ("ap_gain", "min"),
        "scatter": ("z_scatter", "median"),
        "precision": ("precision", "min"),
        "recall": ("recall", "min"),
        "count": ("count", "median"),
        "estimated": ("estimated", "median"),
        "worst": ("worst_estimate", "max"),
        "flux": ("flux", "median"),
        "false": ("false", "sum"),
        "dark": ("dark", "sum"),
        "expected": ("expected_false", "sum"),
        "at most": ("false_at_most", "sum"),
        "above": ("above", "sum"),
    }
    known = {name: how for name, how in worst.items() if how[0] in table}
    return table.groupby("kind", sort=False).agg(**known)


def main():
    """Run the grid and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--size", type=int, nargs=2, default=(1300, 1500), metavar=("H", "W"))
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--pipeline", action="store_true")
    parser.add_argument("--scale-only", action="store_true")
    parser.add_argument("--hopeless", action="store_true")
    parser.add_argument("--smooth", action="store_true", help="scale_model: smooth")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    grid = (
        hopeless_grid(options.size)
        if options.hopeless
        else photometry_grid(options.size, options.real)
    )
    values = {"scale_model": "smooth"} if options.smooth else {}
    tasks = [
        (kind, replace(spec, seed=seed), off, options.pipeline, options.scale_only, values)
        for kind, pairs in grid.items()
        if not options.only or any(name in kind for name in options.only)
        for spec, off in pairs
        for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        table = pd.DataFrame(list(pool.map(measure, tasks)))
    if options.out:
        table.to_csv(options.out, sep="\t", index=False)
    pd.set_option("display.width", 250, "display.max_columns", 40, "display.max_rows", 500)
    print(table.drop(columns="reasons").round(3).to_string())
    print(summarise(table).round(3).to_string())
    one = table[~table["kind"].isin(WITHOUT_ONE_SCALE)].dropna(subset="pull")
    print(
        f"where one scale exists and was found ({len(one)} pairs): median error "
        f"{one['error_%'].abs().median():.3f} %, worst {one['error_%'].abs().max():.3f} %, "
        f"rms pull {np.sqrt((one['pull'] ** 2).mean()):.2f}, "
        f"within 1 sigma {(one['pull'].abs() < 1).mean():.0%}"
    )
    for reasons in table.loc[table["status"] != "ok", ["kind", "reasons"]].itertuples():
        print(reasons.kind, "|", reasons.reasons)


if __name__ == "__main__":
    main()
