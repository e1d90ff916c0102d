"""Microbes of a pair: significance, mask and catalogue in one streamed pass."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .candidates import count_dark_sources, find_candidates
from .catalogue import Detections
from .measurement import covered_pair
from .pixel_mask import BLIND, UNCOVERED
from .registration import raw_box
from .search_area import LEVEL_PART, SearchArea
from .significance import SignificanceTile, context_of, significance_tile
from .storage import (
    TileSpool,
    Window,
    intersect,
    tile_windows,
    write_arrays,
    write_image,
)
from .streaming import ordered_map

# Tiles of the images that are computed together, and context around them: the wider, the less
# is computed twice (with 48 px of context a tile alone 41 %, four in a row 24 %).
TILE = 512
TILES_IN_A_ROW = 4
STEP = np.float32(2.0**-8)  # sigma; what the significance image is rounded to, which packs well


@dataclass(frozen=True)
class DetectionTile:
    """Significance of one window with context.

    Attributes
    ----------
    core : Window
        What the tile stands for, padded-post frame.
    window : Window
        The same with context, as far as the frame reaches.
    significance : SignificanceTile
        Of the window.
    post, aligned : ndarray
        Padded post and aligned pre in the window.
    """

    core: Window
    window: Window
    significance: SignificanceTile
    post: np.ndarray
    aligned: np.ndarray

    def cut(self, image):
        """The core's part of an image of the window."""
        return image[self.core.within(self.window)]


def detection_tiles(post, pre, transform, padding, photometry, interpolation, threads=1):
    """Significance of a pair, tile by tile.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    transform : Transform
        Padded post to padded pre.
    padding : dict
        Stage 1's record.
    photometry : Photometry
        Scale, dark levels and noise.
    interpolation : str
        See `warping.warp_tile`.
    threads : int
        Tiles computed side by side.

    Yields
    ------
    place : Window
        Where it lies: one after the other, these fill the frame.
    tile : DetectionTile or None
        Its core is what of the place shows sample; None where nothing does.
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    level = LEVEL_PART * photometry.sample_level + photometry.dark_pre
    area = SearchArea.find(pre, transform, post.shape, boxes["post"], level)
    margin = context_of(photometry.fwhm)

    def detect(place):
        core = area.trim(place)
        if core is None:
            return place, None
        around = Window(core.y0 - margin, core.y1 + margin, core.x0 - margin, core.x1 + margin)
        window = intersect(around, (0, post.shape[0], 0, post.shape[1]))
        tile, aligned, coverage = covered_pair(post, pre, transform, window, interpolation, boxes)
        if not coverage.all():
            tile, aligned = tile * coverage, aligned * coverage
        if tile.dtype.kind == "f":
            coverage &= np.isfinite(tile) & np.isfinite(aligned)
            tile, aligned = np.where(coverage, tile, 0), np.where(coverage, aligned, 0)
        found = significance_tile(photometry, window, tile, aligned, coverage, area.within(window))
        if not found.sample[core.within(window)].any():
            return place, None
        return place, DetectionTile(core, window, found, tile, aligned)

    yield from ordered_map(detect, tile_windows(post.shape, (TILE, TILE * TILES_IN_A_ROW)), threads)


def gather(tiles, detections, masks, *, threshold, fwhm, pad):
    """Find candidates in a stream of tiles and pass its significance on.

    Parameters
    ----------
    tiles : iterable
        From `detection_tiles`.
    detections : Detections
        Takes the candidates and the areas.
    masks : TileSpool
        Takes the tiles of the mask image.
    threshold, fwhm, pad
        See `candidates.find_candidates`.

    Yields
    ------
    ndarray of float32, or None
        Tiles of the significance image in the order of `storage.tile_windows`; None where it
        is zero.
    """
    for region, tile in tiles:
        places = [
            Window(*region[:2], x0 + region.x0, x1 + region.x0)
            for _, _, x0, x1 in tile_windows(region.shape, TILE)
        ]
        if tile is not None:
            _add_candidates(detections, tile, threshold, fwhm, pad)
        for place in places:
            mask, significance = _cut_images(tile, place)
            masks.add(mask)
            yield significance


def _add_candidates(detections, tile, threshold, fwhm, pad):
    found = tile.significance
    sample = tile.cut(found.sample)
    searched = sample & ((tile.cut(found.mask) & (UNCOVERED | BLIND)) == 0)
    detections.add_area(np.count_nonzero(sample), np.count_nonzero(searched))
    images = tile.post, tile.aligned
    place = found, tile.window, tile.core
    settings = {"threshold": threshold, "fwhm": fwhm}
    detections.add(*find_candidates(*place, *images, **settings, pad=pad))
    detections.add_dark(count_dark_sources(*place, **settings))


def _cut_images(tile, place):
    """Mask and significance (None for zero) of a place; beside the tile's core nothing is seen."""
    mask = np.full(place.shape, UNCOVERED, dtype=np.uint8)
    inside = None if tile is None else intersect(place, tile.core)
    if inside is None:
        return mask, None
    part = inside.within(tile.window)
    mask[inside.within(place)] = tile.significance.mask[part]
    significance = np.zeros(place.shape, dtype=np.float32)
    rounded = np.rint(tile.significance.significance[part] / STEP) * STEP
    significance[inside.within(place)] = rounded
    return mask, significance


def write_detection(post, pre, transform, padding, photometry, values, targets, facts):
    """Write the significance and mask images and what was detected.

    Parameters
    ----------
    post, pre : ImageFile
        Padded images.
    transform : Transform
        Padded post to padded pre.
    padding : dict
        Stage 1's record.
    photometry : Photometry
        Scale, dark levels and noise.
    values : dict
        Parameters; used are ``interpolation`` and ``detection_sigma``.
    targets : object
        Paths ``significance``, ``mask``, ``detected`` (npz).
    facts : dict
        `storage.write_image`'s facts of the images, threads included.
    """
    settings = {"threshold": float(values["detection_sigma"]), "fwhm": photometry.fwhm}
    tiles = detection_tiles(
        post, pre, transform, padding, photometry, values["interpolation"], facts["threads"]
    )
    detections = Detections()
    folder = Path(targets.mask).parent
    folder.mkdir(parents=True, exist_ok=True)
    with TileSpool(folder) as masks:
        significance = gather(tiles, detections, masks, **settings, pad=int(padding["pad"]))
        write_image(targets.significance, post.shape, np.dtype("float32"), significance, **facts)
        write_image(targets.mask, post.shape, np.dtype("uint8"), masks.tiles(), **facts)
    write_arrays(targets.detected, **detections.result(**settings))
