"""Reduced pre images in the frame of post."""

from dataclasses import replace

import cv2
import numpy as np

from exo2micro.geometry import apply_homography, full_from_reduced

SMOOTHING = 1.0  # px of the reduced image, standard deviation
BILINEAR = cv2.INTER_LINEAR
LATTICE = 8  # px of the reduced image


def warp_reduced(post, pre, transform):
    """Reduced pre image in the frame of the reduced post image.

    Parameters
    ----------
    post, pre : View
        Reduced images.
    transform : Transform
        Padded post to padded pre, full-resolution px; bending included.

    Returns
    -------
    aligned : ndarray of float32, shape of the post image
    coverage : ndarray of bool
        Both photographs show something there.
    sample : ndarray of bool
        Both show the sample there.
    """
    rows, columns = rectangle_of(post.footprint.raw_area)
    x, y = _places_in_pre(post, pre, transform, rows, columns)

    def sample_at(image):
        moved = np.zeros(post.image.shape, np.float32)
        moved[rows, columns] = cv2.remap(image.astype(np.float32, copy=False), x, y, BILINEAR)
        return moved

    coverage = post.footprint.raw_area & (sample_at(pre.footprint.raw_area) > 0.99)
    sample = coverage & post.footprint.mask & (sample_at(pre.footprint.mask) > 0.5)
    return sample_at(pre.image), coverage, sample


def _places_in_pre(post, pre, transform, rows, columns):
    """Reduced pre ``x`` and ``y`` of a rectangle of reduced post pixels, as float32 images.

    Calculated for a lattice and interpolated between: over its cells a transform is straight.
    """
    places = [np.arange(n)[part] for n, part in zip(post.image.shape, (rows, columns), strict=True)]
    nodes = [part[0] + LATTICE * np.arange(len(part) // LATTICE + 2) for part in places]
    y, x = np.meshgrid(*nodes, indexing="ij")
    xy = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
    pre_xy = transform.map_points(apply_homography(full_from_reduced(post.factors), xy))
    pre_xy = apply_homography(np.linalg.inv(full_from_reduced(pre.factors)), pre_xy)
    size, step = tuple(len(part) for part in places[::-1]), 1 / LATTICE
    finer = np.array([[step, 0, 0], [0, step, 0]])
    return [
        cv2.warpAffine(
            part.reshape(x.shape).astype(np.float32),
            finer,
            size,
            flags=BILINEAR | cv2.WARP_INVERSE_MAP,
        )
        for part in pre_xy.T
    ]


def smoothed(view):
    """The same overview with a smoothed image, for a difference of two of them.

    Grain finer than a reduced pixel is averaged over other squares in either photograph; that alone
    would leave a speckle that hides what the alignment leaves.
    """
    image = cv2.GaussianBlur(view.image, (0, 0), SMOOTHING, borderType=cv2.BORDER_REPLICATE)
    return replace(view, image=image)


def rectangle_of(area):
    """Rows and columns that an area reaches over; all of them where it is empty."""
    spans = []
    for axis in (1, 0):
        there = np.flatnonzero(area.any(axis=axis))
        spans.append(slice(there[0], there[-1] + 1) if len(there) else slice(None))
    return tuple(spans)
