"""Measure what each interpolation does to noise, to grains and to the difference image.

    python tests/benchmarks/interpolation.py [--size 900] [--seeds 3]

Everything is warped by known transforms, so that nothing but the interpolation errs.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.geometry import Transform, similarity, translation
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import PairSpec, SyntheticPair
from exo2micro.warping import warp_tile

KINDS = ("bilinear", "cubic", "lanczos")
FALSE_SIGMA = 5.0


def warp(image, transform, kind):
    """Image warped whole, without its rim."""
    shape = image.shape
    warped, _ = warp_tile(ArrayImage(image), transform, (0, shape[0], 0, shape[1]), kind)
    return warped


def noise_left(kind, size):
    """Standard deviation of warped white noise of deviation 1: mean, least and most by phase."""
    noise = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    phases = [
        float(warp(noise, Transform(translation(dx, dy)), kind)[16:-16, 16:-16].std())
        for dx in (0.0, 0.25, 0.5)
        for dy in (0.0, 0.25, 0.5)
    ]
    turned = warp(noise, Transform(similarity(7, 1.0, (size / 2,) * 2, (size / 2,) * 2)), kind)
    return float(turned[100:-100, 100:-100].std()), min(phases), max(phases)


def rings(kind):
    """Deepest undershoot beside a grain that saturates, in percent of its height."""
    y, x = np.indices((200, 200), dtype=np.float32)
    grain = 1000.0 / (1 + np.exp(np.clip(2 * (np.hypot(x - 100, y - 100) - 40), -50, 50)))
    clipped = np.minimum(cv2.GaussianBlur(grain, (0, 0), 1.0), 255).astype(np.float32)
    lowest = [
        float(warp(clipped, Transform(translation(shift, shift)), kind)[20:-20, 20:-20].min())
        for shift in (0.2, 0.35, 0.5)
    ]
    highest = [
        float(warp(clipped, Transform(translation(shift, shift)), kind).max() - 255)
        for shift in (0.2, 0.35, 0.5)
    ]
    return 100 * -min(lowest) / 255, 100 * max(highest) / 255


def difference(kind, size, seed, fwhm):
    """Noise and false detections of post - scale * pre on the mineral, without microbes."""
    spec = PairSpec(
        seed=seed,
        post_shape=(size, size),
        colour="grey",
        footprint="full",
        rotation_deg=7.0,
        magnification=1.02,
        shift=(11.3, -6.7),
        microbe_cover=0.0,
        saturated_fraction=0.01,
        psf_fwhm=fwhm,
        dtype="float32",
    )
    pair = SyntheticPair(spec)
    post, pre = pair.read("post"), pair.read("pre")
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], dtype=np.float32)
    there = pair.truth.map_points(corners, 0).astype(np.float32)
    transform = Transform(cv2.getPerspectiveTransform(corners, there))
    box = (slice(150, -150), slice(150, -150))
    noisy = (post - 2 - spec.scale * (warp(pre, transform, kind) - 2))[box]
    clean_pre = pair.signal("pre")
    clean = (pair.signal("post") - spec.scale * warp(clean_pre, transform, kind))[box]
    contrast = float(pair.signal("post")[box].std())
    spread = 1.4826 * float(np.median(np.abs(noisy)))
    false = float((noisy > FALSE_SIGMA * spread).mean() * 1e6)
    return 100 * float(clean.std()) / contrast, spread, false


def speed(kind):
    """Mpx warped in a second on one core."""
    cv2.setNumThreads(1)
    image = np.random.default_rng(0).random((1024, 1024)).astype(np.float32)
    transform = Transform(similarity(7, 1.0, (512, 512), (512, 512)))
    start = time.process_time()
    for _ in range(5):
        warp(image, transform, kind)
    return 5 * 1.048 / (time.process_time() - start)


def main():
    """Print one row for each interpolation and optical blur."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=900)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for kind in KINDS:
        noise, least, most = noise_left(kind, options.size)
        under, over = rings(kind)
        row = {
            "interpolation": kind,
            "noise": noise,
            "by phase": f"{least:.2f}-{most:.2f}",
            "undershoot %": under,
            "overshoot %": over,
            "Mpx/s": speed(kind),
        }
        for fwhm in (2.0, 2.4, 3.5):
            told = [difference(kind, options.size, seed, fwhm) for seed in range(options.seeds)]
            error, spread, false = np.mean(told, axis=0)
            row |= {
                f"error % ({fwhm})": error,
                f"spread ({fwhm})": spread,
                f"false ppm ({fwhm})": false,
            }
        rows.append(row)
    with pd.option_context("display.width", 250, "display.max_columns", 30):
        print(
            pd.DataFrame(rows).set_index("interpolation").T.to_string(float_format="{:.2f}".format)
        )


if __name__ == "__main__":
    main()
