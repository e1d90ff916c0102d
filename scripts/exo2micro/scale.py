"""The photometric scale: post = scale * pre on mineral that carries no stain.

The steps: dark levels from beside the sample; pixels that show mineral alone (found round by
round, as the scale becomes known); block averages over them; the distribution of the logarithm of
the blocks' ratio; a Moffat profile on its peak and left wing. Errors come from splitting the
image in sections.
"""

import numpy as np

from exo2micro.background import find_background
from exo2micro.block_ratio import average_blocks, choose_block_size
from exo2micro.dark_level import measure_dark_levels
from exo2micro.moffat import find_mode, fit_moffat, histogram_near_peak
from exo2micro.patches import read_patches
from exo2micro.ridge import fit_ridge, share_noise
from exo2micro.sample_area import find_saturation, find_usable
from exo2micro.scale_map import fit_scale_field, measure_scale_map
from exo2micro.scale_verdict import count_ratio_peaks, judge_scale

ROUNDS = 5
CONVERGED = 2e-5  # relative change of the scale between rounds
SECTIONS = 20
START_BLOCK = 8
MIN_BLOCKS = 60


def estimate_scale(arrays, values=None):
    """Measure the photometric scale and everything that goes with it.

    Parameters
    ----------
    arrays : dict of ndarray
        From `PairStatistics.result`.
    values : dict, optional
        Parameters; used are ``scale_percentile``, ``manual_scale``, ``subtract_dark`` and
        ``scale_model``.

    Returns
    -------
    dict
        For a JSON record; NaN where something could not be measured. ``scale_estimate``,
        ``scale_error`` (1 sigma), ``status`` ('ok', 'warn' or 'fail') and ``reasons``;
        ``goodness`` (chi2 per degree of freedom), ``moffat``, ``ratio_histogram`` (``edges`` of
        log10 ratio, ``counts`` of background blocks, ``counts_all`` of all sample blocks),
        ``block_px``, ``blocks``, ``stained_fraction``, ``background_fraction``; ``dark``;
        ``ridge_slope``, ``median_ratio`` and their errors; ``scale_percentile_value``,
        ``manual_scale``; ``scale_map``, ``scale_field``, ``noise``.
    """
    values = values or {}
    record = _empty_record(values)
    patches = read_patches(arrays)
    if len(patches.post) == 0:
        return {**record, **judge_scale(record)}
    saturation = arrays["saturation"]
    whole_numbers = str(arrays["pixel_type"]).startswith("uint")
    valid = patches.coverage & ~find_saturation(patches, saturation)
    dark = _dark_levels(patches, valid, whole_numbers, values.get("subtract_dark", True))
    record["dark"] = dark
    post = patches.post - np.float32(dark["post"] or 0)
    pre = patches.pre - np.float32(dark["pre"] or 0)
    found = _converge(patches, post, pre, dark, saturation)
    if found is None:
        return {**record, **judge_scale(record)}
    usable, background, side, scale_map = (
        found[name] for name in ("usable", "background", "side", "map")
    )
    offset = found["offset"]
    dark["intercept_used"] = offset
    shifted = post - np.float32(offset)
    blocks = average_blocks(shifted, pre, background.clean, side)
    everything = average_blocks(shifted, pre, usable, side)
    record.update(_measure(blocks, everything, background, dark))
    record.update(
        block_px=side,
        blocks=len(blocks),
        stained_fraction=background.stained,
        background_fraction=float(background.clean.sum() / max(usable.sum(), 1)),
        scale_map=scale_map,
        scale_field=fit_scale_field(scale_map) if scale_map["varies"] else None,
        noise=_noise_record(background, record["scale_estimate"]),
        ratio_peaks=count_ratio_peaks(shifted, pre, usable, record["scale_estimate"], scale_map),
    )
    if values.get("scale_percentile") is not None:
        ratio = everything.post / everything.pre
        record["scale_percentile_value"] = float(np.percentile(ratio, values["scale_percentile"]))
    return {**record, **judge_scale(record)}


def _empty_record(values):
    names = (
        "scale_estimate scale_error goodness moffat ratio_histogram block_px stained_fraction "
        "background_fraction ridge_slope ridge_slope_error median_ratio median_ratio_error "
        "scale_percentile_value scale_map scale_field noise dark ratio_peaks"
    )
    return {
        **dict.fromkeys(names.split()),
        "blocks": 0,
        "scale_percentile": values.get("scale_percentile"),
        "manual_scale": values.get("manual_scale"),
        "scale_model": values.get("scale_model", "constant"),
    }


def _dark_levels(patches, valid, whole_numbers, subtract):
    found = measure_dark_levels(patches.post, patches.pre, valid, whole_numbers)
    measured = found.how == "outside"
    return {
        "post_measured": found.post,
        "pre_measured": found.pre,
        "post_error": found.post_error,
        "pre_error": found.pre_error,
        "noise": found.noise,
        "blocks": found.blocks,
        "how": found.how,
        "subtracted": bool(subtract),
        "post": found.post if measured and subtract else 0.0,
        "pre": found.pre if measured and subtract else 0.0,
    }


def _converge(patches, post, pre, dark, saturation):
    """Alternate between the background and the scale until the scale stands still."""
    usable = find_usable(patches, dark["pre"], dark["post"], saturation)
    start = average_blocks(post, pre, usable, START_BLOCK)
    if len(start) < MIN_BLOCKS:
        return None
    scale, offset, local = 10 ** find_mode(np.log10(start.post / start.pre))[0], 0.0, None
    usable = find_usable(patches, dark["pre"], dark["post"], saturation, scale)
    # Nothing beside the sample to measure a dark level on: the intercept stands for both.
    free_offset = dark["how"] == "none" and dark["subtracted"]
    clean = usable
    for _ in range(ROUNDS):
        background = find_background(
            post, pre, usable, clean, scale if local is None else local, offset
        )
        if background is None:
            return None
        clean = background.clean
        side = _block_size(post, pre, background, scale)
        blocks = average_blocks(post, pre, clean, side)
        if len(blocks) < MIN_BLOCKS:
            return None
        if free_offset:
            offset = _intercept(blocks, scale, offset)
        fit = _fit_ratio(blocks.post - offset, blocks.pre)[0]
        if fit is None:
            return None
        previous, scale = scale, 10**fit.mu
        shifted = average_blocks(post - np.float32(offset), pre, clean, side)
        scale_map = measure_scale_map(shifted, patches.origin, (0, 0))
        local = _local_scale(scale_map, patches.origin) if scale_map["varies"] else None
        if abs(scale / previous - 1) < CONVERGED:
            break
    return {
        "usable": usable,
        "background": background,
        "side": side,
        "map": scale_map,
        "offset": offset,
    }


def _block_size(post, pre, background, scale):
    level = scale * float(np.median(pre[background.clean]))
    scatter = np.sqrt(background.pixel_noise.variance(level, 0.0)) / max(level, 1e-12)
    left = {side: len(average_blocks(post, pre, background.clean, side)) for side in (4, 8, 16, 32)}
    return choose_block_size(scatter, left)


def _intercept(blocks, scale, offset):
    residual = blocks.post - scale * blocks.pre - offset
    variance = (1.4826 * np.median(np.abs(residual - np.median(residual)))) ** 2
    slope, intercept = fit_ridge(blocks.post, blocks.pre, share_noise(variance, scale))
    return intercept if np.isfinite(slope) else offset


def _local_scale(scale_map, origins):
    from exo2micro.scale_map import evaluate_scale_field

    field = fit_scale_field(scale_map)
    return evaluate_scale_field(field, origins[:, 1] + 64.0, origins[:, 0] + 64.0)


def _fit_ratio(post, pre):
    """Moffat fit of the log-ratio of block means, and its histogram."""
    good = (post > 0) & (pre > 0)
    ratio = np.log10(post[good] / pre[good])
    mode, sigma = find_mode(ratio)
    if not sigma > 0:
        sigma = max(float(ratio.std()), 1e-6)
    counts, edges = histogram_near_peak(ratio, mode, sigma)
    return fit_moffat(counts, edges, mode, sigma), counts, edges


def _measure(blocks, everything, background, dark):
    """Scale, its error and the two other looks at it."""
    fit, counts, edges = _fit_ratio(blocks.post, blocks.pre)
    if fit is None:
        return {}
    scale = 10**fit.mu
    residual = blocks.post - scale * blocks.pre
    variance = (1.4826 * np.median(np.abs(residual))) ** 2
    share = share_noise(variance, scale)

    def looks(part):
        moffat = _fit_ratio(part.post, part.pre)[0]
        mu = np.nan if moffat is None else 10**moffat.mu
        slope, intercept = fit_ridge(part.post, part.pre, share)
        return np.array([mu, np.median(part.post / part.pre), slope, intercept])

    here = looks(blocks)
    section = np.minimum(np.arange(len(blocks)) * SECTIONS // len(blocks), SECTIONS - 1)
    without = np.array([looks(blocks.take(section != i)) for i in range(SECTIONS)])
    error = np.sqrt((SECTIONS - 1) * np.nanvar(without, axis=0))
    statistical = max(error[0], scale * np.log(10) * fit.mu_error)
    dark_part = 0.0
    if dark["how"] == "outside" and dark["subtracted"]:
        dark_part = scale * np.hypot(
            dark["post_error"] / blocks.post.mean(), dark["pre_error"] / blocks.pre.mean()
        )
    all_ratio = np.log10(everything.post / everything.pre)
    dark.update(intercept=here[3], intercept_error=error[3])
    return {
        "scale_estimate": float(scale),
        "scale_error": float(np.hypot(statistical, dark_part)),
        "scale_error_parts": {"sections": error[0], "dark": dark_part},
        "goodness": fit.goodness,
        "moffat": fit.to_record(),
        "ratio_histogram": {
            "edges": edges,
            "counts": counts,
            "counts_all": np.histogram(all_ratio, edges)[0],
        },
        "ridge_slope": here[2],
        "ridge_slope_error": error[2],
        "median_ratio": here[1],
        "median_ratio_error": error[1],
    }


def _noise_record(background, scale):
    noise = background.pixel_noise
    # Two cameras of one gain: variance of the residual is level / gain * (1 + scale).
    gain = (1 + scale) / noise.per_level if scale and noise.per_level > 0 else None
    read = np.sqrt(noise.read_variance / (1 + scale**2)) if scale else None
    return {
        "pixel": noise.to_record(),
        "smooth": background.smooth_noise.to_record(),
        "gain": gain,
        "read_noise": read,
    }
