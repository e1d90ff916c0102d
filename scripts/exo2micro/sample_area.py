"""Where the photometry may look: sample pixels with enough light, unsaturated, off the rim."""

import cv2
import numpy as np

from exo2micro.background import MARGIN, dilate, erode
from exo2micro.pair_statistics import saturated

SMOOTHING = 4.0  # px
MIN_LEVEL_PART = 0.35  # of the sample's typical level: darker mineral tells little, noise a lot
CUT_OFF_NOISE = 6.0  # a level of so many dark sigma has its shot noise clear of zero
NEAR_SATURATION = 0.85  # of full scale: above, noise is cut off on one side
RIM = 8  # px taken off along the sample's edge
SATURATION_RIM = 3


def find_saturation(patches, saturation):
    """Saturated pixels of the patches, in either image, bool like the patches."""
    post, pre = saturated(patches.post, patches.pre, saturation)
    return post | pre


def find_usable(patches, dark_post, dark_pre, saturation, scale=None, noise=0.0):
    """Sample pixels that can tell the scale.

    All decisions rest on the smoothed pre image, so that neither microbes nor a pixel's own noise
    decide whether it counts.

    Parameters
    ----------
    patches : Patches
        Sample of the pair.
    dark_post, dark_pre : float
        Dark levels, raw grey levels.
    saturation : sequence of float
        Full scale of post and pre; NaN where there is none.
    scale : float, optional
        Scale as known so far: mineral that is to saturate in post by it is left out.
    noise : float
        Noise of a dark pixel of an image of unsigned integers: mineral so dark that its noise
        is cut off at zero is left out, unless that leaves nothing.

    Returns
    -------
    ndarray of bool, like ``patches.post``
    """
    mineral = np.stack([cv2.GaussianBlur(image, (0, 0), SMOOTHING) for image in patches.pre])
    mineral -= np.float32(dark_pre)
    bright = find_saturation(patches, saturation)
    bright |= mineral + dark_pre > _limit(saturation[1])
    if scale is not None:
        bright |= scale * mineral + dark_post > _limit(saturation[0])
    typical = typical_level(mineral, patches.coverage)
    cut_off = CUT_OFF_NOISE * noise - min(dark_pre, dark_post)
    least = max(MIN_LEVEL_PART * typical, min(cut_off, 0.8 * typical))
    lit = patches.coverage & (mineral > least)
    usable = np.zeros_like(lit)
    inner = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    for index in range(len(lit)):
        part = erode(lit[index], RIM) & ~dilate(bright[index], SATURATION_RIM).astype(bool)
        usable[index][inner] = part[inner]
    return usable


def typical_level(mineral, coverage):
    """Median level of what is clearly above nothing."""
    levels = mineral[:, ::4, ::4][coverage[:, ::4, ::4]]
    if len(levels) == 0:
        return 0.0
    clear = levels[levels > 0.3 * np.quantile(levels, 0.9)]
    return float(np.median(clear)) if len(clear) else 0.0


def _limit(full_scale):
    return NEAR_SATURATION * full_scale if np.isfinite(full_scale) else np.inf
