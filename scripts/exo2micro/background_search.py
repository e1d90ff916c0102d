"""Find background and scale together: each needs the other, so they are improved in turns."""

from dataclasses import dataclass

import numpy as np

from exo2micro.background import Background, find_background
from exo2micro.block_ratio import Blocks, average_blocks, choose_block_size
from exo2micro.moffat import find_mode
from exo2micro.patches import PATCH
from exo2micro.ridge import fit_ridge, share_noise
from exo2micro.sample_area import find_usable
from exo2micro.scale_fit import fit_log_ratio
from exo2micro.scale_map import evaluate_scale_field, fit_scale_field, measure_scale_map

ROUNDS = 6
CONVERGED = 2e-5  # relative change of the scale between rounds
START_BLOCK = 8
MIN_BLOCKS = 60


@dataclass
class Found:
    """Background, and what was learnt on the way.

    Attributes
    ----------
    background : Background
        Clean pixels and noise.
    usable : ndarray of bool
        Sample pixels that the background was sought in.
    blocks : Blocks
        Averages over clean pixels, without dark levels, with the intercept still in.
    offset : float
        Intercept of post on pre where no dark level could be measured, else 0.
    scale_map : dict
        Scale over the field.
    local : ndarray or None
        Scale at each patch, if it varies.
    scale : float
        Scale of the last round.
    """

    background: Background
    usable: np.ndarray
    blocks: Blocks
    offset: float
    scale_map: dict
    local: np.ndarray | None
    scale: float


def search_background(patches, post, pre, dark, saturation):
    """Alternate between background and scale until the scale stands still.

    Parameters
    ----------
    patches : Patches
        Sample of the pair.
    post, pre : ndarray of float32
        The same without dark levels.
    dark : dict
        ``post``, ``pre`` (levels taken off), ``noise`` (of a dark pixel, 0 if unknown), ``free``
        (no dark level is known: an intercept is to stand for it).
    saturation : sequence of float
        Full scale of post and pre, NaN where there is none.

    Returns
    -------
    Found or None
        None if too little of the sample is left at any step.
    """
    levels = dark["post"], dark["pre"], saturation
    usable = find_usable(patches, *levels, noise=dark["noise"])
    start = average_blocks(post, pre, usable, START_BLOCK)
    if len(start) < MIN_BLOCKS:
        return None
    scale = 10 ** find_mode(np.log10(start.post / start.pre))[0]
    usable = find_usable(patches, *levels, scale=scale, noise=dark["noise"])
    clean, offset, local = usable, 0.0, None
    for _ in range(ROUNDS):
        guess = scale if local is None else local
        background = find_background(post, pre, usable, clean, guess, offset)
        if background is None:
            return None
        clean = background.clean
        side = _block_size(post, pre, background, scale)
        blocks = average_blocks(post, pre, clean, side)
        if len(blocks) < MIN_BLOCKS:
            return None
        if dark["free"]:
            offset = _intercept(blocks, background.pixel_noise, scale)
        scale_map = measure_scale_map(blocks.shifted(offset), patches.origin)
        local = _scale_at_patches(scale_map, patches.origin)
        fit = fit_log_ratio(blocks.shifted(offset), local)[0]
        if fit is None:
            return None
        previous, scale = scale, 10**fit.mu
        if abs(scale / previous - 1) < CONVERGED:
            break
    return Found(background, usable, blocks, offset, scale_map, local, scale)


def _block_size(post, pre, background, scale):
    level = scale * float(np.median(pre[background.clean]))
    scatter = np.sqrt(background.pixel_noise.variance(level, 0.0)) / max(level, 1e-12)

    def count_blocks(side):
        return len(average_blocks(post, pre, background.clean, side))

    return choose_block_size(scatter, count_blocks)


def _intercept(blocks, noise, scale):
    share = share_noise(noise, blocks.post.mean(), scale, blocks.pixels.mean())
    intercept = fit_ridge(blocks.post, blocks.pre, share)[1]
    return intercept if np.isfinite(intercept) else 0.0


def _scale_at_patches(scale_map, origins):
    if not scale_map["varies"]:
        return None
    field = fit_scale_field(scale_map)
    half = PATCH / 2
    return evaluate_scale_field(field, origins[:, 1] + half, origins[:, 0] + half)
