"""The photometric scale: post = scale * pre on mineral that carries no stain.

The steps: dark levels from beside the sample; pixels that show mineral alone (found in turns with
the scale); block averages over them; the distribution of the logarithm of the blocks' ratio; a
Moffat profile on its peak and left wing. Errors come from splitting the image in halves.
"""

import numpy as np

from exo2micro.background_search import search_background
from exo2micro.block_ratio import average_blocks
from exo2micro.dark_level import measure_dark_levels
from exo2micro.pair_noise import measure_noise, sample_level
from exo2micro.patches import read_patches
from exo2micro.sample_area import find_saturation
from exo2micro.scale_fit import flatness, measure_scale
from exo2micro.scale_map import fit_scale_field, measure_roughness
from exo2micro.scale_verdict import judge_scale, locate_ratio_peaks

# What the estimate is off by beyond what halves of one image can tell: faint stain pulls at the
# peak, the more the broader it is. Over seeds the mean error of a kind of pair is 0 to 2 % of the
# peak's width; with this part of it 73 to 76 % of pairs of 600 to 1500 px lie within 1 sigma.
METHOD_PART = 0.006
MEASURED = [
    "scale_estimate",
    "scale_error",
    "goodness",
    "moffat",
    "ratio_histogram",
    "block_px",
    "stained_fraction",
    "background_fraction",
    "ridge_slope",
    "ridge_slope_error",
    "median_ratio",
    "median_ratio_error",
    "scale_percentile_value",
    "scale_map",
    "scale_field",
    "noise",
    "dark",
    "ratio_peaks",
]


def estimate_scale(arrays, values=None):
    """Measure the photometric scale and everything that goes with it.

    Parameters
    ----------
    arrays : dict of ndarray
        From `PairStatistics.result`.
    values : dict, optional
        Parameters; used are ``scale_percentile``, ``manual_scale``, ``subtract_dark`` (default
        true) and ``scale_model`` (default 'constant').

    Returns
    -------
    dict
        For a JSON record; None where something could not be measured.

        ``scale_estimate``, ``scale_error`` (1 sigma), ``status`` ('ok', 'warn' or 'fail'),
        ``reasons``; ``moffat`` (amp, mu, alpha, beta, mu_error, goodness, fit_range),
        ``goodness`` (chi2 per degree of freedom), ``ratio_histogram`` (``edges`` in log10 ratio,
        ``counts`` of background blocks, ``counts_all`` of all sample blocks), ``block_px``,
        ``blocks``, ``stained_fraction``, ``background_fraction``; ``dark`` (``post``, ``pre``: the
        levels to take off, 0 for none; how they were measured; the ridge's ``intercept``);
        ``ridge_slope``, ``median_ratio`` and their errors; ``scale_percentile_value`` (percentile
        of the ratio of all sample blocks), ``manual_scale``; ``scale_map``, ``scale_field`` (None
        unless the map varies or the model is smooth); ``noise`` (see
        `exo2micro.pair_noise.measure_noise`); ``ratio_peaks``.
    """
    values = values or {}
    record = {
        **dict.fromkeys(MEASURED),
        "blocks": 0,
        "scale_percentile": values.get("scale_percentile"),
        "manual_scale": values.get("manual_scale"),
        "scale_model": values.get("scale_model", "constant"),
    }
    patches = read_patches(arrays)
    if len(patches.post):
        record.update(_measure(patches, arrays, values))
    return {**record, **judge_scale(record)}


def _measure(patches, arrays, values):
    saturation = arrays["saturation"]
    dark = _measure_dark(patches, arrays, values.get("subtract_dark", True))
    post, pre = patches.post - np.float32(dark["post"]), patches.pre - np.float32(dark["pre"])
    found = search_background(patches, post, pre, dark, saturation)
    measured = measure_scale(found, dark["free"]) if found is not None else None
    if measured is None:
        return {"dark": dark}
    if dark["free"]:
        # Only the difference of the dark levels matters: all of it is put into post.
        dark["post"] = found.offset
    sample = average_blocks(post, pre, found.usable, found.blocks.side).shifted(found.offset)
    ratio = np.log10(sample.post / sample.pre) - flatness(sample, found.local)
    scale, scale_map = measured["scale"], found.scale_map
    smooth = values.get("scale_model", "constant") == "smooth"
    field = fit_scale_field(scale_map) if smooth or scale_map["varies"] else None
    roughness = 0.0 if field is None else measure_roughness(scale_map, field)
    percentile = values.get("scale_percentile")
    return {
        "scale_estimate": scale,
        "scale_error": _total_error(measured, dark, found.blocks),
        "goodness": measured["fit"].goodness,
        "moffat": measured["fit"].to_record(),
        "ratio_histogram": {
            "edges": measured["edges"],
            "counts": measured["counts"],
            "counts_all": np.histogram(ratio, measured["edges"])[0],
        },
        "block_px": found.blocks.side,
        "blocks": len(found.blocks),
        "stained_fraction": found.background.stained,
        "background_fraction": 1 - found.background.masked,
        "ridge_slope": measured["ridge"],
        "ridge_slope_error": measured["ridge_error"],
        "median_ratio": measured["median"],
        "median_ratio_error": measured["median_error"],
        "scale_percentile_value": (
            None
            if percentile is None
            else float(np.percentile(sample.post / sample.pre, percentile))
        ),
        "dark": {
            **dark,
            "intercept": measured["intercept"],
            "intercept_error": measured["intercept_error"],
        },
        "scale_map": {**scale_map, "roughness": roughness},
        "scale_field": field,
        "noise": measure_noise(found, patches, post, pre, dark, _is_integer(arrays), values),
        "saturation": saturation.tolist(),
        "sample_level": sample_level(pre, patches.coverage, dark),
        "ratio_peaks": locate_ratio_peaks(
            post - np.float32(found.offset), pre, found.usable, scale, found.local
        ),
    }


def _measure_dark(patches, arrays, subtract):
    """Dark levels, and what is to be taken off."""
    whole_numbers = _is_integer(arrays)
    valid = patches.coverage & ~find_saturation(patches, arrays["saturation"])
    found = measure_dark_levels(patches.post, patches.pre, valid, whole_numbers)
    outside = found.how == "outside"
    return {
        "how": "outside" if outside else "intercept" if subtract else "none",
        "subtracted": bool(subtract),
        "free": bool(subtract) and not outside,
        "post": found.post if outside and subtract else 0.0,
        "pre": found.pre if outside and subtract else 0.0,
        "post_measured": found.post if outside else None,
        "pre_measured": found.pre if outside else None,
        "post_error": found.post_error if outside else None,
        "pre_error": found.pre_error if outside else None,
        "noise": found.noise if outside and whole_numbers else 0.0,
        "blocks": found.blocks,
    }


def _is_integer(arrays):
    """Whether pixels are unsigned integers."""
    return str(arrays["pixel_type"]).startswith("uint")


def _total_error(measured, dark, blocks):
    width = np.log(10) * measured["fit"].sigma
    parts = [measured["scale_error"], METHOD_PART * width * measured["scale"]]
    if dark["how"] == "outside" and dark["subtracted"]:
        for image, level in (("post", blocks.post.mean()), ("pre", blocks.pre.mean())):
            parts.append(measured["scale"] * dark[f"{image}_error"] / level)
    return float(np.sqrt(np.sum(np.square(parts))))
