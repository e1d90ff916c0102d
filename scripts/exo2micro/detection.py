"""Microbes of a pair, tile by tile: significance, mask and candidates."""

from dataclasses import dataclass

import numpy as np

from .candidates import count_dark_sources, find_candidates
from .measurement import clear_beside
from .padding import raw_box
from .pixel_mask import BLIND, UNCOVERED
from .search_area import LEVEL_PART, SearchArea
from .significance import SignificanceTile, context_of, significance_tile
from .storage import Window, intersect, tile_windows
from .streaming import ordered_map
from .warping import warp_pieces

# Tiles of the images that are computed together, and context around them: the wider, the less
# is computed twice (with 48 px of context a tile alone 41 %, three in a row 26 %), but the more
# memory it takes.
TILE = 512
TILES_IN_A_ROW = 3
# Pieces of the context around them: where the transform rotates, a long strip's source is as high
# as it is long.
RIM_PIECE = 256
STEP = np.float32(2.0**-8)  # sigma; what the significance image is rounded to, which packs well


@dataclass(frozen=True)
class PairTile:
    """Both images in a window.

    Attributes
    ----------
    window : Window
        Place in the padded-post frame.
    post : ndarray of the raw type, shape (h, w)
        Padded post.
    aligned : ndarray of float32
        Aligned pre.
    coverage : ndarray of bool
        Both images show something.
    """

    window: Window
    post: np.ndarray
    aligned: np.ndarray
    coverage: np.ndarray

    def cut(self, window):
        """The part of it that lies in a window."""
        part = window.within(self.window)
        images = (self.post, self.aligned, self.coverage)
        return PairTile(window, *(np.ascontiguousarray(image[part]) for image in images))

    def covered(self):
        """The same with zeros where not both show something; NaN and infinity show nothing."""
        post, aligned, coverage = self.post, self.aligned, self.coverage
        if post.dtype.kind == "f":
            coverage = coverage & np.isfinite(post) & np.isfinite(aligned)
            post, aligned = np.where(coverage, post, 0), np.where(coverage, aligned, 0)
        elif not coverage.all():
            post, aligned = post * coverage, aligned * coverage
        return PairTile(self.window, post, aligned, coverage)


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


class Detector:
    """Computes the significance of a pair, place by place.

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
    """

    def __init__(self, post, pre, transform, padding, photometry, interpolation):
        self.photometry = photometry
        self.boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
        self._pair = post, pre, transform
        self._interpolation = interpolation
        self._frame = Window(0, post.shape[0], 0, post.shape[1])
        self._margin = context_of(photometry.fwhm)
        level = LEVEL_PART * photometry.sample_level + photometry.dark_pre
        self.area = SearchArea.find(pre, transform, post.shape, self.boxes["post"], level)

    def places(self):
        """Windows in which the frame is worked through; one after the other they fill it."""
        return tile_windows(self._frame[1::2], (TILE, TILE * TILES_IN_A_ROW))

    def core_of(self, place):
        """What of a place shows sample; None where nothing does."""
        return self.area.trim(place)

    def around(self, core):
        """A core with the context that the filters need, as far as the frame reaches."""
        m = self._margin
        return intersect(Window(core.y0 - m, core.y1 + m, core.x0 - m, core.x1 + m), self._frame)

    def read(self, place, context=None):
        """Read and warp both images in a place, and in what is needed around its core.

        The place is warped by the tiles of stage 3's image, so that its pixels are the very same.

        Parameters
        ----------
        place : Window
            From `places`.
        context : Window, optional
            From `around`.

        Returns
        -------
        PairTile
        """
        window = place if context is None else _hull(place, context)
        post, pre, transform = self._pair
        aligned, coverage = (np.empty(window.shape, dtype) for dtype in (np.float32, bool))
        for part, side in ((place, TILE), *((strip, RIM_PIECE) for strip in _rim(place, window))):
            pieces = warp_pieces(pre, transform, part, side, self._interpolation, self.boxes["pre"])
            for piece, *images in pieces:
                inside = piece.within(window)
                aligned[inside], coverage[inside] = images
        clear_beside(coverage, window, self.boxes["post"])
        return PairTile(window, post.read(window), aligned, coverage)

    def detect(self, core, pair):
        """Significance of a core from the images around it.

        Parameters
        ----------
        core : Window
            From `core_of`.
        pair : PairTile
            Images in a window that holds ``around(core)``.

        Returns
        -------
        DetectionTile or None
            None where there is no sample after all.
        """
        window = self.around(core)
        part = pair.cut(window).covered()
        images = part.post, part.aligned, part.coverage
        found = significance_tile(self.photometry, window, *images, self.area.within(window))
        if not found.sample[core.within(window)].any():
            return None
        return DetectionTile(core, window, found, part.post, part.aligned)


def detection_tiles(detector, threads=1):
    """Significance of a pair, tile by tile.

    Parameters
    ----------
    detector : Detector
        Of the pair.
    threads : int
        Tiles computed side by side.

    Yields
    ------
    place : Window
        Where it lies: one after the other, these fill the frame.
    tile : DetectionTile or None
        Its core is what of the place shows sample; None where nothing does.
    """

    def detect(place):
        core = detector.core_of(place)
        if core is None:
            return place, None
        return place, detector.detect(core, detector.read(place, detector.around(core)))

    yield from ordered_map(detect, detector.places(), threads)


def tiles_of(place):
    """Tiles of the images that make up a place."""
    return [tile.shifted(place.y0, place.x0) for tile in tile_windows(place.shape, TILE)]


def _hull(first, second):
    """Smallest window that holds two."""
    return Window(
        min(first.y0, second.y0),
        max(first.y1, second.y1),
        min(first.x0, second.x0),
        max(first.x1, second.x1),
    )


def _rim(place, window):
    """What a window adds to a place in it: strips above, below, left and right."""
    strips = (
        Window(window.y0, place.y0, window.x0, window.x1),
        Window(place.y1, window.y1, window.x0, window.x1),
        Window(place.y0, place.y1, window.x0, place.x0),
        Window(place.y0, place.y1, place.x1, window.x1),
    )
    return [strip for strip in strips if strip.height and strip.width]


@dataclass(frozen=True)
class Found:
    """What was detected in one tile's core.

    Attributes
    ----------
    table : DataFrame
        Candidates.
    outlines : list of ndarray
        Of each.
    sample_px, searched_px : int
        Pixels that show sample, and those of them that can show a microbe.
    dark_count : int
        Sources that are as dark as candidates are bright.
    """

    table: object
    outlines: list
    sample_px: int
    searched_px: int
    dark_count: int

    def add_to(self, detections):
        """Add it to the `catalogue.Detections` of the pair."""
        detections.add_area(self.sample_px, self.searched_px)
        detections.add(self.table, self.outlines)
        detections.add_dark(self.dark_count)


def find_in(tile, *, threshold, fwhm, pad):
    """Find the candidates of a tile.

    Parameters
    ----------
    tile : DetectionTile
        The tile.
    threshold, fwhm, pad
        See `candidates.find_candidates`.

    Returns
    -------
    Found
    """
    significance = tile.significance
    sample = tile.cut(significance.ground)
    searched = sample & ((tile.cut(significance.mask) & (UNCOVERED | BLIND)) == 0)
    place = significance, tile.window, tile.core
    settings = {"threshold": threshold, "fwhm": fwhm}
    table, outlines = find_candidates(*place, tile.post, tile.aligned, **settings, pad=pad)
    areas = np.count_nonzero(sample), np.count_nonzero(searched)
    return Found(table, outlines, *areas, count_dark_sources(*place, **settings))


def cut_images(tile, place):
    """Significance (None for zero) and mask of a place.

    Parameters
    ----------
    tile : DetectionTile or None
        Beside its core nothing is seen.
    place : Window
        A tile of the images.

    Returns
    -------
    significance : ndarray of float32, or None
    mask : ndarray of uint8
    """
    mask = np.full(place.shape, UNCOVERED, dtype=np.uint8)
    inside = None if tile is None else intersect(place, tile.core)
    if inside is None:
        return None, mask
    part = inside.within(tile.window)
    mask[inside.within(place)] = tile.significance.mask[part]
    significance = np.zeros(place.shape, dtype=np.float32)
    rounded = np.rint(tile.significance.significance[part] / STEP) * STEP
    significance[inside.within(place)] = rounded
    return significance, mask
