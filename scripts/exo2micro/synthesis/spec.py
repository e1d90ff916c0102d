"""What a synthetic pair shall look like: one frozen, validated description."""

from dataclasses import asdict, dataclass, field, fields
from math import inf, isfinite
from pathlib import Path

from exo2micro.errors import ConfigError

DTYPES = {"uint8": 255, "uint16": 65535, "float32": None}
TEXTURES = ("grains", "fractal", "veins", "speckle", "image")
FOOTPRINTS = ("blob", "fragments", "cropped", "full", "texture")
BLANKS = ("none", "pre", "post", "both")
LARGEST_MEAN = 200.0  # mean grey level of the brighter image; more leaves no room for contrast
IMAGE_FIELDS = ("texture_image", "stain_image")


@dataclass(frozen=True)
class PairSpec:
    """A synthetic pre/post pair.

    Brightness is counted in *grey levels of an 8-bit image* whatever the type of the pixels; in a
    16-bit file one such level is 257. Lengths are px of the post frame where nothing else is said.

    Attributes
    ----------
    seed : int
        Everything random follows from it.
    post_shape, pre_shape : tuple of int
        ``(height, width)`` of the raw images; `pre_shape` None means the same.
    dtype : {'uint8', 'uint16', 'float32'}
        Type of the pixels. float32 is neither rounded nor clipped.
    colour : {'rgb', 'grey'}
        RGB has the signal in channel `channel` and `crosstalk` times the signal in the others.
    channel : int
        Signal channel of an RGB image.
    crosstalk : float
        Signal of the other channels as a fraction of the signal channel's.
    pixel_size_um : float or None
        Written into the files.
    rotation_deg, magnification, shear : float
        Linear part of ``pre_from_post``, from x towards y, about the middle of the frame.
    shift : tuple of float
        ``(dx, dy)`` of the frame's middle, pre px.
    perspective_px : float
        Displacement by perspective at half the longer side from the middle, px.
    bending_px : float
        Largest displacement by bending over the frame, pre px.
    bending_periods : float
        Periods of the bending's main wave over the longer side.
    mirror_pre : bool
        The pre image is flipped left to right: no sample can be moved like that.
    scale : float
        Mineral of post over mineral of pre.
    brightness : float
        Mean level of the pre image's mineral above its offset. Contrast is compressed where the
        brighter of the two images would else saturate.
    contrast : float
        Standard deviation of the mineral's log-brightness.
    saturated_fraction : float
        Part of the mineral's area that saturates (grains too bright for the camera), before the
        optical blur: of a texture finer than the blur, less is left, or more.
    pre_offset, post_offset : float
        Dark level of each image.
    background : float
        Glow of the empty slide, in both images (not multiplied by `scale`).
    gain_variation : float
        Relative half-range of a smooth variation of the scale over the field.
    second_mineral_fraction, second_mineral_ratio : float
        Part of the sample made of a second mineral, and its scale over `scale`.
    photons_per_level : float
        Photons for one grey level; infinity for no shot noise.
    read_noise : float
        Standard deviation of the camera's noise, grey levels.
    psf_fwhm : float
        Optical blur of each camera, px of that camera. Above about 2 px, as in a well-sampled
        image; less leaves some aliasing.
    texture : {'grains', 'fractal', 'veins', 'speckle', 'image'}
        Structure of the mineral. 'image': `texture_image`, an array or a file.
    texture_scale : float
        Magnifies the texture.
    footprint : {'blob', 'fragments', 'cropped', 'full', 'texture'}
        Outline: one rounded irregular piece, several, one that the frame's edge cuts, the whole
        frame, or whatever the texture image shows (dark beyond it; every place then counts as
        sample).
    fill : float
        Size of the sample relative to the frame.
    holes : int
        Holes in the sample.
    edge_px : float
        Width over which the mineral thins out at its edge.
    microbe_cover : float
        Part of the sample's area where a microbe is brighter than half its own peak.
    microbe_fwhm : tuple of float
        Range of the microbes' width *as imaged*, px.
    microbe_peak : tuple of float
        Range of the microbes' peak, levels above the mineral (log-uniform).
    rod_fraction, cluster_fraction, stray_fraction : float
        Part of rods among the microbes, of microbes in clusters, and the density beside the
        sample relative to that on it.
    stain_image : array, path or None
        Added to post as it is (no blur), its maximum at `stain_peak` levels, centred and magnified
        like a texture image.
    stain_peak : float
        See `stain_image`.
    pre_seed : int or None
        Another seed for what the pre image shows: a different sample.
    pre_texture : str or None
        Another texture for what the pre image shows.
    blank : {'none', 'pre', 'post', 'both'}
        Images that show nothing but offset and noise.
    pre_is_post : bool
        The pre image is the post image, bit for bit.
    """

    seed: int = 0
    post_shape: tuple[int, int] = (2400, 2800)
    pre_shape: tuple[int, int] | None = None
    dtype: str = "uint8"
    colour: str = "rgb"
    channel: int = 1
    crosstalk: float = 0.0
    pixel_size_um: float | None = 0.65
    rotation_deg: float = 0.0
    magnification: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    shear: float = 0.0
    perspective_px: float = 0.0
    bending_px: float = 0.0
    bending_periods: float = 1.5
    mirror_pre: bool = False
    scale: float = 1.2
    brightness: float = 40.0
    contrast: float = 0.4
    saturated_fraction: float = 0.0
    pre_offset: float = 2.0
    post_offset: float = 2.0
    background: float = 0.0
    gain_variation: float = 0.0
    second_mineral_fraction: float = 0.0
    second_mineral_ratio: float = 1.0
    photons_per_level: float = 20.0
    read_noise: float = 0.6
    psf_fwhm: float = 2.4
    texture: str = "grains"
    texture_image: object = field(default=None, compare=False)
    texture_scale: float = 1.0
    footprint: str = "blob"
    fill: float = 0.8
    holes: int = 2
    edge_px: float = 6.0
    microbe_cover: float = 0.02
    microbe_fwhm: tuple[float, float] = (2.8, 6.0)
    microbe_peak: tuple[float, float] = (10.0, 80.0)
    rod_fraction: float = 0.5
    cluster_fraction: float = 0.4
    stray_fraction: float = 0.02
    stain_image: object = field(default=None, compare=False)
    stain_peak: float = 60.0
    pre_seed: int | None = None
    pre_texture: str | None = None
    blank: str = "none"
    pre_is_post: bool = False

    def __post_init__(self):
        """Check every value; lists (from YAML) become tuples."""
        for name in ("post_shape", "pre_shape", "shift", "microbe_fwhm", "microbe_peak"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, tuple(value))
        if self.pre_shape is None:
            object.__setattr__(self, "pre_shape", self.post_shape)
        _check_choices(self)
        _check_ranges(self)
        _check_agreement(self)

    @property
    def grey_unit(self) -> float:
        """Value of one 8-bit grey level in the type of the pixels."""
        return 257.0 if self.dtype == "uint16" else 1.0

    @property
    def full_scale(self) -> int | None:
        """Largest value of the type of the pixels; None for float."""
        return DTYPES[self.dtype]

    def shape(self, frame: str) -> tuple[int, int]:
        """``(height, width)`` of the frame 'pre' or 'post'."""
        return self.post_shape if frame == "post" else self.pre_shape

    def to_record(self) -> dict:
        """Plain dictionary for a JSON record; images given as arrays become a remark."""
        record = asdict(self)
        for name in IMAGE_FIELDS:
            image = record[name]
            if image is not None and not isinstance(image, str | Path):
                record[name] = f"array {getattr(image, 'shape', '')}"
        if record["photons_per_level"] == inf:
            record["photons_per_level"] = None
        return record

    @classmethod
    def from_record(cls, record: dict) -> "PairSpec":
        """Rebuild a description from `to_record`'s dictionary, or from a config mapping."""
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(record) - known)
        if unknown:
            raise ConfigError(
                f"Unknown keys in the description of a synthetic pair: {', '.join(unknown)}. "
                f"Known are: {', '.join(sorted(known))}."
            )
        values = dict(record)
        if "photons_per_level" in values and values["photons_per_level"] is None:
            values["photons_per_level"] = inf
        return cls(**values)


def highest_scale(spec: PairSpec) -> float:
    """Return the largest scale anywhere in the field."""
    return spec.scale * (1 + spec.gain_variation) * max(1.0, spec.second_mineral_ratio)


def _check_choices(spec: PairSpec) -> None:
    choices = {
        "dtype": tuple(DTYPES),
        "colour": ("rgb", "grey"),
        "texture": TEXTURES,
        "pre_texture": (None, *TEXTURES),
        "footprint": FOOTPRINTS,
        "blank": BLANKS,
        "channel": (0, 1, 2),
    }
    for name, allowed in choices.items():
        if getattr(spec, name) not in allowed:
            raise ConfigError(
                f"Synthetic pair: {name} is {getattr(spec, name)!r}, expected one of {allowed}."
            )


def _check_ranges(spec: PairSpec) -> None:
    ranges = {
        "seed": (0, inf),
        "crosstalk": (0, 1),
        "magnification": (0.1, 10),
        "shear": (-0.5, 0.5),
        "bending_px": (0, inf),
        "bending_periods": (0.1, 10),
        "scale": (1e-3, 1e3),
        "brightness": (0, 250),
        "contrast": (0, 2),
        "saturated_fraction": (0, 0.9),
        "pre_offset": (0, 250),
        "post_offset": (0, 250),
        "background": (0, 250),
        "gain_variation": (0, 0.9),
        "second_mineral_fraction": (0, 0.9),
        "second_mineral_ratio": (1e-3, 1e3),
        "photons_per_level": (1e-3, inf),
        "read_noise": (0, 250),
        "psf_fwhm": (0, 50),
        "texture_scale": (0.2, 50),
        "fill": (0.05, 3),
        "holes": (0, 100),
        "edge_px": (0.5, 500),
        "microbe_cover": (0, 0.5),
        "rod_fraction": (0, 1),
        "cluster_fraction": (0, 1),
        "stray_fraction": (0, 1),
        "stain_peak": (0, inf),
    }
    for name, (low, high) in ranges.items():
        value = getattr(spec, name)
        if not low <= value <= high:
            raise ConfigError(
                f"Synthetic pair: {name} is {value}, expected a number from {low} to {high}."
            )
    for name in ("microbe_fwhm", "microbe_peak"):
        low, high = getattr(spec, name)
        if not 0 < low <= high or not isfinite(high):
            raise ConfigError(
                f"Synthetic pair: {name} is {low}-{high}, expected two positive numbers in order."
            )
    for name in ("post_shape", "pre_shape"):
        shape = getattr(spec, name)
        if len(shape) != 2 or min(shape) < 16:
            raise ConfigError(
                f"Synthetic pair: {name} is {shape}, expected (height, width) of 16 px or more."
            )


def _check_agreement(spec: PairSpec) -> None:
    slope = 6.3 * spec.bending_px * spec.bending_periods / max(spec.post_shape)
    if slope > 0.3:
        raise ConfigError(
            f"Synthetic pair: bending_px {spec.bending_px} with bending_periods "
            f"{spec.bending_periods} folds the sample (local stretch {slope:.2f}). "
            "Take less of one."
        )
    offset = max(spec.pre_offset, spec.post_offset)
    brightest = spec.brightness * max(1.0, highest_scale(spec)) + offset
    if spec.full_scale is not None and brightest > LARGEST_MEAN:
        raise ConfigError(
            f"Synthetic pair: brightness {spec.brightness} with scale {spec.scale} and offset "
            f"{offset} gives a mean level of {brightest:.0f} of 255; it must stay below "
            f"{LARGEST_MEAN:.0f} or the whole mineral saturates."
        )
    if "image" in (spec.texture, spec.pre_texture) and spec.texture_image is None:
        raise ConfigError(
            "Synthetic pair: texture 'image' needs texture_image, an array or a file."
        )
    if spec.footprint == "texture" and spec.texture != "image":
        raise ConfigError("Synthetic pair: footprint 'texture' needs texture 'image'.")
    if spec.pre_is_post and spec.pre_shape != spec.post_shape:
        raise ConfigError("Synthetic pair: pre_is_post needs pre_shape equal to post_shape.")
