"""Whether a photometric scale can be trusted, and if not, why."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

MIN_BLOCKS = 200
MAX_WIDTH = 0.12  # dex; a background whose ratio scatters by more is no background
MAX_STAINED = 0.6
MIN_BACKGROUND = 0.01
DISAGREEMENT_SIGMA = 4.0
DISAGREEMENT_PART = 0.005
MAX_GOODNESS = 5.0  # chi2 per degree of freedom, plus a part of the blocks: no profile is exact
GOODNESS_PER_BLOCK = 0.002
MAX_PEAK_SHIFT = 0.3  # of the whole sample's commonest ratio from the background's
MAX_DISAGREEMENT = 0.05  # of median and Moffat: beyond, there is no single peak
MAX_ERROR = 0.05  # relative; beyond, a difference image shows mineral
NOTABLE_ERROR = 0.02
MAX_ROUGHNESS = 0.06  # of the scale's map about a smooth surface; uneven light leaves 0.01
PEAK_BLOCK = 16
PEAK_SMOOTHING = 4  # bins of a quarter of the core's width
MIN_PEAK_WIDTH = 2e-3
SECOND_PEAK_PART = 0.06  # of the highest peak
SECOND_PEAK_SIGMA = 6.0


def locate_ratio_peaks(post, pre, usable, scale, local=None):
    """Find the peaks of the ratio over the whole sample, stained or not.

    Blocks of 16 px take the median of their pixels' residuals, so that microbes on fewer than
    half of them have little say; a second mineral does.

    Parameters
    ----------
    post, pre : ndarray of float32, shape (N, side, side)
        Patches without dark levels and intercept.
    usable : ndarray of bool
        Sample pixels.
    scale : float
        Photometric scale.
    local : ndarray, shape (N,), optional
        Scale at each patch, if it varies: peaks are sought about it.

    Returns
    -------
    dict
        ``position`` (ratio) and ``height`` (part of the highest) of each peak, highest first.
    """
    count, size = post.shape[0], post.shape[1] // PEAK_BLOCK
    there = np.full(count, scale) if local is None else local

    def split(stack):
        parts = stack.reshape(count, size, PEAK_BLOCK, size, PEAK_BLOCK)
        return parts.transpose(0, 1, 3, 2, 4).reshape(-1, PEAK_BLOCK**2)

    whole = split(usable).all(axis=1)
    if whole.sum() < MIN_BLOCKS:
        return {"position": [float(scale)], "height": [1.0]}
    level = there.astype(np.float32)[:, None, None] * pre
    residual = np.median(split(post - level)[whole], axis=1)
    relative = residual / split(level)[whole].mean(axis=1)
    sigma = _core_width(relative)
    edges = np.arange(-0.95, 3.0, sigma / 4)
    counts = np.histogram(relative, edges)[0].astype(float)
    smooth = gaussian_filter1d(counts, PEAK_SMOOTHING)
    noise = np.sqrt(smooth / (2 * np.sqrt(np.pi) * PEAK_SMOOTHING)) + 0.05
    middle = (edges[1:] + edges[:-1]) / 2
    peaks = _significant_peaks(smooth, noise)
    return {
        "position": [float(scale * (1 + middle[i])) for i in peaks],
        "height": [float(smooth[i] / smooth.max()) for i in peaks],
    }


def _core_width(values):
    """Sigma of the narrowest quarter of a sample, as if it were the core of a Gaussian."""
    ordered = np.sort(values)
    quarter = len(ordered) // 4
    width = float((ordered[quarter:] - ordered[:-quarter]).min())
    return max(width / (2 * 0.3186), MIN_PEAK_WIDTH)


def _significant_peaks(smooth, noise):
    """Maxima that stand above the valleys to every higher one."""
    inner = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])
    candidates = sorted(np.flatnonzero(inner) + 1, key=lambda i: -smooth[i])
    found = []
    for index in candidates:
        if smooth[index] < SECOND_PEAK_PART * smooth.max():
            break
        valleys = [smooth[min(index, peak) : max(index, peak) + 1].min() for peak in found]
        valley = max(valleys, default=0.0)
        clear = smooth[index] - valley > SECOND_PEAK_SIGMA * noise[index]
        if not found or (clear and valley < 0.6 * smooth[index]):
            found.append(index)
    return found


def judge_scale(record):
    """Status and reasons for a scale record.

    Parameters
    ----------
    record : dict
        From `exo2micro.scale.estimate_scale`, complete or as far as it came.

    Returns
    -------
    dict
        ``status`` ('ok', 'warn', 'fail') and ``reasons`` (list of str).
    """
    failures = _failures(record)
    warnings = [] if failures else _warnings(record)
    status = "fail" if failures else "warn" if warnings else "ok"
    return {"status": status, "reasons": failures + warnings}


def _failures(record):
    if record["scale_estimate"] is None:
        return [
            "No photometric scale: too few pixels show the sample in both images, free of "
            "stain and with enough light. Check alignment and exposure, or set manual_scale."
        ]
    found = []
    if record["blocks"] < MIN_BLOCKS:
        found.append(
            f"Only {record['blocks']} blocks of {record['block_px']} px show mineral alone "
            f"(at least {MIN_BLOCKS} are needed)."
        )
    if record["stained_fraction"] > MAX_STAINED:
        found.append(
            f"{record['stained_fraction']:.0%} of the sample is brighter than the pre-stain image "
            "explains: mostly stain, so that there is no background to compare. Set manual_scale."
        )
    elif record["background_fraction"] < MIN_BACKGROUND:
        found.append(
            f"Only {record['background_fraction']:.1%} of the sample is free of stain or of "
            "differences between the images."
        )
    if record["scale_error"] > MAX_ERROR * record["scale_estimate"]:
        found.append(
            f"The scale is known to no better than {record['scale_error']:.2g} (it is "
            f"{record['scale_estimate']:.3g}): too few pixels of mineral, or too little light."
        )
    if record["scale_map"]["roughness"] > MAX_ROUGHNESS:
        found.append(
            f"The scale changes abruptly over the sample, from {record['scale_map']['p05']:.3f} to "
            f"{record['scale_map']['p95']:.3f}: minerals that changed by different factors. One "
            "scale cannot hold for all; set manual_scale."
        )
    moffat = record["moffat"]
    width = abs(moffat["alpha"]) * np.sqrt(2 ** (1 / moffat["beta"]) - 1)
    if width > MAX_WIDTH:
        found.append(
            f"The ratio of post to pre has no peak: it scatters by a factor of {10**width:.2f} "
            "(half width) over the background. Are the images aligned, and of the same sample?"
        )
    if record["goodness"] > MAX_GOODNESS + GOODNESS_PER_BLOCK * record["blocks"]:
        found.append(
            f"The distribution of the background's ratio is not one peak (chi2 per degree of "
            f"freedom {record['goodness']:.0f})."
        )
    if abs(record["median_ratio"] / record["scale_estimate"] - 1) > MAX_DISAGREEMENT:
        found.append(
            f"The background's ratio has no single peak: its median is "
            f"{record['median_ratio']:.3g}, the peak fit says {record['scale_estimate']:.3g}."
        )
    peaks = record["ratio_peaks"]["position"]
    if peaks and abs(peaks[0] / record["scale_estimate"] - 1) > MAX_PEAK_SHIFT:
        found.append(
            f"Most of the sample has a ratio of {peaks[0]:.3g}, what looks like background one of "
            f"{record['scale_estimate']:.3g}: mostly stain. Set manual_scale."
        )
    elif len(peaks) > 1:
        text = ", ".join(f"{peak:.3g}" for peak in sorted(peaks))
        found.append(
            f"The ratio of post to pre has several peaks ({text}): minerals that changed by "
            "different factors. One scale cannot hold for all; set manual_scale."
        )
    return found


def _warnings(record):
    found = []
    scale, error = record["scale_estimate"], record["scale_error"]
    for name, label in (("ridge_slope", "slope of the ridge"), ("median_ratio", "median ratio")):
        other, other_error = record[name], record[f"{name}_error"]
        if other is None or not np.isfinite(other):
            continue
        limit = max(DISAGREEMENT_SIGMA * np.hypot(error, other_error), DISAGREEMENT_PART * scale)
        if abs(other - scale) > limit:
            found.append(
                f"The {label} says {other:.4f} +/- {other_error:.4f}, the Moffat fit "
                f"{scale:.4f} +/- {error:.4f}."
            )
    if error > NOTABLE_ERROR * scale:
        found.append(f"The scale is known to {error / scale:.1%} only.")
    scale_map = record["scale_map"]
    if scale_map["varies"] and record["scale_model"] == "constant":
        found.append(
            f"The scale varies over the sample from {scale_map['p05']:.3f} to "
            f"{scale_map['p95']:.3f} (5th to 95th percentile of the map); candidates follow "
            "it, the difference image does not: consider scale_model: smooth."
        )
    return found
