"""The catalogue as a whole: joined from the tiles, numbered, counted, drawn.

Between the pass over the images and the finished files, candidates are kept as arrays in reading
order (``measurements/04_detected_*.npz``):

=================  ==========================================================================
``x``, ...         a column of the table each, see `exo2micro.candidates`; ``flags`` as bits
``corners``        (K, 2) int32, outlines of all candidates one after the other
``corner_counts``  (N,) int32, corners of each
``sample_px``      pixels that show sample
``searched_px``    those of them that can show a microbe
``dark_count``     sources as dark as candidates are bright
``threshold``      least peak significance
``fwhm``           width of the matched filter, px
=================  ==========================================================================
"""

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from .crowding import estimate_microbes
from .noise import FWHM_PER_SIGMA
from .significance import FLANK_FILTER

FLAGS = ("saturated", "off_sample", "near_edge", "near_grain_edge", "mineral")  # bit 0 and up
NOT_COUNTED = ("off_sample", "mineral")
FOUND = (
    "x",
    "y",
    "x_raw",
    "y_raw",
    "area_px",
    "flux",
    "flux_error",
    "peak_significance",
    "elongation",
    "mean_post",
    "mean_pre",
    "flags",
)
COLUMNS = ("id", *FOUND[:5], "area_um2", *FOUND[5:-1], "n_microbes", "flags")
DECIMALS = 3
MEASUREMENTS = (
    "flux",
    "peak_significance",
    "elongation",
    "mean_post",
    "mean_pre",
    "area_px",
    "n_microbes",
)
UM2_PER_MM2 = 1e6
PX_PER_MPX = 1e6


class Detections:
    """Gathers the candidates of a pair tile by tile: numbers and outlines, no pixels."""

    def __init__(self):
        self._tables, self._corners, self._counts = [], [], []
        self._sample_px = self._searched_px = self._dark_count = 0

    def add(self, table, outlines):
        """Add what `exo2micro.candidates.find_candidates` found in one tile."""
        if len(table):
            self._tables.append(table)
            self._corners.append(np.concatenate(outlines))
            self._counts.extend(len(outline) for outline in outlines)

    def add_area(self, sample_px, searched_px):
        """Count pixels of a tile that show sample, and those of them that can show a microbe."""
        self._sample_px += int(sample_px)
        self._searched_px += int(searched_px)

    def add_dark(self, count):
        """Count sources of a tile that are as dark as candidates are bright."""
        self._dark_count += int(count)

    def result(self, threshold, fwhm):
        """Arrays as listed at the head of this module.

        Returns
        -------
        dict of ndarray
        """
        table = pd.concat(self._tables) if self._tables else pd.DataFrame(columns=FOUND)
        order = np.lexsort((table["x"].to_numpy(float), table["y"].to_numpy(float)))
        counts = np.array(self._counts, dtype=np.int32)
        corners = np.concatenate(self._corners) if self._corners else np.zeros((0, 2), np.int32)
        starts = np.cumsum(counts) - counts
        sorted_counts = counts[order]
        new_starts = np.cumsum(sorted_counts) - sorted_counts
        place = np.arange(counts.sum()) + np.repeat(starts[order] - new_starts, sorted_counts)
        return {
            **{name: table[name].to_numpy()[order] for name in FOUND},
            "corners": corners[place],
            "corner_counts": sorted_counts,
            "sample_px": np.array(self._sample_px),
            "searched_px": np.array(self._searched_px),
            "dark_count": np.array(self._dark_count),
            "threshold": np.array(threshold),
            "fwhm": np.array(fwhm),
        }


def make_table(detected, pixel_size_um=None):
    """Number the candidates and write out their flags.

    Parameters
    ----------
    detected : dict of ndarray
        From `Detections.result`.
    pixel_size_um : tuple of float, optional
        Physical size of a pixel (x, y).

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; ``area_um2`` is empty without a pixel size, ``n_microbes`` is zero for
        candidates that are not counted.
    """
    table = pd.DataFrame({name: detected[name] for name in FOUND}).round(DECIMALS)
    table["id"] = np.arange(1, len(table) + 1)
    table["area_um2"] = (table["area_px"] * _area_of_pixel(pixel_size_um)).round(4)
    table["n_microbes"] = _numbers(detected).round(DECIMALS)
    words = [
        ";".join(name for bit, name in enumerate(FLAGS) if code >> bit & 1)
        for code in range(2 ** len(FLAGS))
    ]
    table["flags"] = np.array(words, dtype=object)[table["flags"].to_numpy(int)]
    return table[list(COLUMNS)]


def detection_features(detected, table):
    """Yield each candidate as a GeoJSON detection that QuPath opens.

    Coordinates are QuPath's: px of the raw post image, its first pixel from 0 to 1.

    Yields
    ------
    dict
    """
    counts = detected["corner_counts"]
    starts = np.cumsum(counts) - counts
    rows = table.itertuples(index=False)
    for row, start, count in zip(rows, starts, counts, strict=True):
        outline = detected["corners"][start : start + count]
        yield {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [outline.tolist()]},
            "properties": {
                "objectType": "detection",
                "name": f"microbe {row.id}",
                "classification": {"name": "Microbe", "color": [0, 204, 136]},
                "measurements": {name: float(getattr(row, name)) for name in MEASUREMENTS},
                "flags": row.flags,
            },
        }


def describe_catalogue(detected, pixel_size_um=None):
    """Count the candidates and relate them to the area that was searched.

    Counted are candidates on the sample. Not counted, but listed in the table, are those flagged
    ``off_sample`` (up to 8 px beside it; further out is not looked) and ``mineral`` (small against
    the mineral's own structure there: likely a grain that changed). The other flags are remarks
    only: a microbe at the rim of the sample is a microbe.

    Parameters
    ----------
    detected : dict of ndarray
        From `Detections.result`.
    pixel_size_um : tuple of float, optional
        Physical size of a pixel (x, y).

    Returns
    -------
    dict
        For a JSON record; None where something is not known.

        ``n_candidates`` (counted ones), ``n_estimated`` (microbes that they stand for where they
        crowd, see `exo2micro.crowding`), ``n_listed`` (rows of the table), ``n_flagged`` (by
        flag), ``sample_area_px`` and ``searched_area_px`` (sample that can show a microbe:
        covered by both images, the mineral itself not saturated), both also in mm2,
        ``candidates_per_mpx`` and ``candidates_per_mm2`` (per searched area), ``threshold``,
        ``fwhm_px`` (of the matched filter), ``n_dark`` (sources that are darker than the mineral by
        as much as candidates are brighter, and pass as such: microbes are never dark, faults of
        the model as often as bright), ``expected_false`` (noise maxima above the threshold in the
        searched area, and as many as there are dark sources), ``false_at_most`` (the same with the
        95 % upper limit of the number of dark sources), ``median_fwhm_px`` (of the candidates
        themselves), ``median_flux``.
    """
    threshold, fwhm = float(detected["threshold"]), float(detected["fwhm"])
    searched = int(detected["searched_px"])
    counted = is_counted(detected["flags"])
    count, dark = int(counted.sum()), int(detected["dark_count"])
    mm2_per_px = _area_of_pixel(pixel_size_um) / UM2_PER_MM2
    flux = detected["flux"][counted]
    noise = expected_false_per_pixel(threshold, fwhm) * searched
    return {
        "n_candidates": count,
        "n_estimated": float(_numbers(detected).sum()),
        "n_listed": len(counted),
        "n_flagged": {
            name: int((detected["flags"].astype(int) >> bit & 1).sum())
            for bit, name in enumerate(FLAGS)
        },
        "sample_area_px": int(detected["sample_px"]),
        "searched_area_px": searched,
        "sample_area_mm2": _known(int(detected["sample_px"]) * mm2_per_px),
        "searched_area_mm2": _known(searched * mm2_per_px),
        "candidates_per_mpx": count * PX_PER_MPX / searched if searched else None,
        "candidates_per_mm2": _known(count / (searched * mm2_per_px)) if searched else None,
        "threshold": threshold,
        "fwhm_px": fwhm,
        "n_dark": dark,
        "expected_false": noise + dark,
        "false_at_most": noise + poisson_upper_limit(dark),
        "median_fwhm_px": _median_fwhm(detected, counted, threshold, fwhm),
        "median_flux": float(np.median(flux)) if count else None,
    }


def is_counted(flags):
    """Which candidates count as microbes, from their flags as bits."""
    not_counted = sum(1 << FLAGS.index(name) for name in NOT_COUNTED)
    return (np.asarray(flags, dtype=int) & not_counted) == 0


def poisson_upper_limit(count):
    """Upper limit (95 %) of the mean of which a count is one draw (Garwood 1936).

    Parameters
    ----------
    count : int

    Returns
    -------
    float

    Examples
    --------
    >>> round(poisson_upper_limit(0), 2), round(poisson_upper_limit(4), 2)
    (3.0, 9.15)
    """
    return float(gammaincinv(count + 1, 0.95))


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


def _numbers(detected):
    """Microbes that each candidate stands for; zero for those that are not counted."""
    counted = is_counted(detected["flags"])
    xy = np.stack([detected["x"], detected["y"]], axis=1).astype(float)[counted]
    numbers = np.zeros(len(counted))
    numbers[counted] = estimate_microbes(xy, detected["area_px"][counted], float(detected["fwhm"]))
    return numbers


def _median_fwhm(detected, chosen, threshold, fwhm):
    """Typical width of round, unsaturated candidates, px.

    A Gaussian lies above half its maximum within half its width; the smoothing of what outlines
    are drawn on is taken off.
    """
    saturated = detected["flags"].astype(int) >> FLAGS.index("saturated") & 1
    strong = detected["peak_significance"] > 2 * threshold
    plain = chosen & (saturated == 0) & (detected["elongation"] < 1.5) & strong
    if not plain.any():
        return None
    seen = np.sqrt(4 / np.pi * np.median(detected["area_px"][plain]))
    return float(np.sqrt(max(seen**2 - (FLANK_FILTER * fwhm) ** 2, 1.0)))


def _area_of_pixel(pixel_size_um):
    return np.nan if pixel_size_um is None else pixel_size_um[0] * pixel_size_um[1]


def _known(value):
    return float(value) if np.isfinite(value) else None
