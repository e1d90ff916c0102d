"""The mineral as a continuous function of the scene, which is the raw post frame extended."""

import cv2
import numpy as np

from .atlas import CELLS, PITCH, build_atlas, double_lattice
from .motion import Waves
from .outline import Outline
from .spec import highest_scale

# Layers of each texture: (atlas, magnification, weight). The large magnifications give structure
# at every scale; each layer is turned by an angle of its own, so the sum never repeats.
LAYERS = {
    "grains": (("grains", 1.0, 0.75), ("grains", 5.3, 0.5), ("fractal", 19.0, 0.4)),
    "fractal": (("fractal", 1.0, 0.7), ("fractal", 4.1, 0.5), ("fractal", 17.0, 0.45)),
    "veins": (("veins", 2.0, 0.85), ("fractal", 1.0, 0.3), ("veins", 9.0, 0.5)),
    "speckle": (("speckle", 1.0, 0.9), ("fractal", 13.0, 0.35)),
}
SECOND_MINERAL_SIZE = 9.0  # magnification of the noise that says where the second mineral is
WARP_WAVES = 6
WARP_SHORTEST = 900.0  # px at texture_scale 1
WARP_SLOPE = 0.11  # local stretch by each wave: neighbouring periods of an atlas do not match
ROUGHNESS = 0.7  # roughness of the outline, px for each px of `edge_px`
FARTHEST_ROUGHNESS = 6.0  # widths of the edge that roughness can reach out
PROBES = 220  # the texture's mean and quantiles are measured on PROBES x PROBES random points
KNEE = 0.6  # brightness is compressed above this part of the headroom
HEADROOM = 0.92  # of the full scale; the rest is left to noise
STEEPNESS = 40.0  # full scales by which a grain rises where its texture is twice the threshold
GLARE = 2.0  # full scales that a saturated grain has on top; more would flood its surroundings
COMPRESSION_STEPS = 12  # to reach the mean brightness in spite of the compression


class Scene:
    """What one photograph shows, without camera and without microbes.

    Parameters
    ----------
    spec : PairSpec
        The description.
    seed : int
        Seed of outline and texture (`spec.seed`, or `spec.pre_seed` for another sample).
    texture : str
        Kind of texture.
    """

    def __init__(self, spec, seed: int, texture: str):
        self.spec = spec
        self.outline = Outline(spec, seed)
        self._rng = np.random.default_rng((seed, 3))
        self._warp = _draw_warp(self._rng, spec.texture_scale)
        self.shortest_wave = min(self._warp.shortest, max(spec.post_shape) / 2)
        self._gain = _draw_gain(self._rng, spec)
        if texture == "image":
            self._layers = [
                ImageLayer(
                    spec.texture_image, spec, "dark" if spec.footprint == "texture" else "mirror"
                )
            ]
        else:
            self._layers = [
                _AtlasLayer(
                    build_atlas(kind, seed), magnification * spec.texture_scale, weight, self._rng
                )
                for kind, magnification, weight in LAYERS[texture]
            ]
        self._is_image = texture == "image"
        if spec.second_mineral_fraction > 0:
            magnification = SECOND_MINERAL_SIZE * spec.texture_scale
            self._second = _AtlasLayer(build_atlas("fractal", seed), magnification, 1.0, self._rng)
        self._measure()

    def coordinates(self, xy):
        """Scene position, texture position and log-gain at scene points, for `spread_map`.

        Parameters
        ----------
        xy : ndarray of float64, shape (N, 2)
            Scene points.

        Returns
        -------
        ndarray of float64, shape (N, 4) or (N, 5)
            x, y, texture u, v, and the relative gain where it varies.
        """
        columns = [xy, xy + self._warp.at(xy)]
        if self.spec.gain_variation > 0:
            columns.append(1 + self.spec.gain_variation * self._gain.at(xy)[:, :1])
        return np.concatenate(columns, axis=1)

    def coverage(self, maps, base):
        """Part of each pixel's mineral that is there: 0 beside the sample, 1 on it.

        Parameters
        ----------
        maps : ndarray of float32, shape (4 or 5, height, width)
            From `spread_map` of `coordinates`.
        base : ndarray of float64, shape (4,) or (5,)
            The same.

        Returns
        -------
        ndarray of float32, shape (height, width)
        """
        distance = self.outline.distance(maps[0], maps[1], base[:2])
        return self._coverage(distance, self._layers[0].sample(maps, base))

    def mineral(self, maps, base):
        """Mineral of the pre image, grey levels above offset, thinned at the sample's edge.

        Parameters and shape as for `coverage`.
        """
        distance = self.outline.distance(maps[0], maps[1], base[:2])
        if distance is not None and distance.max() < -FARTHEST_ROUGHNESS * self.spec.edge_px:
            return np.zeros(maps.shape[1:], np.float32)
        first = self._layers[0].sample(maps, base)
        levels = self._brighten(self._texture(first, maps, base))
        levels *= self._coverage(distance, first)
        return levels

    def scale(self, maps, base):
        """Post over pre, a map or one number. Parameters as for `coverage`."""
        spec = self.spec
        scale = np.float32(spec.scale)
        if spec.gain_variation > 0:
            scale = scale * (maps[4] + np.float32(base[4]))
        if spec.second_mineral_fraction > 0:
            above = self._second.sample(maps, base) - self._second_from
            second = np.clip(above * 8 + np.float32(0.5), 0, 1)
            scale = scale * (1 + np.float32(spec.second_mineral_ratio - 1) * second)
        return scale

    def _texture(self, first, maps, base):
        if self._is_image:
            return first
        total = first * np.float32(self._layers[0].weight)
        for layer in self._layers[1:]:
            cv2.scaleAdd(layer.sample(maps, base), layer.weight, total, total)
        return cv2.exp(total * np.float32(self.spec.contrast))

    def _coverage(self, distance, first):
        edge = self.spec.edge_px
        if distance is None:
            return np.ones(first.shape, np.float32)
        if not self._is_image:
            distance = cv2.scaleAdd(first, ROUGHNESS * edge, distance)
        inside = np.clip(distance * np.float32(1 / edge), 0, 1)
        return inside * inside * (3 - 2 * inside)

    def _brighten(self, texture):
        """Turn the texture into grey levels: compressed below the ceiling, bright grains above."""
        levels = texture * np.float32(self._unit)
        beyond = None
        if self._bright is not None:
            start, steepness, glare = self._bright
            beyond = np.maximum(levels - np.float32(start), 0) * np.float32(steepness)
            np.minimum(beyond, np.float32(glare), out=beyond)
        if self._limit is not None:
            knee = np.float32(KNEE * self._limit)
            room = np.float32((1 - KNEE) * self._limit)
            above = np.maximum(levels - knee, 0)
            levels += room * np.tanh(above / room) - above
        return levels if beyond is None else levels + beyond

    def _measure(self):
        """Set brightness, saturation and second mineral by the texture's distribution."""
        spec = self.spec
        height, width = spec.post_shape
        x = self._rng.uniform(0, width - 1, PROBES * PROBES)
        y = self._rng.uniform(0, height - 1, PROBES * PROBES)
        values = self.coordinates(np.stack([x, y], axis=1)).T.reshape(-1, PROBES, PROBES)
        base = np.zeros(len(values))
        maps = values.astype(np.float32)
        first = self._layers[0].sample(maps, base)
        on_sample = self.coverage(maps, base) > 0.5
        if not on_sample.any():
            on_sample[:] = True
        texture = self._texture(first, maps, base)[on_sample]
        self._unit, self._limit, self._bright = 1.0, None, None
        self._set_brightness(texture)
        if spec.second_mineral_fraction > 0:
            second = self._second.sample(maps, base)[on_sample]
            self._second_from = np.float32(np.quantile(second, 1 - spec.second_mineral_fraction))

    def _set_brightness(self, texture):
        """Find the factor, the ceiling and the bright grains from the texture on the sample."""
        spec = self.spec
        mean = float(texture.mean(dtype=np.float64))
        self._unit = spec.brightness / mean if mean > 0 else 0.0
        if spec.full_scale is None:
            return
        brightest = max(1.0, highest_scale(spec))
        full = spec.full_scale / spec.grey_unit
        limit = (HEADROOM * full - max(spec.pre_offset, spec.post_offset)) / brightest
        if float(texture.max()) * self._unit > KNEE * limit:
            self._limit = limit
            for _ in range(COMPRESSION_STEPS):
                self._unit *= spec.brightness / float(
                    self._brighten(texture).mean(dtype=np.float64)
                )
        if spec.saturated_fraction > 0:
            start = float(np.quantile(texture, 1 - spec.saturated_fraction)) * self._unit
            dimmest = min(1.0, spec.scale * (1 - spec.gain_variation))
            steepness = STEEPNESS * full / (dimmest * max(start, 1.0))
            self._bright = start, steepness, GLARE * full / dimmest


class _AtlasLayer:
    """One periodic lattice, turned, shifted and magnified."""

    def __init__(self, lattice, magnification, weight, rng):
        self._lattice = lattice
        self.weight = weight
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self._matrix = turn / (PITCH * magnification)
        self._offset = rng.uniform(0, 2 * CELLS, 2)

    def sample(self, maps, base):
        """Values at the texture positions ``base[2:4] + maps[2:4]``."""
        start = np.mod(self._matrix @ base[2:4] + self._offset, self._lattice.shape[0])
        (a, b), (c, d) = self._matrix
        u = cv2.addWeighted(maps[2], a, maps[3], b, start[0])
        v = cv2.addWeighted(maps[2], c, maps[3], d, start[1])
        return cv2.remap(self._lattice, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


class ImageLayer:
    """A given image, centred on the post frame and magnified by `texture_scale`.

    Parameters
    ----------
    image : ndarray or path
        The image.
    spec : PairSpec
        Uses `texture_scale` and the post frame's shape.
    beyond : {'dark', 'mirror'}
        What lies beyond the image.
    """

    weight = 1.0

    def __init__(self, image, spec, beyond):
        image = load_grey(image)
        self._lattice = double_lattice(image, 0.6)
        self.highest = float(image.max())
        self._border = cv2.BORDER_CONSTANT if beyond == "dark" else cv2.BORDER_REFLECT_101
        self._scale = 2.0 / spec.texture_scale
        height, width = spec.post_shape
        centre = np.array([width - 1, height - 1]) / 2
        middle = (np.array(image.shape[::-1]) - 1) / 2
        self._offset = 2 * middle + 0.5 - self._scale * centre

    def sample(self, maps, base):
        """Values at the scene positions ``base[:2] + maps[:2]``."""
        start = self._scale * base[:2] + self._offset
        u = maps[0] * np.float32(self._scale) + np.float32(start[0])
        v = maps[1] * np.float32(self._scale) + np.float32(start[1])
        return cv2.remap(self._lattice, u, v, cv2.INTER_LINEAR, borderMode=self._border)


def load_grey(image):
    """Return a given image, an array or a file, as a grey float32 array."""
    if not isinstance(image, np.ndarray):
        import tifffile

        image = tifffile.imread(image)
    image = np.asarray(image, np.float32)
    return image if image.ndim == 2 else image.mean(axis=2)


def _draw_warp(rng, texture_scale) -> Waves:
    length = WARP_SHORTEST * texture_scale * rng.uniform(1.0, 4.0, WARP_WAVES)
    angle = rng.uniform(0, 2 * np.pi) + np.arange(WARP_WAVES) * 2.4
    frequency = 2 * np.pi / length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    towards = rng.uniform(0, 2 * np.pi, WARP_WAVES)
    size = WARP_SLOPE * length / (2 * np.pi)
    amplitude = size[:, None] * np.stack([np.cos(towards), np.sin(towards)], axis=1)
    return Waves(amplitude, frequency, rng.uniform(0, 2 * np.pi, WARP_WAVES))


def _draw_gain(rng, spec) -> Waves:
    """Two slow waves; together they reach from -1 to 1."""
    angle = rng.uniform(0, 2 * np.pi) + np.array([0.0, 1.9])
    k = 2 * np.pi / max(spec.post_shape) * np.array([0.5, 0.9])
    frequency = k[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    amplitude = np.array([[0.65, 0.0], [0.35, 0.0]])
    return Waves(amplitude, frequency, rng.uniform(0, 2 * np.pi, 2))
