"""Sources of a significance image as labelled segments, touching ones taken apart.

Two peaks of one segment are two sources if the saddle between them lies lower than the lower peak
by more than noise and a source's own structure make it: `DIP` sigma plus `DIP_PART` of the peak.
"""

import heapq
import math

import cv2
import numpy as np
from scipy import ndimage

MIN_PIXELS = 4
DIP = 2.0
DIP_PART = 0.05
OUTSIDE = -1e3


def find_segments(image, threshold):
    """Label connected pixels above a threshold, one label a source.

    Parameters
    ----------
    image : ndarray of float32, shape (height, width)
        Significance.
    threshold : float
        Least significance of a pixel.

    Returns
    -------
    labels : ndarray of int32, shape (height, width)
        0 for background, sources from 1 without gaps.
    count : int
        Number of sources.
    """
    above = (image > threshold).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= MIN_PIXELS
    keep[0] = False
    labels = np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels]
    return _split(image, labels, int(keep.sum()))


def _split(image, labels, count):
    """Give each source of a segment its own label."""
    if not count:
        return labels, 0
    markers, number = ndimage.label(find_peaks(image, labels > 0), np.ones((3, 3)))
    owner = np.zeros(number + 1, dtype=np.int32)
    owner[markers.ravel()] = labels.ravel()
    owner[0] = 0
    sources = np.bincount(owner[1:], minlength=count + 1)
    places = ndimage.find_objects(labels)
    for label in np.flatnonzero(sources > 1):
        part = places[label - 1]
        inside = labels[part] == label
        heights = np.where(inside, image[part], -np.inf)
        parts = _watershed(heights, np.where(inside, markers[part], 0))
        sizes = np.bincount(parts.ravel())
        big = [k for k in np.flatnonzero(sizes) if k and sizes[k] >= MIN_PIXELS]
        for extra in big[1:]:
            count += 1
            labels[part][parts == extra] = count
    return labels, count


def find_peaks(image, inside):
    """Local maxima that stand out from the saddles to higher ones.

    Parameters
    ----------
    image : ndarray of float32
        Significance, positive inside.
    inside : ndarray of bool
        Segments.

    Returns
    -------
    ndarray of bool
        The highest pixels of each source.
    """
    # On this axis the demanded dip is one everywhere.
    height = np.log1p(np.maximum(image, 0) * (DIP_PART / DIP)) / DIP_PART
    height = np.where(inside, height, OUTSIDE).astype(np.float32)
    flooded = height - 1
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    while True:
        grown = np.minimum(cv2.dilate(flooded, cross), height)
        if np.array_equal(grown, flooded):
            break
        flooded = grown
    return inside & (height - flooded > 1 - 1e-3)


def _watershed(image, markers):
    """Divide a segment among its markers along the valleys between them.

    Flooded from the markers down: of all pixels that touch a source, the highest is taken next.

    Parameters
    ----------
    image : ndarray of float32
        Significance, minus infinity beside the segment.
    markers : ndarray of int32
        Source of its highest pixels, 0 elsewhere.

    Returns
    -------
    ndarray of int32
        Source of each pixel, 0 beside the segment.
    """
    # A rim of what is never taken spares the neighbours the question whether they exist.
    heights = np.pad(image, 1, constant_values=-np.inf)
    width = heights.shape[1]
    heights = heights.ravel().tolist()
    owner = np.pad(markers, 1).ravel().tolist()
    queue = [(-heights[pixel], pixel) for pixel, source in enumerate(owner) if source]
    heapq.heapify(queue)
    while queue:
        _, pixel = heapq.heappop(queue)
        for other in (pixel - 1, pixel + 1, pixel - width, pixel + width):
            if owner[other] == 0 and heights[other] > -math.inf:
                owner[other] = owner[pixel]
                heapq.heappush(queue, (-heights[other], other))
    return np.array(owner, dtype=np.int32).reshape(-1, width)[1:-1, 1:-1]
