"""Found against true, for the demonstration's pairs."""

from pathlib import Path

import numpy as np

from .catalogue import NOT_COUNTED
from .parameters import suffix
from .storage import read_record
from .synthesis import Truth, demo_specs
from .targets import pair_folder
from .transforms import load_transform

# A candidate this near to a true microbe is that microbe, px.
MATCH_PX = 3.0


def compare_with_truth(demo, request):
    """Table of registration error, scale error and microbes found for each finished demo pair.

    Parameters
    ----------
    demo : dict
        The configuration's ``demo``.
    request : Request
        What was asked for.

    Returns
    -------
    str
    """
    truths = {(p.sample, p.dye): p.truth_path(request.raw_dir) for p in demo_specs(demo)}
    lines = [
        f"{'sample':8}{'dye':9}{'variant':12}{'registration px':>17}{'(p95)':>8}{'stated':>8}"
        f"{'scale':>9}{'true':>8}{'error %':>9}  microbes found / true"
    ]
    for pair in request.pairs:
        path = truths.get((pair.sample, pair.dye))
        if path is None or not Path(path).is_file():
            continue
        truth = Truth.load(path)
        for variant in pair.variants:
            line = _compare_variant(request, pair, variant, truth)
            if line:
                lines.append(line)
    return "Found against true\n" + "\n".join(lines)


def registration_error(transform, truth, pad):
    """Median and 95th percentile distance at the microbes on the sample, px.

    Parameters
    ----------
    transform : Transform
        Padded post to padded pre.
    truth : Truth
        Of the pair.
    pad : int
        Padding, px.

    Returns
    -------
    tuple of float, or None
        None where no microbe lies on what both photographs show.
    """
    there = truth.microbes[truth.microbes.on_sample.astype(bool)]
    points = there[["x", "y"]].to_numpy(float) + pad
    true = truth.map_points(points, pad)
    height, width = truth.spec.pre_shape
    seen = ((true >= pad) & (true < (pad + width, pad + height))).all(axis=1)
    if not seen.any():
        return None
    gap = np.hypot(*(transform.map_points(points[seen]) - true[seen]).T)
    return float(np.median(gap)), float(np.percentile(gap, 95))


def _compare_variant(request, pair, variant, truth):
    """One line of the table; empty when the variant is not finished."""
    folder = Path(pair_folder(request.output_dir, pair.sample, pair.dye))
    aligned = folder / f"transforms/03_interior{suffix(variant.values, 3)}.json"
    scaled = folder / f"measurements/04_scale{suffix(variant.values, 4)}.json"
    if not aligned.is_file() or not scaled.is_file():
        return ""
    error = registration_error(load_transform(aligned), truth, variant.values["pad"])
    median, p95 = ("-", "-") if error is None else (f"{gap:.4f}" for gap in error)
    stated = read_record(aligned)["estimated_accuracy_px"]
    scale = read_record(scaled)["scale_estimate"]
    return (
        f"{pair.sample:8}{pair.dye:9}{variant.suffix or '-':12}{median:>17}{p95:>8}"
        f"{'-' if stated is None else f'{stated:.4f}':>8}"
        f"{'-' if scale is None else f'{scale:.4f}':>9}{truth.scale:8.4f}"
        f"{'-' if scale is None else f'{100 * (scale / truth.scale - 1):+.3f}':>9}  "
        f"{count_microbes_found(folder, variant, truth)}"
    )


def count_microbes_found(folder, variant, truth):
    """Text with how many of the true microbes are in the catalogue, and how many others."""
    import pandas as pd
    from scipy.spatial import cKDTree

    path = folder / f"measurements/04_candidates{suffix(variant.values, 4)}.csv"
    total = len(truth.microbes)
    if not path.is_file():
        return f"- / {total}"
    found = pd.read_csv(path, keep_default_na=False)
    if found.empty or not total:
        return f"0 / {total}, {len(found)} others"
    true = truth.microbes[["x", "y"]].to_numpy(float)
    here = found[["x_raw", "y_raw"]].to_numpy(float)
    hit = np.isfinite(cKDTree(here).query(true, distance_upper_bound=MATCH_PX)[0]).sum()
    alone = np.isinf(cKDTree(true).query(here, distance_upper_bound=2 * MATCH_PX)[0])
    # Candidates beside the sample, and grains that changed, are listed but not counted as microbes.
    other = (alone & ~found["flags"].str.contains("|".join(NOT_COUNTED)).to_numpy(bool)).sum()
    return f"{hit} / {total}, {other} others"
