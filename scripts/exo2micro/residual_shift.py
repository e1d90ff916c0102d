"""What is left of misregistration on the whole: one small shift between post and the aligned pre.

Where the aligned image lies beside the post image by a fraction of a pixel, the residual is that
shift times the slope of the mineral, dark on one side of every grain and bright on the other. It is
known, so it is taken off before the matched filter; only what varies about it is noise. (Over real
mineral misregistered by 0.3 px, with a tenth of it covered by microbes, the significance's average
precision rises from 0.78 and 0.77 to 0.91; that of the plain difference is 0.78 and 0.76.)
"""

import cv2
import numpy as np

from exo2micro.noise import smooth_finely

COVERED_RIM = 3  # px from the end of what is covered, slopes are not known
ROUNDS = 4
FIRST_CLIP, CLIP = 4.0, 3.0  # sigma; microbes and badly aligned grains have no say
MIN_PIXELS = 1000
MAX_SHIFT = 2.0  # px; beyond, a slope does not tell what the mineral does


def measure_slopes(mineral, fine=None):
    """Slope of the mineral along x and along y.

    Parameters
    ----------
    mineral : ndarray of float32, shape (height, width)
        Aligned pre image without its dark level, times the scale.
    fine : ndarray of float32, same shape, optional
        What `noise.smooth_finely` makes of it, where that is known.

    Returns
    -------
    across, down : ndarray of float32
        Grey levels / px.
    """
    smooth = smooth_finely(mineral) if fine is None else fine
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    return across, down


def measure_shift(residual, across, down, sigma):
    """Shift that explains most of the residuals.

    Parameters
    ----------
    residual, across, down : ndarray, shape (N,)
        Post minus scaled pre, and the mineral's slopes, at sample pixels.
    sigma : ndarray, shape (N,)
        Standard deviation of each residual.

    Returns
    -------
    tuple of float
        ``(dx, dy)``, px: post shows at (x, y) what the aligned pre image shows at (x + dx, y + dy).
        (0, 0) if there are too few pixels, or if no small shift explains them.
    """
    if len(residual) < MIN_PIXELS:
        return 0.0, 0.0
    target = residual / sigma
    slopes = np.stack([across, down], axis=1) / sigma[:, None]
    keep = np.abs(target) < FIRST_CLIP
    for _ in range(ROUNDS):
        shift, *_ = np.linalg.lstsq(slopes[keep], target[keep], rcond=None)
        rest = np.abs(target - slopes @ shift)
        keep = rest < CLIP * 1.4826 * max(float(np.median(rest)), 1e-6)
        if keep.sum() < MIN_PIXELS:
            return 0.0, 0.0
    if np.hypot(*shift) > MAX_SHIFT:
        return 0.0, 0.0
    return float(shift[0]), float(shift[1])


def take_shift_off(difference, mineral, covered, shift, fine=None):
    """Difference without what a shift makes of the mineral's slopes.

    Parameters
    ----------
    difference, mineral : ndarray of float32, shape (height, width)
        Post minus scaled pre, and the scaled pre without its dark level.
    covered : ndarray of bool, same shape
        Where both images show something; near its end nothing is taken off.
    shift : tuple of float
        From `measure_shift`.
    fine : ndarray of float32, optional
        See `measure_slopes`.

    Returns
    -------
    ndarray of float32
    """
    if shift == (0.0, 0.0):
        return difference
    across, down = measure_slopes(mineral, fine)
    across *= np.float32(shift[0])
    down *= np.float32(shift[1])
    across += down
    if not covered.all():
        side = 2 * COVERED_RIM + 1
        across *= cv2.erode(covered.view(np.uint8), np.ones((side, side), np.uint8))
    return np.subtract(difference, across, out=across)
