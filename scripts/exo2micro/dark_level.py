"""A camera's dark level: the grey level of both images beside the sample.

Pixels beside the sample share one level in each image, differ by noise alone, and their noise in
one image knows nothing of that in the other. The last is what tells them from an evenly grained
sample that fills the frame.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from exo2micro.moffat import find_mode

BLOCK = 8  # px
MIN_BLOCKS = 60
LOW_QUANTILE = 0.002  # where the search for the lowest level starts
SELECT_SIGMA = 4.0
STAIN_SIGMA = 3.0
MAX_STAIN_VARIANCE = 2.0  # of the commonest block variance; 64 pixels of noise reach 1.6
# Blocks beside the sample scatter as their noise says (1.0); those of a dark tail of the mineral
# scatter by 2.3 within the selection.
MAX_SCATTER = 1.9
# Correlation of post and pre within blocks: 0.00-0.02 beside the sample, above 0.3 on any texture.
MAX_CORRELATION = 0.12
MIN_SAMPLE_PART = 0.02


@dataclass(frozen=True)
class DarkLevels:
    """Dark level of both images, raw grey levels.

    Attributes
    ----------
    post, pre : float
        Levels; NaN where they could not be measured.
    post_error, pre_error : float
        1 sigma.
    noise : float
        Standard deviation of a post pixel beside the sample, before its cut at zero.
    blocks : int
        Blocks beside the sample that were used.
    how : str
        'outside' (measured beside the sample) or 'none' (no such area).
    """

    post: float
    pre: float
    post_error: float
    pre_error: float
    noise: float
    blocks: int
    how: str


UNKNOWN = DarkLevels(np.nan, np.nan, np.nan, np.nan, np.nan, 0, "none")


def measure_dark_levels(post, pre, valid, whole_numbers):
    """Measure both dark levels beside the sample.

    Parameters
    ----------
    post, pre : ndarray of float32, shape (N, side, side)
        Patches, raw grey levels; side a multiple of 8.
    valid : ndarray of bool, same shape
        Covered and not saturated.
    whole_numbers : bool
        Pixels are unsigned integers: noise below zero was cut off, which is undone.

    Returns
    -------
    DarkLevels
        `UNKNOWN` where the sample fills the frame.
    """
    blocks, complete = _block_moments(post, pre, valid)
    levels = blocks["pre"][complete]
    if len(levels) < MIN_BLOCKS:
        return UNKNOWN
    floor = 1e-3 * float(np.quantile(levels, 0.95) - levels.min()) + 1e-12
    centre, sigma = _lowest_level(levels, np.sqrt(blocks["pre_variance"][complete]) / BLOCK, floor)
    near = complete & (np.abs(blocks["pre"] - centre) < SELECT_SIGMA * sigma)
    chosen = near & _surrounded(near)
    above = float(np.mean(levels > centre + 2 * SELECT_SIGMA * sigma))
    if chosen.sum() < MIN_BLOCKS or above < MIN_SAMPLE_PART:
        return UNKNOWN
    scatter = _robust_sigma(blocks["pre"][chosen])
    if scatter > MAX_SCATTER * sigma or _correlation(blocks, chosen) > MAX_CORRELATION:
        return UNKNOWN
    chosen = _without_stain(blocks["post"], blocks["post_variance"], chosen, floor)
    if chosen.sum() < MIN_BLOCKS:
        return UNKNOWN
    dark = [float(blocks[name][chosen].mean()) for name in ("post", "pre")]
    error = [_section_error(blocks[name], chosen) for name in ("post", "pre")]
    variance = [float(blocks[f"{name}_variance"][chosen].mean()) for name in ("post", "pre")]
    noise = np.sqrt(variance)
    if whole_numbers:
        noise = [_unclipped_noise(*moments) for moments in zip(dark, variance, strict=True)]
        dark = [_unclipped_mean(*moments) for moments in zip(dark, noise, strict=True)]
    return DarkLevels(*dark, *error, float(noise[0]), int(chosen.sum()), "outside")


def _without_stain(level, variance, chosen, floor):
    """Blocks whose post level is the commonest, and as quiet as most: no microbe lies in them."""
    mode, left = find_mode(level[chosen])
    quiet = max(find_mode(variance[chosen])[0], 0.0)
    spread = max(min(left, 3 * np.sqrt(quiet) / BLOCK), np.sqrt(quiet) / BLOCK, floor)
    inside = chosen & (np.abs(level - mode) < STAIN_SIGMA * spread)
    return inside & (variance < MAX_STAIN_VARIANCE * quiet + floor**2)


def _block_moments(post, pre, valid):
    def split(stack):
        count, side = stack.shape[0], stack.shape[1] // BLOCK
        return stack.reshape(count, side, BLOCK, side, BLOCK)

    post, pre = split(post), split(pre)
    axes = (2, 4)
    means = {"post": post.mean(axes, dtype=np.float64), "pre": pre.mean(axes, dtype=np.float64)}
    rest_post = post - means["post"][:, :, None, :, None].astype(np.float32)
    rest_pre = pre - means["pre"][:, :, None, :, None].astype(np.float32)
    unbiased = BLOCK**2 / (BLOCK**2 - 1)
    means["post_variance"] = unbiased * (rest_post**2).mean(axes)
    means["pre_variance"] = unbiased * (rest_pre**2).mean(axes)
    means["covariance"] = unbiased * (rest_post * rest_pre).mean(axes)
    return means, split(valid).all(axes)


def _lowest_level(levels, noise, floor):
    """Centre of the lowest cluster of block levels and the scatter that noise gives it."""
    start = np.quantile(levels, LOW_QUANTILE)
    sigma = max(float(np.median(noise[levels <= start])), floor)
    centre = start
    for _ in range(50):
        near = np.abs(levels - centre) < SELECT_SIGMA * sigma
        previous, centre = centre, float(np.median(levels[near]))
        sigma = max(float(np.median(noise[near])), floor)
        if abs(centre - previous) < 0.01 * sigma:
            break
    return centre, sigma


def _surrounded(mask):
    """Blocks whose eight neighbours in the patch are chosen too; beyond the rim, as at it."""
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = mask.shape[1:]
    inside = np.ones_like(mask)
    for dy in range(3):
        for dx in range(3):
            inside &= padded[:, dy : dy + height, dx : dx + width]
    return inside


def _correlation(blocks, chosen):
    power = blocks["post_variance"][chosen].mean() * blocks["pre_variance"][chosen].mean()
    return blocks["covariance"][chosen].mean() / np.sqrt(power) if power > 0 else 0.0


def _robust_sigma(values):
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _section_error(values, chosen):
    """Error of the mean from the scatter between up to 20 runs of patches."""
    runs = np.array_split(np.flatnonzero(chosen.any(axis=(1, 2))), 20)
    means = [values[run][chosen[run]].mean() for run in runs if len(run)]
    if len(means) < 2:
        return float(values[chosen].std() / np.sqrt(chosen.sum()))
    return float(np.std(means, ddof=1) / np.sqrt(len(means)))


def _clipped_moments(mean, sigma):
    """Mean and variance of a Gaussian that is rounded and cut off at zero."""
    levels = np.arange(0, max(int(np.ceil(mean + 8 * sigma)), 2) + 1)
    upper = ndtr((levels + 0.5 - mean) / sigma)
    weight = np.diff(upper, prepend=0.0)
    expected = float((weight * levels).sum())
    return expected, float((weight * (levels - expected) ** 2).sum())


def _unclipped_noise(mean, variance):
    """Noise before the cut at zero; both moments are matched by a few fixed-point steps."""
    sigma = max(np.sqrt(variance), 0.05)
    if mean > 5 * sigma or variance == 0:
        return sigma
    for _ in range(40):
        _, found = _clipped_moments(_unclipped_mean(mean, sigma), sigma)
        sigma *= float(np.clip(np.sqrt(variance / max(found, 1e-12)), 0.8, 1.25))
    return sigma


def _unclipped_mean(mean, sigma):
    """Mean before the cut at zero that gives this mean after it."""
    if mean > 5 * sigma or mean <= 1e-4:
        return mean
    low = -6 * sigma
    if _clipped_moments(low, sigma)[0] >= mean:
        return low
    return float(brentq(lambda level: _clipped_moments(level, sigma)[0] - mean, low, mean + 1))
