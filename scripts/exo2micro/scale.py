"""The photometric scale: post = scale * pre on mineral that carries no stain.

The steps: dark levels from beside the sample; pixels that show mineral alone (found in turns with
the scale); block averages over them; the distribution of the logarithm of the blocks' ratio; a
Moffat profile on its peak and left wing. Errors come from splitting the image in sections.
"""

import cv2
import numpy as np

from exo2micro.background import MAX_NOISE_PIXELS
from exo2micro.background_search import search_background
from exo2micro.block_ratio import average_blocks
from exo2micro.dark_level import measure_dark_levels
from exo2micro.microbe_width import measure_microbe_width
from exo2micro.noise import (
    FWHM_PER_SIGMA,
    MODEL_SIGMA,
    fit_noise,
    predict_mineral,
    square_curvature,
    widen_gradient,
)
from exo2micro.patches import PATCH, read_patches
from exo2micro.sample_area import find_saturation, typical_level
from exo2micro.scale_fit import flatness, measure_scale
from exo2micro.scale_map import fit_scale_field, measure_roughness, scale_field_tile
from exo2micro.scale_verdict import judge_scale, locate_ratio_peaks

# What the estimate is off by beyond what sections of one image can tell: faint stain and the
# choices of the method (measured over generated pairs).
METHOD_ERROR = 1.2e-4
BESIDE_PART = 4  # of the noise's pixels, one in so many lies beside the sample
ROUNDING_VARIANCE = 1 / 12
SAMPLE_PART = 0.15  # of the typical level of the mineral
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
        unless the map varies or the model is smooth); ``noise``; ``ratio_peaks``.
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
        "noise": _noise_record(
            *_measure_noise(found, patches, post, pre, dark, _is_integer(arrays), values), scale
        ),
        "saturation": saturation.tolist(),
        "sample_level": _sample_level(pre, patches.coverage, dark),
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
    parts = [measured["scale_error"], METHOD_ERROR * measured["scale"]]
    if dark["how"] == "outside" and dark["subtracted"]:
        for image, level in (("post", blocks.post.mean()), ("pre", blocks.pre.mean())):
            parts.append(measured["scale"] * dark[f"{image}_error"] / level)
    return float(np.sqrt(np.sum(np.square(parts))))


def _sample_level(pre, coverage, dark):
    """Level of the pre image, without its dark level, from which on it shows mineral."""
    typical = typical_level(pre, coverage)
    return max(SAMPLE_PART * typical, min(2 * dark["noise"], 0.5 * typical))


def _measure_noise(found, patches, post, pre, dark, whole_numbers, values):
    """Noise of the difference, pixel by pixel and behind the matched filter.

    Measured on the sample, microbes and all: only what is too dark counts, which they are not, and
    background has been cleaned of what stands out of it, bad edges included. And beside the
    sample, lest what the model says of dark places be a guess from bright ones.
    """
    fwhm = float(values.get("microbe_fwhm_px") or _measure_fwhm(found, patches, post, pre))
    sigma = fwhm / FWHM_PER_SIGMA
    beside = _beside_sample(patches, pre, dark)
    residuals = _residuals(found, _scales(found, patches.origin), post, pre)
    scales = _scales(found, patches.origin)
    columns = [[] for _ in range(7)]
    share = [min(1.0, MAX_NOISE_PIXELS / max(int(m.sum()), 1)) for m in (found.usable, beside)]
    rng = np.random.default_rng(0)
    for index, (residual, scale) in enumerate(zip(residuals, scales, strict=True)):
        chosen = rng.random(pre[index].shape, dtype=np.float32)
        chosen = (found.usable[index] & (chosen < share[0])) | (
            beside[index] & (chosen < share[1] / BESIDE_PART)
        )
        level, slope = predict_mineral(pre[index], scale)
        scaled = np.float32(scale) * pre[index]
        images = (
            residual,
            cv2.GaussianBlur(residual, (0, 0), sigma),
            level,
            slope,
            square_curvature(scaled, MODEL_SIGMA),
            widen_gradient(scaled, sigma),
            square_curvature(scaled, sigma),
        )
        for column, image in zip(columns, images, strict=True):
            column.append(image[chosen])
    residual, smooth, level, *steepness = (np.concatenate(column) for column in columns)
    pixel = fit_noise(residual, level, *steepness[:2]) or found.background.pixel_noise
    matched = fit_noise(smooth, level, *steepness[2:]) or found.background.smooth_noise
    # No integer is known better than to its rounding, however quiet the residual.
    rounding = ROUNDING_VARIANCE if whole_numbers else 0.0
    return pixel.floored(rounding), matched.floored(rounding / (4 * np.pi * sigma**2)), fwhm


def _measure_fwhm(found, patches, post, pre):
    """Width of the pair's own microbes."""
    clean = found.background.clean
    level = found.scale * float(np.median(pre[clean]))
    noise = np.sqrt(found.background.pixel_noise.variance(level, 0.0))
    residuals = _residuals(found, _scales(found, patches.origin), post, pre)
    return measure_microbe_width(residuals, found.usable, noise)


def _scales(found, origins):
    """Yield the scale at each patch: a number, or one for each pixel where it varies."""
    field = None if found.local is None else fit_scale_field(found.scale_map)
    for y, x in origins:
        window = (y, y + PATCH, x, x + PATCH)
        yield found.scale if field is None else scale_field_tile(field, window)


def _residuals(found, scales, post, pre):
    """Yield each patch's post minus scaled pre."""
    for image, mineral, scale in zip(post, pre, scales, strict=True):
        yield image - np.float32(scale) * mineral - np.float32(found.offset)


def _beside_sample(patches, pre, dark):
    """Pixels well beside the sample, where a dark level could be measured there."""
    if dark["how"] != "outside":
        return np.zeros(pre.shape, dtype=bool)
    limit = _sample_level(pre, patches.coverage, dark) / 2
    smooth = np.stack([cv2.GaussianBlur(image, (0, 0), 4.0) for image in pre])
    return patches.coverage & (smooth < limit)


def _noise_record(pixel, matched, fwhm, scale):
    """Noise models, and the gain and read noise of two equal cameras that they stand for."""
    return {
        "pixel": pixel.to_record(),
        "matched": matched.to_record(),
        "microbe_fwhm_px": fwhm,
        "gain": (1 + scale) / pixel.per_level if pixel.per_level > 0 else None,
        "read_noise": float(np.sqrt(pixel.read_variance / (1 + scale**2))),
    }
