"""The catalogue of microbes: what stands out of the significance image.

Work goes tile by tile with overlap. Each tile finds and deblends the sources in its window, and
keeps those whose peak lies in its core: nothing is cut at a seam, nothing is counted twice.
"""

import warnings

import cv2
import numpy as np
import pandas as pd
from photutils.segmentation import SourceCatalog, deblend_sources, detect_sources
from photutils.utils.exceptions import NoDetectionsWarning

from exo2micro.noise import FWHM_PER_SIGMA
from exo2micro.significance import SATURATED_POST, UNCOVERED

MIN_PIXELS = 4
DEBLEND_LEVELS = 16
DEBLEND_CONTRAST = 0.02
GROWTH = 1.0  # FWHM by which segments are grown (not into each other) to gather their flux
EDGE = 8  # px from the rim of the sample or of what both images show

COLUMNS = [
    "id",
    "x",
    "y",
    "x_raw",
    "y_raw",
    "area_px",
    "area_um2",
    "flux",
    "flux_error",
    "peak_significance",
    "elongation",
    "mean_post",
    "mean_pre",
    "flags",
]


def expected_false_per_pixel(threshold, fwhm):
    """Maxima above a threshold that pure noise has, per pixel.

    Expected density of maxima of a two-dimensional Gaussian field (Adler 1981, high levels) whose
    correlation is that of white noise behind the matched filter.

    Parameters
    ----------
    threshold : float
        Sigma.
    fwhm : float
        Width of the filter, px.

    Returns
    -------
    float
    """
    curvature = 1 / (2 * (fwhm / FWHM_PER_SIGMA) ** 2)
    return (2 * np.pi) ** -1.5 * curvature * threshold * np.exp(-(threshold**2) / 2)


def find_candidates(tile, window, core, post, pre, *, threshold, fwhm, pad):
    """Candidates whose peak lies in a tile's core.

    Parameters
    ----------
    tile : SignificanceTile
        Significance of the window.
    window : tuple of int
        ``(y0, y1, x0, x1)`` of the tile with its context, padded-post frame.
    core : tuple of int
        The part of it that is this tile's own.
    post, pre : ndarray
        Padded post and aligned pre in the window.
    threshold : float
        Least peak significance.
    fwhm : float
        Width of the matched filter, px.
    pad : int
        Border of the padded frame.

    Returns
    -------
    DataFrame
        Columns as in `COLUMNS`, without ``id`` and ``area_um2``.
    list of ndarray
        Outline of each, ``(K, 2)`` raw-post (x, y), closed.
    """
    segments = _segment(tile, threshold, fwhm)
    if segments is None:
        return pd.DataFrame(columns=[c for c in COLUMNS if c not in ("id", "area_um2")]), []
    labels = segments.data
    blank = (tile.mask & UNCOVERED) > 0
    catalogue = SourceCatalog(tile.difference, segments, mask=blank)
    peaks = _peak_positions(tile.significance, segments)
    own = _inside(peaks, window, core)
    grown = _grow_labels(labels, max(1, round(GROWTH * fwhm)))
    index = segments.labels
    sums = {
        "flux": _sum_by_label(tile.difference * ~blank, grown, index),
        "variance": _sum_by_label(tile.sigma**2 * ~blank, grown, index),
        "area": _sum_by_label(np.ones_like(tile.sigma), labels, index),
        "post": _sum_by_label(post, labels, index),
        "pre": _sum_by_label(pre, labels, index),
    }
    x = _finite(catalogue.x_centroid, peaks[:, 1]) + window[2]
    y = _finite(catalogue.y_centroid, peaks[:, 0]) + window[0]
    flags = _flags(tile, labels, index, peaks)
    table = pd.DataFrame(
        {
            "x": x,
            "y": y,
            "x_raw": x - pad,
            "y_raw": y - pad,
            "area_px": sums["area"].astype(int),
            "flux": sums["flux"],
            "flux_error": np.sqrt(sums["variance"]),
            "peak_significance": tile.significance[peaks[:, 0], peaks[:, 1]],
            "elongation": _finite(np.asarray(catalogue.elongation), 1.0),
            "mean_post": sums["post"] / sums["area"],
            "mean_pre": sums["pre"] / sums["area"],
            "flags": flags,
        }
    )[own].reset_index(drop=True)
    shift = (window[2] - pad, window[0] - pad)
    outlines = [_outline(segments, position, shift) for position, mine in enumerate(own) if mine]
    return table, outlines


def _segment(tile, threshold, fwhm):
    """Segments above the threshold, deblended."""
    image = tile.significance
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDetectionsWarning)
        segments = detect_sources(image, threshold, MIN_PIXELS)
    if segments is None:
        return None
    compound = _compound_labels(image, segments, fwhm)
    if len(compound) == 0:
        return segments
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # photutils reports segments it could not split
        return deblend_sources(
            image,
            segments,
            MIN_PIXELS,
            labels=compound,
            n_levels=DEBLEND_LEVELS,
            contrast=DEBLEND_CONTRAST,
            progress_bar=False,
        )


def _compound_labels(image, segments, fwhm):
    """Labels of segments with more than one local maximum: only they are worth deblending."""
    size = 2 * max(1, round(fwhm / 4)) + 1
    highest = cv2.dilate(image, np.ones((size, size), np.uint8))
    maxima = (image == highest) & (segments.data > 0)
    count = np.bincount(segments.data[maxima], minlength=segments.max_label + 1)
    return np.flatnonzero(count > 1)


def _peak_positions(image, segments):
    """(row, column) of the highest pixel of each segment."""
    positions = []
    for label, part in zip(segments.labels, segments.slices, strict=True):
        inside = np.where(segments.data[part] == label, image[part], -np.inf)
        row, column = np.unravel_index(np.argmax(inside), inside.shape)
        positions.append((row + part[0].start, column + part[1].start))
    return np.array(positions, dtype=int).reshape(-1, 2)


def _inside(peaks, window, core):
    row, column = peaks[:, 0] + window[0], peaks[:, 1] + window[2]
    return (row >= core[0]) & (row < core[1]) & (column >= core[2]) & (column < core[3])


def _grow_labels(labels, radius):
    """Labels grown by a radius, each pixel to its nearest segment."""
    distance, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    inside = labels > 0
    owner = np.zeros(nearest.max() + 1, dtype=labels.dtype)
    owner[nearest[inside]] = labels[inside]
    return np.where(distance <= radius, owner[nearest], 0)


def _sum_by_label(image, labels, index):
    sums = np.bincount(labels.ravel(), weights=image.ravel(), minlength=index.max() + 1)
    return sums[index]


def _finite(values, otherwise):
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(values), values, otherwise)


def _flags(tile, labels, index, peaks):
    """Remarks on each source, joined by ';'."""
    saturated = _sum_by_label((tile.mask & SATURATED_POST) > 0, labels, index) > 0
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * EDGE + 1, 2 * EDGE + 1))
    inner = cv2.erode(tile.sample.astype(np.uint8), shape, borderValue=1)
    covered = cv2.erode(((tile.mask & UNCOVERED) == 0).astype(np.uint8), shape, borderValue=1)
    row, column = peaks[:, 0], peaks[:, 1]
    on_sample = tile.sample[row, column]
    remarks = {
        "saturated": saturated,
        "off_sample": ~on_sample,
        "near_edge": (on_sample & (inner[row, column] == 0)) | (covered[row, column] == 0),
        "near_grain_edge": tile.grain_edge[row, column],
    }
    return [
        ";".join(name for name, holds in remarks.items() if holds[i]) for i in range(len(peaks))
    ]


def _outline(segments, position, shift):
    """Outline of a segment through the corners of its pixels' grid, closed."""
    part = segments.slices[position]
    shape = (segments.data[part] == segments.labels[position]).astype(np.uint8)
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=len)[:, 0, :].astype(np.float64)
    largest += (part[1].start + shift[0], part[0].start + shift[1])
    return np.vstack([largest, largest[:1]])


def finish_catalogue(tables, pixel_size_um=None):
    """Join the tiles' candidates, in reading order, and number them.

    Parameters
    ----------
    tables : list of DataFrame
        From `find_candidates`.
    pixel_size_um : tuple of float, optional
        Physical size of a pixel (x, y).

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; ``area_um2`` is empty without a pixel size.
    order : ndarray of int
        Rows of the joined tables in the order of the catalogue.
    """
    filled = [table for table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=COLUMNS), np.zeros(0, dtype=int)
    joined = pd.concat(filled, ignore_index=True)
    order = np.lexsort((joined["x"], joined["y"]))
    catalogue = joined.iloc[order].reset_index(drop=True)
    catalogue["id"] = np.arange(1, len(catalogue) + 1)
    pixel = np.nan if pixel_size_um is None else pixel_size_um[0] * pixel_size_um[1]
    catalogue["area_um2"] = catalogue["area_px"] * pixel
    return catalogue[COLUMNS], order


def detections_geojson(catalogue, outlines):
    """Candidates as GeoJSON that QuPath opens as detections.

    Parameters
    ----------
    catalogue : DataFrame
        From `finish_catalogue`.
    outlines : list of ndarray
        Outline of each, raw-post (x, y), pixel centres at whole numbers.

    Returns
    -------
    dict
        A GeoJSON FeatureCollection; QuPath's pixel corners lie at whole numbers, so outlines are
        moved by half a pixel.
    """
    numbers = ("flux", "peak_significance", "elongation", "mean_post", "mean_pre", "area_px")
    features = []
    for row, outline in zip(catalogue.itertuples(index=False), outlines, strict=True):
        if len(outline) < 4:
            continue
        features.append(
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [(np.asarray(outline) + 0.5).tolist()],
                },
                "properties": {
                    "objectType": "detection",
                    "name": f"microbe {row.id}",
                    "classification": {"name": "Microbe", "color": [0, 204, 136]},
                    "measurements": {name: float(getattr(row, name)) for name in numbers},
                    "flags": row.flags,
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}
