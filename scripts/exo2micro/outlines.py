"""Outlines of labelled segments along the edges of their pixels."""

import cv2
import numpy as np


def draw_outlines(labels, chosen, boxes, shift):
    """Outlines of segments, closed.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Segments.
    chosen : ndarray of int, shape (N,)
        Labels to draw.
    boxes : ndarray of int, shape (M, 4)
        ``(y0, y1, x0, x1)`` of all labels from 1 on.
    shift : tuple of int
        (x, y) that is added.

    Returns
    -------
    list of ndarray
        Of each, ``(K, 2)`` int32, the first corner repeated at the end: (x, y) of pixel corners,
        the first pixel of the image having its corners at 0 and 1.
    """
    if len(chosen) == 0:
        return []
    contours = [_contour(labels, label, boxes[label - 1]) for label in chosen]
    counts = np.array([len(contour) for contour in contours])
    # Of the doubled image, border pixels 2 i and 2 i + 1 belong to the corners i and i + 1.
    corners = (np.concatenate(contours)[:, 0, :] + 1) // 2
    corners += np.repeat(boxes[chosen - 1][:, [2, 0]] + shift, counts, axis=0).astype(np.int32)
    # Closed first: what then repeats the corner before it is left out.
    starts = np.cumsum(counts) - counts
    corners = np.insert(corners, starts + counts, corners[starts], axis=0)
    starts += np.arange(len(counts))
    moved = np.ones(len(corners), dtype=bool)
    moved[1:] = (corners[1:] != corners[:-1]).any(axis=1)
    moved[starts] = True
    return np.split(corners[moved], np.cumsum(np.add.reduceat(moved, starts, dtype=int))[:-1])


def _contour(labels, label, box):
    """Border pixels of a segment in the doubled image of its box, of the largest part of it."""
    y0, y1, x0, x1 = box
    shape = (labels[y0:y1, x0:x1] == label).view(np.uint8)
    doubled = cv2.resize(shape, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(doubled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return contours[0] if len(contours) == 1 else max(contours, key=cv2.contourArea)
