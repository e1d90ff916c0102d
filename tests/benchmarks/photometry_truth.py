"""Truth of the photometry benchmark's pairs, and how catalogues compare with it."""

from dataclasses import replace

import cv2
import numpy as np
from scipy.spatial import cKDTree

from exo2micro.catalogue import NOT_COUNTED
from exo2micro.geometry import DisplacementGrid, Transform, translation
from exo2micro.padding import full_scale
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import SyntheticPair

PAD = 128
CLIPPED_PART = 0.8  # of full scale: on brighter mineral, microbes are cut off
RIM_PX = 12  # along the frame's edge no microbe is asked for
MATCH_PX = 3.0
DARK_PART = 0.3  # of the mineral's mean: darker places of a real texture are no sample
GAP_PX = 32  # narrower dark gaps belong to the sample
APART_PX = 2.0  # between the half-maximum outlines of microbes that do not touch
GRID_STEP = 16


def pad_pair(pair):
    """Padded images of a pair, and their padding record."""
    spec = pair.spec
    canvas = [max(a, b) + 2 * PAD for a, b in zip(spec.post_shape, spec.pre_shape, strict=True)]
    images = {}
    for frame in ("post", "pre"):
        raw = pair.read(frame)
        padded = np.zeros(canvas, dtype=raw.dtype)
        padded[PAD : PAD + raw.shape[0], PAD : PAD + raw.shape[1]] = raw
        images[frame] = ArrayImage(padded)
    padding = {
        "pad": PAD,
        "canvas": canvas,
        "raw": {frame: {"shape": list(spec.shape(frame))} for frame in images},
        "saturation": dict.fromkeys(("post", "pre"), full_scale(spec.dtype)),
    }
    return images["post"], images["pre"], padding


def true_transform(pair, off):
    """The pair's true transform, shifted by `off` px."""
    canvas = [side + 2 * PAD for side in pair.spec.post_shape]
    x, y = np.meshgrid(*(np.arange(0.0, side + GRID_STEP, GRID_STEP) for side in canvas[::-1]))
    bending = pair.motion.bending.at(np.stack([x.ravel(), y.ravel()], axis=1) - PAD)
    dx, dy = bending.T.reshape(2, *x.shape)
    shift = translation(off * np.cos(0.6), off * np.sin(0.6))
    matrix = shift @ pair.truth.pre_from_post_padded(PAD)
    grid = DisplacementGrid(0.0, 0.0, GRID_STEP, GRID_STEP, dx, dy)
    return Transform(matrix, grid if bending.any() else None)


def microbe_pixels(microbes, shape):
    """Where a microbe is brighter than half its own peak; bool, raw post frame."""
    image = np.zeros(shape, dtype=bool)
    for m in microbes.itertuples():
        reach = int(np.ceil(m.length / 2 + m.fwhm)) + 1
        y0, x0 = max(int(m.y) - reach, 0), max(int(m.x) - reach, 0)
        part = image[y0 : int(m.y) + reach + 1, x0 : int(m.x) + reach + 1]
        row, column = np.indices(part.shape)
        dx, dy = column + x0 - m.x, row + y0 - m.y
        cosine, sine = np.cos(np.radians(m.angle_deg)), np.sin(np.radians(m.angle_deg))
        along = np.maximum(np.abs(dx * cosine + dy * sine) - m.length / 2, 0)
        part |= np.hypot(along, dy * cosine - dx * sine) <= m.fwhm / 2
    return image


def stained(pair):
    """Where a real stain, which is no microbe of the list, shines; bool, raw post frame."""
    spec = pair.spec
    if spec.stain_image is None:
        return np.zeros(spec.post_shape, dtype=bool)
    bare = SyntheticPair(replace(spec, stain_image=None))
    return pair.signal("post") - bare.signal("post") > 1.0


def average_precision(score, true):
    """Area under precision against recall."""
    if not true.any():
        return np.nan
    order = np.argsort(-score, kind="stable")
    hit = true[order]
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].mean())


def stand_alone(microbes):
    """Microbes whose half-maximum outline keeps clear of all others'."""
    xy = microbes[["x", "y"]].to_numpy()
    reach = (microbes["length"] / 2 + microbes["fwhm"] / 2).to_numpy()
    alone = np.ones(len(xy), dtype=bool)
    for i, j in cKDTree(xy).query_pairs(2 * reach.max() + APART_PX):
        if np.hypot(*(xy[i] - xy[j])) < reach[i] + reach[j] + APART_PX:
            alone[[i, j]] = False
    return alone


def light_at(pair, microbes):
    """Level of the mineral, in post, at each microbe."""
    level = pair.signal("post", microbes=False)
    return level[
        np.clip(np.rint(microbes["y"]).astype(int), 0, level.shape[0] - 1),
        np.clip(np.rint(microbes["x"]).astype(int), 0, level.shape[1] - 1),
    ]


def on_lit_sample(pair, microbes):
    """Whether each microbe lies on lit mineral or in a gap of it of at most `GAP_PX`."""
    level = pair.signal("post", microbes=False)
    lit = level > DARK_PART * pair.spec.brightness * pair.spec.scale
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP_PX + 1, GAP_PX + 1))
    closed = cv2.morphologyEx(lit.astype(np.uint8), cv2.MORPH_CLOSE, disc) > 0
    x, y = (np.rint(microbes[axis]).astype(int) for axis in ("x", "y"))
    return closed[np.clip(y, 0, level.shape[0] - 1), np.clip(x, 0, level.shape[1] - 1)]


def mean_scale(pair):
    """Mean scale over the sample, where it varies."""
    spec = pair.spec
    if not spec.gain_variation:
        return pair.truth.scale
    rows, columns = np.nonzero(pair.sample_mask("post")[::16, ::16])
    return float(np.exp(np.log(pair.scale_at(np.stack([columns, rows], axis=1) * 16.0)).mean()))


def microbe_strength(pair, microbes):
    """Signal to noise of the best possible measurement of each microbe, from the description."""
    spec = pair.spec
    unit = spec.grey_unit
    rounding = 0.0 if spec.dtype == "float32" else 1 / 12 / unit**2
    at = light_at(pair, microbes)
    fixed = (1 + spec.scale**2) * (spec.read_noise**2 + rounding)
    variance = at * (1 + spec.scale) / spec.photons_per_level + fixed
    # The square of a Gaussian is narrower by the root of two.
    fwhm = microbes["fwhm"] / np.sqrt(2)
    area = np.pi / (4 * np.log(2)) * fwhm**2
    area += np.sqrt(np.pi / (4 * np.log(2))) * fwhm * microbes["length"]
    return microbes["peak"] * np.sqrt(area / variance)


def judge_catalogue(pair, table, counted):
    """Precision, recall, error of count and flux.

    Counts are held against the microbes on lit sample, its narrow dark gaps included, that have at
    least 5 sigma.
    """
    microbes = pair.truth.microbes
    listed = table[~table["flags"].str.contains("|".join(NOT_COUNTED))]
    here = listed[["x_raw", "y_raw"]].to_numpy()
    if microbes.empty:
        return {"false": counted["n_candidates"]}
    if listed.empty:
        return {"precision": np.nan, "recall": 0.0, "count": -1.0, "estimated": -1.0}
    stain = pair.spec.stain_image is not None
    true = microbes[["x", "y"]].to_numpy()
    lit = light_at(pair, microbes) > DARK_PART * pair.spec.brightness * pair.spec.scale
    edge = (
        lit
        & (true > RIM_PX).all(axis=1)
        & (true < np.array(pair.spec.post_shape)[::-1] - 1 - RIM_PX).all(axis=1)
    )
    strong = microbe_strength(pair, microbes).to_numpy() >= 5
    strong &= microbes["on_sample"].to_numpy()
    visible = strong & on_lit_sample(pair, microbes)
    asked = edge & stand_alone(microbes) & lit & strong
    if pair.spec.dtype != "float32":
        asked &= light_at(pair, microbes) < CLIPPED_PART * 255
    gap, nearest = cKDTree(here).query(true)
    far = microbes["length"].to_numpy() / 2 + MATCH_PX
    back, owner = cKDTree(true).query(here, k=4)
    reach = (microbes["length"] + microbes["fwhm"]).to_numpy() / 2
    hit = (back < reach[owner % len(true)] + MATCH_PX).any(axis=1)
    good = asked & (gap < far)
    ratio = listed["flux"].to_numpy()[nearest[good]] / microbes["flux"][good]
    return {
        "precision": np.nan if stain else hit.mean(),
        "recall": good[asked].mean() if asked.any() else np.nan,
        "doubles": hit.sum() - len(np.unique(owner[hit, 0])),
        "asked": asked.sum(),
        "count": counted["n_candidates"] / visible.sum() - 1,
        "estimated": counted["n_estimated"] / visible.sum() - 1,
        "flux": np.median(ratio) / pair.spec.grey_unit - 1 if good.any() else np.nan,
    }
