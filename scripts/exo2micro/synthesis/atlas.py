"""Mineral textures: periodic lattices that, with bilinear interpolation, *define* the scene.

A texture is a continuous function of the plane by definition: the bilinear interpolation of a
lattice whose pitch is half a pixel and whose content is smooth on that pitch. So sampling it is
exact in every frame and no interpolation filter is favoured. (OpenCV from version 5 evaluates
the bilinear function exactly; before, positions are rounded to 1/64 px.)
"""

from functools import lru_cache

import cv2
import numpy as np

CELLS = 2048  # texture px along a side of the periodic lattice
PITCH = 0.5  # texture px between lattice nodes
SMOOTHING = 0.8  # sigma, texture px: leaves 4 % of the contrast at the camera's Nyquist frequency


@lru_cache(maxsize=6)
def build_atlas(kind: str, seed: int) -> np.ndarray:
    """Build the periodic lattice of one kind of texture, mean 0 and standard deviation 1.

    Parameters
    ----------
    kind : {'grains', 'fractal', 'veins', 'speckle'}
        Crystals in two sizes, noise with a power law, bright ridges, fine speckle.
    seed : int
        Seed.

    Returns
    -------
    ndarray of float32, shape (2 * CELLS, 2 * CELLS)
        Read-only.
    """
    rng = np.random.Generator(np.random.SFC64((seed, sum(kind.encode()))))
    texture = {
        "grains": _draw_grains,
        "fractal": _draw_fractal,
        "veins": _draw_veins,
        "speckle": _draw_speckle,
    }[kind](rng)
    lattice = double_lattice(_wrap(texture, 16), SMOOTHING)[32:-32, 32:-32]
    mean, deviation = cv2.meanStdDev(lattice)
    lattice = (lattice - np.float32(mean[0, 0])) / np.float32(deviation[0, 0])
    lattice.flags.writeable = False
    return lattice


def double_lattice(image: np.ndarray, sigma: float) -> np.ndarray:
    """Interpolate an image on half its pitch, then smooth it.

    Smoothing comes last: it removes what the interpolation does differently to every other node,
    which a camera at the image's own pitch would see as a shift of up to 0.04 px.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        Image.
    sigma : float
        Gaussian smoothing, px of `image`.

    Returns
    -------
    ndarray of float32, shape (2 * height, 2 * width)
        Node ``j`` lies at ``(j - 0.5) / 2`` of the image.
    """
    height, width = image.shape
    doubled = cv2.resize(
        np.asarray(image, np.float32), (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC
    )
    return cv2.GaussianBlur(doubled, (0, 0), 2 * sigma, borderType=cv2.BORDER_REFLECT)


def _wrap(texture, margin):
    return cv2.copyMakeBorder(texture, *[margin] * 4, cv2.BORDER_WRAP)


def _power_law(rng, slope: float) -> np.ndarray:
    """Periodic noise whose amplitude falls as frequency to the power -slope; unit deviation."""
    white = rng.standard_normal((CELLS, CELLS), dtype=np.float32)
    spectrum = np.fft.rfft2(white)
    ky, kx = np.fft.fftfreq(CELLS)[:, None], np.fft.rfftfreq(CELLS)[None, :]
    k = np.maximum(np.hypot(kx, ky), 4 / CELLS).astype(np.float32)
    spectrum *= k**-slope
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, (CELLS, CELLS)).astype(np.float32)
    return noise / noise.std()


def _draw_crystals(rng, mean_size: float, density: np.ndarray) -> np.ndarray:
    """Voronoi cells, each with a brightness and a slope of its own.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.
    mean_size : float
        Mean side of a crystal, px.
    density : ndarray, shape (CELLS, CELLS)
        Smooth noise of unit deviation; where it is high, crystals are small.
    """
    points = rng.integers(0, CELLS, (3 * int((CELLS / mean_size) ** 2), 2))
    kept = rng.logistic(0, 0.5, len(points)) < density[points[:, 1], points[:, 0]]
    points = np.unique(points[kept], axis=0)
    identity = np.full((CELLS, CELLS), -1, np.int32)
    identity[points[:, 1], points[:, 0]] = np.arange(len(points))

    margin = int(12 * mean_size)
    identity = cv2.copyMakeBorder(identity, *[margin] * 4, cv2.BORDER_WRAP)
    _, labels = cv2.distanceTransformWithLabels(
        (identity < 0).astype(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    rows, columns = np.nonzero(identity >= 0)
    crystal = identity[rows, columns]
    level = rng.standard_normal(len(points)).astype(np.float32)[crystal]
    slope = (rng.standard_normal((len(points), 2)) * 0.5 / mean_size).astype(np.float32)[crystal]
    base = level - slope[:, 0] * columns - slope[:, 1] * rows
    order = np.zeros(labels.max() + 1, np.intp)
    order[labels[rows, columns]] = np.arange(len(rows))
    inner = order[labels[margin:-margin, margin:-margin]]
    along = np.arange(margin, margin + CELLS, dtype=np.float32)
    return base[inner] + slope[inner, 0] * along + slope[inner, 1] * along[:, None]


def _draw_grains(rng):
    density = cv2.GaussianBlur(_power_law(rng, 1.6), (0, 0), 12)
    large = _draw_crystals(rng, 34.0, density)
    small = _draw_crystals(rng, 9.0, density)
    return 0.75 * large + 0.5 * small + 0.35 * _power_law(rng, 1.0)


def _draw_fractal(rng):
    return _power_law(rng, 1.25)


def _draw_veins(rng):
    ridge = -np.abs(_power_law(rng, 1.7)) - 0.5 * np.abs(_power_law(rng, 1.5))
    return np.exp(3.0 * ridge) + 0.15 * _power_law(rng, 1.0)


def _draw_speckle(rng):
    white = rng.standard_normal((CELLS, CELLS), dtype=np.float32)
    fine = cv2.GaussianBlur(_wrap(white, 16), (0, 0), 1.0)[16:-16, 16:-16]
    return fine / fine.std() + 0.5 * _power_law(rng, 0.6)
