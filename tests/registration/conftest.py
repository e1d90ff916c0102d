"""Small known scenes for the registration's tests."""

import numpy as np
import pytest

from exo2micro.storage import ArrayImage


class WaveScene:
    """A sum of plane waves inside an ellipse: its value is exact at any position."""

    def __init__(self, seed, centre, radius, waves=60, shortest=9.0, longest=120.0):
        rng = np.random.default_rng(seed)
        length = np.exp(rng.uniform(np.log(shortest), np.log(longest), waves))
        angle = rng.uniform(0, 2 * np.pi, waves)
        self.kx, self.ky = 2 * np.pi / length * np.cos(angle), 2 * np.pi / length * np.sin(angle)
        self.phase = rng.uniform(0, 2 * np.pi, waves)
        self.centre, self.radius = centre, radius

    def at(self, x, y):
        total = sum(
            np.cos(kx * x + ky * y + phase)
            for kx, ky, phase in zip(self.kx, self.ky, self.phase, strict=True)
        )
        u, v = (x - self.centre[0]) / self.radius[0], (y - self.centre[1]) / self.radius[1]
        angle = np.arctan2(v, u)
        edge = (
            1 + 0.13 * np.cos(2 * angle + 0.4) + 0.09 * np.cos(3 * angle) + 0.05 * np.sin(5 * angle)
        )
        inside = 1 / (1 + np.exp((np.hypot(u, v) - edge) * min(self.radius)))
        return inside * 70 * np.exp(0.35 * total / np.sqrt(len(self.kx) / 2))


def render(scene, shape, scene_from_image, noise, seed, gain=1.0, dark=2.0):
    """Photograph of a scene; `scene_from_image` maps (N, 2) pixels to scene positions."""
    y, x = np.indices(shape, dtype=np.float64)
    xy = scene_from_image(np.stack([x.ravel(), y.ravel()], axis=1))
    clean = gain * scene.at(xy[:, 0], xy[:, 1]).reshape(shape) + dark
    noisy = clean + noise * np.random.default_rng(seed).normal(size=shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def make_pair():
    """Pair of padded images of one scene with a known `pre_from_post` (padded)."""
    from exo2micro.geometry import apply_homography, similarity, translation

    def make(
        seed,
        rotation,
        magnification,
        shift=(25.3, -14.8),
        size=560,
        pad=60,
        bend=None,
        pre_seed=None,
        noise=1.5,
    ):
        middle = (size / 2, size / 2)
        radius = (0.33 * size, 0.28 * size)
        scene = WaveScene(seed, middle, radius)
        other = scene if pre_seed is None else WaveScene(pre_seed, middle, radius)
        target = (middle[0] + shift[0], middle[1] + shift[1])
        raw = similarity(rotation, magnification, middle, target)
        back = np.linalg.inv(raw)

        def scene_from_pre(xy):
            post = apply_homography(back, xy)
            if bend is not None:
                for _ in range(20):
                    post = apply_homography(back, xy - bend(post))
            return post

        post = render(scene, (size, size), lambda xy: xy, noise, seed + 1, gain=1.3)
        pre = render(other, (size, size), scene_from_pre, noise, seed + 2)
        images = []
        for image in (post, pre):
            padded = np.zeros((size + 2 * pad, size + 2 * pad), dtype=np.uint8)
            padded[pad : pad + size, pad : pad + size] = image
            images.append(ArrayImage(padded))
        truth = translation(pad, pad) @ raw @ translation(-pad, -pad)

        def true_map(xy):
            mapped = apply_homography(truth, xy)
            return mapped if bend is None else mapped + bend(xy - pad)

        box = (pad, pad + size, pad, pad + size)
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([radius[0] * np.cos(angle), radius[1] * np.sin(angle)], axis=1)
        points = np.concatenate([np.array(middle) + r * ring for r in (0.3, 0.6, 0.85)])
        return images[0], images[1], box, true_map, points + pad

    return make


@pytest.fixture
def values():
    """All parameters at their defaults."""
    from exo2micro.parameters import resolve

    return resolve({})
