"""How the sample moved between the two photographs: a homography and a smooth bending."""

from dataclasses import dataclass

import numpy as np

from exo2micro.geometry import apply_homography, normalize, similarity, translation

INVERSE_TOLERANCE = 1e-7  # px; the inverse of the bending is iterated until it moves less
INVERSE_STEPS = 60
BENDING_WAVES = 4


@dataclass(frozen=True)
class Waves:
    """A sum of plane sine waves, a smooth function of the plane with two components.

    Attributes
    ----------
    amplitude : ndarray, shape (K, 2)
        Displacement by each wave, px.
    frequency : ndarray, shape (K, 2)
        ``(kx, ky)``, radians a px.
    phase : ndarray, shape (K,)
        Radians.
    """

    amplitude: np.ndarray
    frequency: np.ndarray
    phase: np.ndarray

    def at(self, xy):
        """Displacement ``(N, 2)`` at points ``(N, 2)``."""
        return np.sin(xy @ self.frequency.T + self.phase) @ self.amplitude

    @property
    def shortest(self) -> float:
        """Shortest wavelength, px (infinity without waves)."""
        longest_k = np.linalg.norm(self.frequency, axis=1).max(initial=0.0)
        return 2 * np.pi / longest_k if longest_k > 0 else np.inf

    def to_record(self) -> dict:
        """Return lists of numbers for a JSON record."""
        return {
            "amplitude": self.amplitude.tolist(),
            "frequency": self.frequency.tolist(),
            "phase": self.phase.tolist(),
        }


@dataclass(frozen=True)
class Motion:
    """The true map between the raw frames: ``pre = homography(post) + bending(post)``.

    Attributes
    ----------
    pre_from_post : ndarray of float64, shape (3, 3)
        Homography from raw post to raw pre.
    bending : Waves
        What bending adds, in pre px, as a function of the raw-post position.
    """

    pre_from_post: np.ndarray
    bending: Waves

    def map_points(self, xy):
        """Raw-pre points ``(N, 2)`` that show the raw-post points ``(N, 2)``; exact."""
        xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        return apply_homography(self.pre_from_post, xy) + self.bending.at(xy)

    def inverse_points(self, xy):
        """Raw-post points ``(N, 2)`` that the raw-pre points ``(N, 2)`` show, to 1e-7 px."""
        xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        post_from_pre = np.linalg.inv(self.pre_from_post)
        found = apply_homography(post_from_pre, xy)
        if not self.bending.amplitude.any():
            return found
        for _ in range(INVERSE_STEPS):
            previous = found
            found = apply_homography(post_from_pre, xy - self.bending.at(previous))
            if np.abs(found - previous).max(initial=0.0) < INVERSE_TOLERANCE:
                return found
        raise ValueError("the bending cannot be inverted: it folds the sample")


def build_motion(spec) -> Motion:
    """Draw the true motion of a `PairSpec` (the bending's waves from its seed)."""
    if spec.pre_is_post:
        return Motion(np.eye(3), Waves(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)))
    (post_height, post_width), (pre_height, pre_width) = spec.post_shape, spec.pre_shape
    half = max(post_height, post_width) / 2
    post_centre = (post_width - 1) / 2, (post_height - 1) / 2
    pre_centre = (pre_width - 1) / 2, (pre_height - 1) / 2
    rng = np.random.default_rng((spec.seed, 1))
    shear = np.array([[1.0, spec.shear, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    direction = rng.uniform(0, 2 * np.pi)
    perspective = np.eye(3)
    perspective[2, :2] = (
        spec.perspective_px / half**2 * np.array([np.cos(direction), np.sin(direction)])
    )
    flip = np.diag([-1.0 if spec.mirror_pre else 1.0, 1.0, 1.0])
    about_origin = (
        flip
        @ perspective
        @ similarity(spec.rotation_deg, spec.magnification, (0, 0), (0, 0))
        @ shear
    )
    matrix = (
        translation(pre_centre[0] + spec.shift[0], pre_centre[1] + spec.shift[1])
        @ about_origin
        @ translation(-post_centre[0], -post_centre[1])
    )
    return Motion(normalize(matrix), _draw_bending(spec, rng))


def _draw_bending(spec, rng) -> Waves:
    height, width = spec.post_shape
    main = 2 * np.pi * spec.bending_periods / max(height, width)
    angle = rng.uniform(0, 2 * np.pi) + np.arange(BENDING_WAVES) * 2.4
    length = main * rng.uniform(0.6, 1.0, BENDING_WAVES)
    frequency = length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    amplitude = rng.uniform(0.5, 1.0, (BENDING_WAVES, 2)) * rng.choice([-1, 1], (BENDING_WAVES, 2))
    waves = Waves(amplitude, frequency, rng.uniform(0, 2 * np.pi, BENDING_WAVES))
    x, y = np.meshgrid(np.linspace(0, width - 1, 41), np.linspace(0, height - 1, 41))
    largest = np.linalg.norm(waves.at(np.stack([x.ravel(), y.ravel()], axis=1)), axis=1).max()
    return Waves(amplitude * spec.bending_px / largest, frequency, waves.phase)
