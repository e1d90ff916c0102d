"""A synthetic pair: any window of either image, the same pixels however it is cut."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from exo2micro.storage import Window, tile_windows
from exo2micro.storage.windows import intersect

from .camera import add_noise, blur_block, blur_margin, digitise
from .mapping import BLOCK, node_count, spread_map
from .microbes import MicrobeField
from .motion import build_motion
from .raw_files import write_raw
from .scene import ImageLayer, Scene
from .truth import Truth

THREADS = 2
PROBE_ROW = 256  # points are looked up in rows of this length


class SyntheticPair:
    """Both photographs of a `PairSpec`, drawn when and where they are read.

    Post shows the scene on its plain frame; pre pixel ``p`` shows the scene at the inverse of the
    true motion of ``p``. Mineral is blurred by the optics in each camera's own frame; microbes
    and stain are given as imaged and added after the blur. Then noise, then digitisation.

    Parameters
    ----------
    spec : PairSpec
        The description.

    Attributes
    ----------
    truth : Truth
        What is true of the pair.
    """

    def __init__(self, spec):
        self.spec = spec
        self.motion = build_motion(spec)
        self._scenes = self._build_scenes()
        self._microbes = MicrobeField(spec, self._is_sample)
        self._stain = None
        if spec.stain_image is not None:
            self._stain = ImageLayer(spec.stain_image, spec, beyond="dark")
            self._stain_unit = spec.stain_peak / max(self._stain.highest, 1e-9)
        self._counts = {
            "post": node_count(BLOCK, self._scenes["post"].shortest_wave),
            "pre": node_count(
                BLOCK,
                min(self._scenes["pre"].shortest_wave, self.motion.bending.shortest)
                * spec.magnification,
            ),
        }

    @property
    def truth(self) -> Truth:
        """What is true of the pair; draws the whole table of microbes."""
        spec = self.spec
        microbes = self._microbes.table()
        if spec.pre_is_post or spec.blank in ("post", "both"):
            microbes = microbes.iloc[:0]
        return Truth(spec, self.motion, 1.0 if spec.pre_is_post else spec.scale, microbes)

    def read(self, frame: str, window=None, threads: int = THREADS) -> np.ndarray:
        """Raw pixels of a window.

        Parameters
        ----------
        frame : {'post', 'pre'}
            Which image.
        window : tuple of int, optional
            ``(y0, y1, x0, x1)`` inside the frame; all of it by default.
        threads : int
            Blocks drawn at a time.

        Returns
        -------
        ndarray of the spec's dtype, shape (height, width) or (height, width, 3)
        """
        window = self._inside(frame, window)
        channels = (3,) if self.spec.colour == "rgb" else ()
        image = np.zeros((*window.shape, *channels), self.spec.dtype)
        self._fill(image, window, threads, lambda block: self._draw_block(frame, block), frame)
        return image

    def signal(self, frame: str, window=None, *, microbes: bool = True) -> np.ndarray:
        """Noise-free grey levels above the offset, before digitisation; float32."""
        window = self._inside(frame, window)
        image = np.zeros(window.shape, np.float32)
        self._fill(image, window, THREADS, lambda b: self._draw_levels(frame, b, microbes), frame)
        return image

    def sample_mask(self, frame: str, window=None) -> np.ndarray:
        """Where the sample is (at least half of its thickness); bool, without optical blur."""
        window = self._inside(frame, window)
        image = np.zeros(window.shape, bool)
        scene = self._scenes[frame]

        def draw(block):
            return scene.coverage(*self._maps(frame, block)) > 0.5

        self._fill(image, window, THREADS, draw, frame)
        return image

    def scale_at(self, xy) -> np.ndarray:
        """Scale (mineral of post over mineral of pre) at raw-post points ``(N, 2)``."""
        return self._look_up(xy, lambda scene, maps, base: scene.scale(maps, base))

    def blocks(self, frame: str):
        """Windows of the fixed grid in which the frame is drawn fastest."""
        return tile_windows(self.spec.shape(frame), BLOCK)

    def _build_scenes(self):
        spec = self.spec
        post = Scene(spec, spec.seed, spec.texture)
        if spec.pre_seed is None and spec.pre_texture is None:
            return {"post": post, "pre": post}
        seed = spec.seed if spec.pre_seed is None else spec.pre_seed
        return {"post": post, "pre": Scene(spec, seed, spec.pre_texture or spec.texture)}

    def _inside(self, frame, window):
        height, width = self.spec.shape(frame)
        return Window(*(window or (0, height, 0, width)))

    def _fill(self, image, window, threads, draw, frame):
        touched = [block for block in self.blocks(frame) if intersect(block, window)]

        def fill_one(block):
            shared = intersect(block, window)
            image[shared.within(window)] = draw(block)[shared.within(block)]

        if threads == 1 or len(touched) == 1:
            for block in touched:
                fill_one(block)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill_one, touched))

    def _maps(self, frame, window):
        scene = self._scenes[frame]

        def coordinates(xy):
            return scene.coordinates(self.motion.inverse_points(xy) if frame == "pre" else xy)

        return spread_map(coordinates, window, self._counts[frame])

    def _draw_levels(self, frame, block, microbes=True):
        spec = self.spec
        if spec.blank in (frame, "both"):
            return np.full(block.shape, spec.background, np.float32)
        margin = blur_margin(spec.psf_fwhm)
        around = (block.y0 - margin, block.y1 + margin, block.x0 - margin, block.x1 + margin)
        scene = self._scenes[frame]
        maps, base = self._maps(frame, around)
        levels = scene.mineral(maps, base)
        if frame == "post":
            levels = levels * scene.scale(maps, base)
        levels = blur_block(levels, spec.psf_fwhm) + np.float32(spec.background)
        if frame == "post" and microbes:
            self._microbes.add_to(levels, block)
            if self._stain is not None:
                inner = maps[:, margin : margin + block.height, margin : margin + block.width]
                levels += self._stain.sample(inner, base) * np.float32(self._stain_unit)
        return levels

    def _draw_block(self, frame, block):
        spec = self.spec
        if spec.pre_is_post:
            frame = "post"
        image = 0 if frame == "pre" else 1
        rng = np.random.Generator(
            np.random.SFC64((spec.seed, 5, image, block.y0 // BLOCK, block.x0 // BLOCK))
        )
        offset = spec.pre_offset if frame == "pre" else spec.post_offset
        levels = self._draw_levels(frame, block)
        noisy = add_noise(levels, spec.photons_per_level, spec.read_noise, rng)
        grey = digitise(noisy, offset, spec)
        if spec.colour == "grey":
            return grey
        pixels = np.zeros((*block.shape, 3), grey.dtype)
        pixels[..., spec.channel] = grey
        if spec.crosstalk > 0:
            for channel in {0, 1, 2} - {spec.channel}:
                faint = levels * np.float32(spec.crosstalk)
                noisy = add_noise(faint, spec.photons_per_level, spec.read_noise, rng)
                pixels[..., channel] = digitise(noisy, 0.0, spec)
        return pixels

    def _is_sample(self, xy):
        return self._look_up(xy, lambda scene, maps, base: scene.coverage(maps, base)) > 0.5

    def _look_up(self, xy, values_at):
        """Evaluate a function of the post scene at single points."""
        xy = np.asarray(xy, np.float64).reshape(-1, 2)
        if len(xy) == 0:
            return np.zeros(0, np.float32)
        scene = self._scenes["post"]
        filled = np.resize(xy, (-(-len(xy) // PROBE_ROW) * PROBE_ROW, 2))
        coordinates = scene.coordinates(filled)
        base = np.floor(coordinates.mean(axis=0))
        maps = (coordinates - base).T.reshape(-1, len(filled) // PROBE_ROW, PROBE_ROW)
        values = values_at(scene, np.ascontiguousarray(maps, np.float32), base)
        return np.broadcast_to(values, maps.shape[1:]).ravel()[: len(xy)]


def render_pair(spec):
    """Draw a whole pair in memory.

    Parameters
    ----------
    spec : PairSpec
        The description.

    Returns
    -------
    pre, post : ndarray
        Raw images, ``(height, width)`` or ``(height, width, 3)``.
    truth : Truth
        What is true of them.
    """
    pair = SyntheticPair(spec)
    return pair.read("pre"), pair.read("post"), pair.truth


def write_pair(spec, pre_path, post_path, truth_path, *, threads: int = THREADS, **layout) -> Truth:
    """Write a pair as raw TIFFs, block by block, and its truth beside it.

    Parameters
    ----------
    spec : PairSpec
        The description.
    pre_path, post_path, truth_path : path or None
        Where to; a file whose path is None is not made.
    threads : int
        Blocks drawn at a time.
    **layout
        ``tiled`` and ``compression`` of `write_raw`.

    Returns
    -------
    Truth
    """
    pair = SyntheticPair(spec)
    for frame, path in (("pre", pre_path), ("post", post_path)):
        if path is not None:
            write_raw(path, pair, frame, threads=threads, **layout)
    truth = pair.truth
    if truth_path is not None:
        truth.save(truth_path)
    return truth
