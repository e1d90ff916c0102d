"""Sources of a significance image as labelled segments, touching ones taken apart.

Two peaks of one segment are two sources if the saddle between them lies lower than the lower peak
by more than noise and a source's own structure make it: `DIP` sigma plus `DIP_PART` of the peak.
"""

import heapq
import math

import cv2
import numpy as np
from scipy import ndimage

FOOT = 0.6  # of the threshold: pixels above it belong to a source
HALF = 0.5
DIP = 2.0
DIP_PART = 0.03
OUTSIDE = -1e3


def find_segments(image, outline, threshold):
    """Label the sources whose peak is above a threshold.

    Parameters
    ----------
    image : ndarray of float32, shape (height, width)
        Significance.
    outline : ndarray of float32, same shape
        Less smoothed difference, grey levels: on it sources are taken apart (noise that varies
        over a source makes dips in its significance) and outlines are drawn, at half of each
        source's maximum.
    threshold : float
        Least significance of a peak.

    Returns
    -------
    labels : ndarray of int32, shape (height, width)
        0 for background, sources from 1 without gaps.
    count : int
        Number of sources.
    """
    above = (image > FOOT * threshold).astype(np.uint8)
    count, labels = cv2.connectedComponents(above, connectivity=4)
    peak = np.zeros(count)
    np.maximum.at(peak, labels[above > 0], image[above > 0])
    labels, count = _renumber(labels, peak > threshold)
    labels, count = _split(_level_noise(image, outline, labels, count), labels, count)
    return _trim(labels, count, image, outline, threshold)


def _level_noise(image, outline, labels, count):
    """Significance of each segment if its noise were everywhere what it is at its peak."""
    pixels = np.flatnonzero(labels)
    label = labels.ravel()[pixels]
    peak, highest = np.zeros(count + 1), np.full(count + 1, 1e-12)
    np.maximum.at(peak, label, image.ravel()[pixels])
    np.maximum.at(highest, label, outline.ravel()[pixels])
    return (outline * (peak / highest)[labels]).astype(np.float32)


def _renumber(labels, keep):
    """Labels without those that are not kept."""
    keep[0] = False
    return np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels], int(keep.sum())


def _trim(labels, count, image, outline, threshold):
    """Cut each source at half its maximum, and drop those whose peak is too low."""
    pixels = np.flatnonzero(labels)
    label = labels.ravel()[pixels]
    level, height = outline.ravel()[pixels], image.ravel()[pixels]
    highest, peak = np.zeros(count + 1), np.zeros(count + 1)
    np.maximum.at(highest, label, level)
    np.maximum.at(peak, label, height)
    inside = (level >= HALF * highest[label]) | (height == peak[label])
    trimmed = np.zeros_like(labels)
    trimmed.ravel()[pixels[inside]] = label[inside]
    return _renumber(trimmed, peak > threshold)


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
        for extra in np.unique(parts[parts > 0])[1:]:
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
