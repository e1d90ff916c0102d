"""Microbes of a pair: significance, mask and catalogue in one streamed pass."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .candidates import find_candidates
from .catalogue import Detections
from .measurement import covered_pair
from .registration import raw_box
from .significance import BLIND, MARGIN, UNCOVERED, SignificanceTile, significance_tile
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
# is computed twice (a tile alone 56 %, four in a row 33 %).
TILE = 512
TILES_IN_A_ROW = 4


@dataclass(frozen=True)
class DetectionTile:
    """Significance of one window with context.

    Attributes
    ----------
    core : Window
        What the tile stands for, padded-post frame.
    window : Window
        The same with `MARGIN` px of context, as far as the frame reaches.
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
    core : Window
    tile : DetectionTile or None
        None where the images show nothing in common.
    """
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    height, width = post.shape

    def detect(core):
        if intersect(core, boxes["post"]) is None:
            return core, None
        window = Window(
            max(core.y0 - MARGIN, 0),
            min(core.y1 + MARGIN, height),
            max(core.x0 - MARGIN, 0),
            min(core.x1 + MARGIN, width),
        )
        tile, aligned, coverage = covered_pair(post, pre, transform, window, interpolation, boxes)
        coverage &= np.isfinite(tile) & np.isfinite(aligned)
        if not coverage.any():
            return core, None
        tile, aligned = np.where(coverage, tile, 0), np.where(coverage, aligned, 0)
        found = significance_tile(photometry, window, tile, aligned, coverage)
        return core, DetectionTile(core, window, found, tile, aligned)

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
    for core, tile in tiles:
        places = [Window(*core[:2], *x[2:]) for x in tile_windows(core.shape, TILE)]
        places = [p._replace(x0=p.x0 + core.x0, x1=p.x1 + core.x0) for p in places]
        if tile is None:
            for place in places:
                masks.add(np.full(place.shape, UNCOVERED, dtype=np.uint8))
                yield None
            continue
        found = tile.significance
        sample = tile.cut(found.sample)
        searched = sample & ((tile.cut(found.mask) & (UNCOVERED | BLIND)) == 0)
        detections.add_area(sample.sum(), searched.sum())
        detections.add(
            *find_candidates(
                found,
                tile.window,
                core,
                tile.post,
                tile.aligned,
                threshold=threshold,
                fwhm=fwhm,
                pad=pad,
            )
        )
        for place in places:
            masks.add(found.mask[place.within(tile.window)])
            yield np.ascontiguousarray(found.significance[place.within(tile.window)])


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
