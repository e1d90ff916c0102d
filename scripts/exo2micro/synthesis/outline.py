"""The sample's outline: a signed distance on a coarse lattice over the scene."""

import cv2
import numpy as np

BEYOND = 0.5  # the lattice reaches this far beyond the post frame, in units of its longer side
NODES = 1024  # along each side of the lattice


class Outline:
    """Signed distance to the sample's edge, positive inside.

    Parameters
    ----------
    spec : PairSpec
        Uses `footprint`, `fill`, `holes` and the post frame's shape.
    seed : int
        Seed of the outline.
    """

    def __init__(self, spec, seed: int):
        height, width = spec.post_shape
        self._length = max(height, width)
        self.pitch = (1 + 2 * BEYOND) * self._length / (NODES - 1)
        self.origin = np.array([width - 1, height - 1]) / 2 - self.pitch * (NODES - 1) / 2
        rng = np.random.default_rng((seed, 2))
        inside = _draw_inside(spec, rng)
        self._distance = None if inside is None else _signed_distance(inside) * self.pitch

    def distance(self, x, y, base):
        """Signed distance (px) at scene positions ``base + (x, y)``, float32 maps.

        None where the sample has no outline (it fills everything).
        """
        if self._distance is None:
            return None
        scale = 1 / self.pitch
        offset_x, offset_y = (np.asarray(base) - self.origin) * scale
        return cv2.remap(
            self._distance,
            x * np.float32(scale) + np.float32(offset_x),
            y * np.float32(scale) + np.float32(offset_y),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )


def _signed_distance(inside):
    within = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    beyond = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return cv2.GaussianBlur(within - beyond, (0, 0), 1.5)


def _draw_inside(spec, rng):
    """Binary lattice of the sample, or None for one that fills everything."""
    if spec.footprint in ("full", "texture"):
        return None
    height, width = spec.post_shape
    # Lattice coordinates in units of the half frame: the frame is -1..1 on its longer side.
    side = np.linspace(-1 - 2 * BEYOND, 1 + 2 * BEYOND, NODES)
    x, y = np.meshgrid(side, side)
    half = np.array([width, height]) / max(width, height) * spec.fill
    if spec.footprint == "fragments":
        inside = _draw_fragments(x, y, half, rng)
    elif spec.footprint == "cropped":
        angle = rng.uniform(0, 2 * np.pi)
        shift = 0.75 * half * [np.cos(angle), np.sin(angle)]
        inside = _draw_blob(x - shift[0], y - shift[1], half * 1.15, rng)
    else:
        inside = _draw_blob(x, y, half, rng)
    inside &= ~_draw_holes(x, y, half, spec.holes, rng)
    return inside.astype(np.uint8)


def _draw_blob(x, y, half, rng):
    """Draw a rounded irregular piece: a radius that is a sum of harmonics of the angle."""
    order = np.arange(2, 80)
    strength = rng.normal(0, 0.17, len(order)) / order**1.35
    phase = rng.uniform(0, 2 * np.pi, len(order))
    turns = np.linspace(-np.pi, np.pi, 2049)
    radius = 0.88 + strength @ np.cos(np.outer(order, turns) + phase[:, None])
    x, y = x / half[0], y / half[1]
    return np.hypot(x, y) < np.interp(np.arctan2(y, x), turns, radius)


def _draw_fragments(x, y, half, rng):
    """Four to six pieces of different size beside each other."""
    pieces = int(rng.integers(4, 7))
    turn = rng.uniform(0, 2 * np.pi)
    inside = np.zeros(x.shape, bool)
    for piece in range(pieces):
        angle = turn + 2 * np.pi * (piece + rng.uniform(-0.25, 0.25)) / (pieces - 1)
        distance = rng.uniform(0, 0.15) if piece == 0 else rng.uniform(0.55, 0.8)
        centre = distance * half * [np.cos(angle), np.sin(angle)]
        size = half * rng.uniform(0.16, 0.38) * rng.uniform(0.75, 1.25, 2)
        inside |= _draw_blob(x - centre[0], y - centre[1], size, rng)
    return inside


def _draw_holes(x, y, half, count, rng):
    open_area = np.zeros(x.shape, bool)
    for _ in range(count):
        angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.6)
        centre = distance * half * [np.cos(angle), np.sin(angle)]
        size = half * rng.uniform(0.03, 0.1) * rng.uniform(0.7, 1.4, 2)
        open_area |= _draw_blob(x - centre[0], y - centre[1], size, rng)
    return open_area
