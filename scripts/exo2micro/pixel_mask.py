"""Which pixels of the aligned pair can show a microbe, as the bits of the mask image."""

import numpy as np

from exo2micro.background import dilate
from exo2micro.pair_statistics import saturated

UNCOVERED, SATURATED_POST, SATURATED_PRE, BLIND = 1, 2, 4, 8
SATURATION_RIM = 2
# Where the mineral itself, with so many sigma of its noise, may reach full scale, a saturated pixel
# says nothing of a microbe.
MINERAL_SIGMA = 3.0


def mask_pixels(photometry, post, pre, coverage, mineral, sigma):
    """Bits of the mask.

    Parameters
    ----------
    photometry : Photometry
        Of it the full scale of both images and post's dark level.
    post : ndarray, shape (height, width)
        Padded post.
    pre : ndarray of float32, same shape
        Aligned pre.
    coverage : ndarray of bool, same shape
        Both images show something.
    mineral, sigma : ndarray of float32, same shape
        Scaled mineral, and the standard deviation of a difference pixel, grey levels.

    Returns
    -------
    ndarray of uint8
        1 not covered, 2 post saturated, 4 pre saturated, 8 blind.
    """
    mask = (~coverage).view(np.uint8) * np.uint8(UNCOVERED)
    bright_post, bright_pre = saturated(post, pre, photometry.saturation)
    if (bright_pre & coverage).any():
        grown = dilate(bright_pre & coverage, SATURATION_RIM)
        mask |= grown * np.uint8(SATURATED_PRE | BLIND)
    if (bright_post & coverage).any():
        mask |= (bright_post & coverage).view(np.uint8) * np.uint8(SATURATED_POST)
        brightest = mineral + np.float32(MINERAL_SIGMA) * sigma
        own = brightest > photometry.saturation[0] - photometry.dark_post
        near = dilate(bright_post, SATURATION_RIM)
        mask |= own.view(np.uint8) * near * np.uint8(BLIND)
    return mask
