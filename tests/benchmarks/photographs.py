"""Random pairs made of real photographs, by means that share nothing with exo2micro.synthesis.

A photograph serves as the mineral. Both images of a pair are cut out of it by cubic splines, each
under its own lamp, camera and noise; microbes, and where wanted a second photograph as the stain,
are added to post. Everything is drawn at random from a seed, so that no code is tuned to a list.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from scipy.ndimage import map_coordinates, spline_filter

SOLVABLE = ("plain", "lamp", "gamma", "bright microbes", "stain", "bending", "perspective", "hard")
IMPOSSIBLE = ("other photograph", "other place", "mirror", "same file", "blank", "only noise")


@dataclass(frozen=True)
class PhotographPair:
    """Both raw images and where each post pixel belongs in pre.

    Attributes
    ----------
    post, pre : ndarray of uint8 or uint16, shape (h, w)
        Raw images.
    map_points : callable
        (N, 2) raw-post ``(x, y)`` to raw-pre ``(x, y)``.
    sample : ndarray of bool, shape of `post`
        Where post shows the sample.
    facts : str
        What was drawn.
    """

    post: np.ndarray
    pre: np.ndarray
    map_points: object
    sample: np.ndarray
    facts: str


def load_textures(folder):
    """Photographs of a folder as float32 with mean 1, by name."""
    textures = {}
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() in (".tif", ".tiff"):
            image = tifffile.imread(path)
        else:
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 2:
            continue
        image = image.astype(np.float32)
        ceiling = np.percentile(image, 99.9)
        image = np.minimum(image, ceiling)
        textures[path.stem] = image / image[image > 0].mean()
    return textures


def draw_pair(textures, kind, seed, size=(400, 1400), rotation=None, magnification=None):
    """One random pair.

    Parameters
    ----------
    textures : dict
        See `load_textures`.
    kind : str
        One of `SOLVABLE` or `IMPOSSIBLE`.
    seed : int
        Everything random follows from it.
    size : tuple of int
        Range of the frames' sides, px.
    rotation, magnification : float, optional
        Instead of drawn ones.

    Returns
    -------
    PhotographPair
    """
    rng = np.random.default_rng((seed, 77))
    name = str(rng.choice(sorted(textures)))
    frames = [tuple(int(n) for n in rng.integers(size[0], size[1] + 1, 2))] * 2
    if rng.random() < 0.4:
        frames[1] = tuple(int(n * rng.uniform(0.8, 1.25)) for n in frames[0])
    motion = _Motion(rng, frames, kind, rotation, magnification)
    texture = textures[name]
    half = texture.shape[1] // 2
    # A reflected rim would give a mirrored image a place where it truly fits.
    beyond = "constant" if kind in ("mirror", "other place") else "reflect"
    scene = _Scene(
        rng, texture[:, :half] if kind == "other place" else texture, frames, motion.scale, beyond
    )
    other = scene
    if kind == "other photograph":
        rest = [n for n in sorted(textures) if n != name]
        other = _Scene(rng, textures[str(rng.choice(rest))], frames, motion.scale)
    if kind == "other place":
        other = _Scene(rng, texture[:, half:], frames, motion.scale, beyond)
    y, x = np.indices(frames[0], dtype=np.float32)
    post_xy = np.stack([x.ravel(), y.ravel()], axis=1)
    sample = scene.covers(post_xy).reshape(frames[0]) > 0.5
    brightness, gain = rng.uniform(12, 60), rng.uniform(0.5, 2.0)
    mineral = gain * brightness * scene.at(post_xy).reshape(frames[0])
    if kind in ("gamma", "hard"):
        mineral = _gamma(mineral, rng.uniform(0.6, 1.6))
    pre = brightness * other.at(motion.post_from_pre()).reshape(frames[1])
    if kind in ("lamp", "hard", "stain"):
        mineral, pre = _lamp(rng, mineral), _lamp(rng, pre)
    mineral += _additions(rng, kind, textures, frames[0], scene, post_xy, brightness * gain)
    images = [_photograph(rng, image, kind) for image in (mineral, pre)]
    if kind == "mirror":
        images[1] = images[1][:, ::-1].copy()
    if kind == "same file":
        images[1] = images[0].copy()
    if kind in ("blank", "only noise"):
        level = 3 if kind == "blank" else 30
        empty = level + (rng.normal(size=frames[1]) * (0.5 if kind == "blank" else 8))
        images[1] = np.clip(np.round(empty), 0, 255).astype(np.uint8)
    facts = f"{name} {frames[0]} {frames[1]} {motion.facts} {scene.facts} b{brightness:.0f}"
    return PhotographPair(*images, motion.map_points, sample, facts)


class _Motion:
    """Where post pixels belong in pre, and back."""

    def __init__(self, rng, frames, kind, rotation, magnification):
        angle = rng.uniform(-180, 180) if rotation is None else rotation
        self.scale = rng.uniform(0.8, 1.25) if magnification is None else magnification
        shear = rng.uniform(-0.02, 0.02)
        turn = np.deg2rad(angle)
        linear = self.scale * np.array(
            [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        )
        linear = linear @ np.array([[1, shear], [0, rng.uniform(0.99, 1.01)]])
        middles = [np.array(frame[::-1]) / 2 for frame in frames]
        shift = rng.uniform(-0.06, 0.06, 2) * min(frames[0])
        self.matrix = np.eye(3)
        self.matrix[:2, :2] = linear
        self.matrix[:2, 2] = middles[1] + shift - linear @ middles[0]
        half = max(frames[0]) / 2
        if kind in ("perspective", "hard"):
            tilt = np.eye(3)
            tilt[2, :2] = rng.uniform(-1, 1, 2) * rng.uniform(1, 8) / half**2
            tilt[2, 2] = 1 - tilt[2, :2] @ middles[0]
            self.matrix = self.matrix @ tilt
        self.bend = rng.uniform(2, 5) if kind == "bending" else 0.0
        self.wave = 2 * np.pi / (rng.uniform(0.7, 1.6) * max(frames[0]))
        self.phase = rng.uniform(0, 2 * np.pi, 2)
        self.frame = frames[1]
        self.facts = f"{angle:.1f} deg x{self.scale:.2f}"

    def map_points(self, xy):
        xy = np.asarray(xy, dtype=np.float64)
        mapped = xy @ self.matrix[:, :2].T + self.matrix[:, 2]
        phase = self.wave * xy[:, ::-1] + self.phase
        return mapped[:, :2] / mapped[:, 2:] + self.bend * np.sin(phase)

    def post_from_pre(self):
        """Raw-post position shown by each pre pixel."""
        y, x = np.indices(self.frame, dtype=np.float64)
        xy = np.stack([x.ravel(), y.ravel()], axis=1)
        back = np.linalg.inv(self.matrix)

        def invert(points):
            there = points @ back[:, :2].T + back[:, 2]
            return there[:, :2] / there[:, 2:]

        post = invert(xy)
        for _ in range(8 if self.bend else 0):
            post = invert(xy - self.bend * np.sin(self.wave * post[:, ::-1] + self.phase))
        return post


class _Scene:
    """A photograph as a smooth surface in post pixels, with an outline or filling everything."""

    def __init__(self, rng, texture, frames, scale, beyond="reflect"):
        self.zoom = float(rng.uniform(1.0, 3.0)) if min(texture.shape) < 1000 else 1.0
        needed = np.array(frames[0]) / self.zoom
        spare = np.maximum(np.array(texture.shape) - needed, 0)
        y, x = (rng.uniform(0, 1, 2) * spare).astype(int)
        cut = texture[y : y + int(needed[0]) + 1, x : x + int(needed[1]) + 1]
        blurred = cv2.GaussianBlur(cut, (0, 0), 0.9 if self.zoom == 1.0 else 0.6)
        rim = min(200, min(cut.shape) - 1)
        self.rough = spline_filter(np.pad(blurred, rim, mode=beyond), 3, output=np.float32)
        self.origin = rim + (np.array(cut.shape) - needed) / 2
        self.middle = np.array(frames[0][::-1]) / 2
        self.radius = rng.uniform(0.28, 0.46) * min(frames[0]) / max(1.0, scale)
        self.open = rng.random() < 0.3
        self.harmonics = rng.uniform(-0.12, 0.12, (4, 2))
        self.glow = rng.uniform(0, 0.05)
        self.facts = "full" if self.open else f"blob r{self.radius:.0f}"

    def covers(self, xy):
        """1 on the sample, 0 beside it, softly."""
        if self.open:
            return np.ones(len(xy))
        dx, dy = ((xy - self.middle) / self.radius).T
        angle, radius = np.arctan2(dy, dx), np.hypot(dx, dy)
        edge = 1 + sum(
            a * np.cos(k * angle) + b * np.sin(k * angle)
            for k, (a, b) in enumerate(self.harmonics, start=2)
        )
        return 1 / (1 + np.exp(np.clip((radius - edge) * self.radius / 1.5, -50, 50)))

    def at(self, xy):
        row = np.asarray(xy)[:, 1] / self.zoom + self.origin[0]
        column = np.asarray(xy)[:, 0] / self.zoom + self.origin[1]
        value = map_coordinates(
            self.rough, [row, column], order=3, prefilter=False, mode="nearest", output=np.float32
        )
        return np.maximum(value, 0) * self.covers(xy) + self.glow


def _lamp(rng, image):
    """Smooth brightness over the field, up to a factor of two from darkest to brightest."""
    coarse = cv2.GaussianBlur(rng.normal(size=(64, 64)), (0, 0), 12)
    coarse = (coarse - coarse.min()) / np.ptp(coarse)
    smooth = cv2.resize(coarse, image.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return image * 2 ** (rng.uniform(0.3, 1.0) * (smooth - 0.5))


def _gamma(image, gamma):
    """Response curve through the image's own bright end."""
    top = max(float(np.percentile(image, 99)), 1e-6)
    return top * (np.maximum(image, 0) / top) ** gamma


def _additions(rng, kind, textures, frame, scene, post_xy, level):
    """What only post shows: microbes, and for 'stain' another photograph."""
    peak = (0.3, 1.5) if kind != "bright microbes" else (1.5, 5.0)
    cover = rng.uniform(0, 0.03) if kind != "bright microbes" else rng.uniform(0.02, 0.2)
    added = np.zeros(frame, dtype=np.float32)
    area = scene.covers(post_xy).reshape(frame)
    for _ in range(int(cover * area.sum() / 30)):
        y, x = rng.integers(0, frame[0]), rng.integers(0, frame[1])
        if area[y, x] < 0.5 and rng.random() > 0.02:
            continue
        long, wide = rng.uniform(1.2, 4.0), rng.uniform(1.2, 2.2)
        turn = rng.uniform(0, np.pi)
        box = np.s_[max(0, y - 12) : min(y + 13, frame[0]), max(0, x - 12) : min(x + 13, frame[1])]
        v, u = np.mgrid[box].astype(np.float32)
        u, v = u - x, v - y
        along, across = (
            u * np.cos(turn) + v * np.sin(turn),
            v * np.cos(turn) - u * np.sin(turn),
        )
        shape = np.exp(-0.5 * ((along / long) ** 2 + (across / wide) ** 2))
        added[box] += rng.uniform(*peak) * level * shape
    if kind == "stain":
        name = str(rng.choice(sorted(textures)))
        fields = cv2.GaussianBlur(rng.normal(size=frame).astype(np.float32), (0, 0), 25)
        patches = fields > np.quantile(fields, 1 - rng.uniform(0.05, 0.3))
        soft = cv2.GaussianBlur(patches.astype(np.float32), (0, 0), 2) * area
        stain = cv2.resize(textures[name], frame[::-1], interpolation=cv2.INTER_AREA)
        added += rng.uniform(0.3, 1.5) * level * stain * soft
    return added


def _photograph(rng, image, kind):
    """Offset, shot noise, read noise and digitisation."""
    photons = rng.uniform(3, 40)
    noisy = rng.poisson(np.maximum(image, 0) * photons) / photons
    noisy = noisy + rng.uniform(0, 6) + rng.uniform(0.2, 1.0) * rng.normal(size=image.shape)
    if kind == "plain" and rng.random() < 0.5:
        return np.clip(np.round(noisy * 257), 0, 65535).astype(np.uint16)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
