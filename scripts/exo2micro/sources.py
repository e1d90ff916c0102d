"""Sources of a significance image as labelled segments, touching ones taken apart by `sep`.

`sep` is the core of Source Extractor (Bertin & Arnouts 1996; Barbary 2016): connected pixels above
a threshold, taken apart along a tree of higher thresholds. It looks at the difference behind a
Laplacian of a Gaussian rather than at the significance itself, whose filter has run neighbours
together: there a source is what curves down, and two that touch are two long before there is a
valley between them.
"""

from functools import cache

import cv2
import numpy as np
import sep
from scipy.spatial import cKDTree

from exo2micro.discs import reach_of_disc
from exo2micro.noise import FWHM_PER_SIGMA
from exo2micro.pixel_mask import BLIND, UNCOVERED

FOOT = 0.6  # of the threshold: pixels of a source have at least so much significance
HALF = 0.5
# Over 24 pairs of 1 Mpx (0.5 to 5 % cover, in clusters or not, widths of 2.4 to 9 px, rods, cocci,
# 4 photons a level): recall of lone microbes, lone ones counted twice, count at 5 % without and
# with clusters against microbes of 5 sigma. At half the filter's width 99 %, 14 %, +16 %, -5 %; at
# 0.65 of it 99 %, 6 %, +2 %, -16 %; at 0.8 as here 99 %, 2 %, -4 %, -22 %; at 0.8 with a contrast
# of 0.2 99 %, 0.3 %, -9 %, -29 %; in the significance image itself 97 %, 0 %, -14 %, -39 %.
CURVATURE_FILTER = 0.8  # of the matched filter's width
CURVED = 2.5  # sigma
SURELY_CURVED = (
    4.5  # sigma; of a second source in a region: few photons double 5 % of lone ones, not 8
)
# What does not curve enough beside a brighter neighbour is a source if it is a maximum of the score
# and the score falls by so much on the way to those around it.
VALLEY = 2.0  # sigma
NEIGHBOURS = 4
CONTRAST = 0.05  # of a blend's light that a branch must have to be a source
LEVELS = 16
LEAST_PIXELS = 3
GROWTH = 1.0  # filter widths around an outline (not into a neighbour) that hold a source's light
# Room that sep takes beforehand: branches of one blend (1024 by default, of which a window full of
# stain has more), and pixels beside those above the threshold.
sep.set_sub_object_limit(8192)
PIXELS_TO_SPARE = 10_000


def find_sources(tile, threshold, fwhm):
    """Label the sources whose peak is above a threshold.

    Parameters
    ----------
    tile : SignificanceTile
        Significance of a window.
    threshold : float
        Least score of a peak, standard deviations.
    fwhm : float
        Width of the matched filter, px.

    Returns
    -------
    labels : ndarray of int32, shape (height, width)
        0 for background, sources from 1 without gaps; outlines at half of each one's maximum.
    wide : ndarray of int32, same shape
        The same with the pixels around that hold the rest of each source's light.
    peaks : ndarray of int, shape (N, 2)
        (row, column) of the highest score of each source.
    """
    if not (tile.score > threshold).any():
        empty = np.zeros(tile.score.shape, dtype=np.int32)
        return empty, empty, np.zeros((0, 2), dtype=int)
    cores = _find_cores(tile, threshold, fwhm)
    peaks = peak_positions(tile.score, cores)
    keep = tile.score[peaks[:, 0], peaks[:, 1]] > threshold
    _keep_labels(cores, keep)
    labels = _draw_outlines(cores, peaks[keep], tile.outline, fwhm)
    return labels, grow_labels(labels, max(1, round(GROWTH * fwhm))), peaks[keep]


def curvature_significance(difference, sigma, good, fwhm):
    """How much the difference curves down, over its noise.

    Parameters
    ----------
    difference, sigma : ndarray of float32
        Difference and the standard deviation of its pixels.
    good : ndarray of bool
        Pixels that tell something.
    fwhm : float
        Width of the Gaussian, px.

    Returns
    -------
    ndarray of float32
        Standard deviations, were the noise of neighbouring pixels independent.
    """
    width = fwhm / FWHM_PER_SIGMA
    known = difference if good.all() else np.where(good, difference, np.float32(0))
    curved = _curve(known, width)
    return np.divide(curved, sigma * _noise_gain(width), out=curved)


@cache
def _noise_gain(width):
    """Standard deviation behind the curvature filter of noise that has 1 before it; float32."""
    impulse = np.zeros((65, 65), dtype=np.float32)
    impulse[32, 32] = 1
    return np.float32(np.sqrt((_curve(impulse, width) ** 2).sum()))


def peak_positions(image, labels):
    """(row, column) of the highest pixel of each label from 1 on."""
    pixels = np.flatnonzero(labels != 0)
    label, value = labels.ravel()[pixels], image.ravel()[pixels]
    highest = np.full(label.max(initial=0) + 1, -np.inf, dtype=image.dtype)
    np.maximum.at(highest, label, value)
    # Of equal ones the first: what is written last stays.
    tops = np.flatnonzero(value == highest[label])[::-1]
    place = np.full(len(highest), -1)
    place[label[tops]] = pixels[tops]
    return np.stack(np.divmod(place[place >= 0], labels.shape[1]), axis=1)


def grow_labels(labels, radius):
    """Labels grown pixel by pixel into what has none, up to a radius (octagonal, px)."""
    # OpenCV has no dilation of int32; float32 counts to 16 million, uint16 takes half the time.
    few = labels.max(initial=0) <= np.iinfo(np.uint16).max
    grown = labels.astype(np.uint16 if few else np.float32)
    for step in range(radius):
        shape = cv2.MORPH_CROSS if step % 2 else cv2.MORPH_RECT
        larger = cv2.dilate(grown, cv2.getStructuringElement(shape, (3, 3)))
        cv2.copyTo(grown, (grown > 0).view(np.uint8), larger)
        grown = larger
    return grown.astype(np.int32)


def _curve(image, width):
    return cv2.Laplacian(cv2.GaussianBlur(image, (0, 0), width), cv2.CV_32F, ksize=1, scale=-1)


def _find_cores(tile, threshold, fwhm):
    """Label where each source curves down."""
    good = (tile.mask & (UNCOVERED | BLIND)) == 0
    curved = curvature_significance(tile.residual, tile.sigma, good, CURVATURE_FILTER * fwhm)
    curved *= tile.score > FOOT * threshold
    sep.set_extract_pixstack(np.count_nonzero(curved > CURVED) + PIXELS_TO_SPARE)
    found, cores = sep.extract(
        curved,
        CURVED,
        minarea=LEAST_PIXELS,
        filter_kernel=None,
        deblend_nthresh=LEVELS,
        deblend_cont=CONTRAST,
        clean=False,
        segmentation_map=True,
    )
    above = tile.score > threshold
    count, regions = cv2.connectedComponents(above.view(np.uint8), connectivity=4)
    _drop_weak(cores, found, regions, count)
    # What is too wide or too jagged to curve as a whole is a source all the same.
    inside = np.flatnonzero(above)
    region, core = regions.ravel()[inside], cores.ravel()[inside]
    coreless = np.ones(count, dtype=bool)
    coreless[region[core != 0]] = False
    if coreless[1:].any():
        alone = coreless[region]
        coreless[0] = False
        core[alone] = cores.max() + np.cumsum(coreless)[region[alone]]
        cores.ravel()[inside] = core
    return _add_maxima(cores, tile.score, regions, inside[core == 0], fwhm)


def _add_maxima(cores, score, regions, coreless, fwhm):
    """Give maxima that lie in another source's region, but apart, cores of their own.

    `coreless` are the pixels (of the flat image) that lie in a region and in no core.
    """
    maxima = _maxima_within(score, coreless, max(1, round(fwhm)))
    if len(maxima) == 0:
        return cores
    peaks = peak_positions(score, cores)
    count = len(peaks)
    _, nearest = cKDTree(peaks).query(maxima, k=NEIGHBOURS)
    for place, beside in zip(map(tuple, maxima), nearest, strict=True):
        others = [tuple(peaks[i]) for i in beside if i < len(peaks)]
        others = [other for other in others if regions[other] == regions[place]]
        if all(valley_depth(score, place, other) > VALLEY for other in others):
            row, column = place
            count += 1
            spot = cores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            spot[spot == 0] = count
    return cores


def _maxima_within(image, pixels, radius):
    """(row, column) of those pixels of the flat image that nothing within a disc rises above."""
    height, width = image.shape
    # Most are below one of their four neighbours.
    around = cv2.dilate(image, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    pixels = pixels[image.ravel()[pixels] >= around.ravel()[pixels]]
    value = image.ravel()[pixels]
    row, column = np.divmod(pixels, width)
    # Nearest first: next to no pixel is still in doubt after a few.
    for down, right in zip(*reach_of_disc(radius), strict=True):
        beside = image[np.clip(row + down, 0, height - 1), np.clip(column + right, 0, width - 1)]
        keep = np.flatnonzero(value >= beside)
        row, column, value = row[keep], column[keep], value[keep]
    return np.stack([row, column], axis=1)


def _drop_weak(cores, found, regions, count):
    """Leave out cores that noise may have made of another's: weak ones that share its region."""
    row, column, peak = found["ycpeak"], found["xcpeak"], found["cpeak"]
    region = regions[row, column]
    highest = np.zeros(count, dtype=peak.dtype)
    np.maximum.at(highest, region, peak)
    keep = (region > 0) & ((peak >= SURELY_CURVED) | (peak == highest[region]))
    _keep_labels(cores, keep)


def valley_depth(image, start, end):
    """How far an image falls on the straight way between two places, below the lower of them.

    Parameters
    ----------
    image : ndarray, shape (height, width)
    start, end : tuple of int
        (row, column).

    Returns
    -------
    float
        In units of the image; 0 if it nowhere falls below.

    Examples
    --------
    >>> valley_depth(np.array([[5.0, 3.0, 1.0, 4.0]]), (0, 0), (0, 3))
    3.0
    """
    steps = 1 + max(abs(int(end[0]) - int(start[0])), abs(int(end[1]) - int(start[1])))
    way = (np.rint(np.linspace(*ends, steps)).astype(int) for ends in zip(start, end, strict=True))
    return float(min(image[start], image[end]) - image[tuple(way)].min())


def _keep_labels(labels, keep):
    """Number the labels that are kept anew, in place; `keep` is a flag for each from 1 on."""
    if keep.all():
        return
    number = np.concatenate([[0], np.where(keep, np.cumsum(keep), 0)]).astype(labels.dtype)
    pixels = np.flatnonzero(labels != 0)
    labels.ravel()[pixels] = number[labels.ravel()[pixels]]


def _draw_outlines(cores, peaks, outline, fwhm):
    """Give each source the pixels around its core that are above half of its maximum."""
    inside = np.flatnonzero(cores != 0)
    highest = np.zeros(len(peaks) + 1, dtype=np.float32)
    np.maximum.at(highest, cores.ravel()[inside], outline.ravel()[inside])
    labels = grow_labels(cores, max(1, round(fwhm)))
    around = np.flatnonzero(labels != 0)
    label = labels.ravel()[around]
    level, top = outline.ravel()[around], highest[label]
    beside = (level < HALF * top) | (level > top)
    beside &= around != (peaks[:, 0] * cores.shape[1] + peaks[:, 1])[label - 1]
    labels.ravel()[around[beside]] = 0
    return labels
