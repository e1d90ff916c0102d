"""The demonstration: the `demo:` part of the configuration turned into pairs and file names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from exo2micro.errors import ConfigError

from .pair import write_pair
from .spec import PairSpec
from .truth import Truth

BIT_DEPTHS = {8: "uint8", 16: "uint16", 32: "float32"}
MISSING = (None, "pre", "post")
DEMO_KEYS = ("seed", "defaults", "pairs")


@dataclass(frozen=True)
class DemoPair:
    """One pair of the demonstration.

    Attributes
    ----------
    sample, dye : str
        Names.
    spec : PairSpec
        What the pair looks like.
    missing : {None, 'pre', 'post'}
        The file that is left out on purpose.
    """

    sample: str
    dye: str
    spec: PairSpec
    missing: str | None = None

    def pre_path(self, raw_dir) -> Path | None:
        """Where the pre file goes; None if it is left out."""
        return self._image_path(raw_dir, "pre")

    def post_path(self, raw_dir) -> Path | None:
        """Where the post file goes; None if it is left out."""
        return self._image_path(raw_dir, "post")

    def truth_path(self, raw_dir) -> Path:
        """Where the truth goes, beside the images."""
        return Path(raw_dir) / self.sample / f"{self.sample}_truth_{self.dye}.json"

    def raw_paths(self, raw_dir) -> list[Path]:
        """Image files that this pair has on disk once it is made."""
        paths = self.pre_path(raw_dir), self.post_path(raw_dir)
        return [path for path in paths if path is not None]

    def write(self, raw_dir, *, threads: int = 2) -> Truth:
        """Make the files; see `write_pair`."""
        return write_pair(
            self.spec,
            self.pre_path(raw_dir),
            self.post_path(raw_dir),
            self.truth_path(raw_dir),
            threads=threads,
        )

    def to_record(self) -> dict:
        """Plain values from which `from_record` makes the same pair."""
        names = {"sample": self.sample, "dye": self.dye, "missing": self.missing}
        return {**names, "spec": self.spec.to_record()}

    @classmethod
    def from_record(cls, record: Mapping) -> "DemoPair":
        """Make a pair from what `to_record` gave."""
        return cls(**{**record, "spec": PairSpec.from_record(record["spec"])})

    def _image_path(self, raw_dir, frame):
        if self.missing == frame:
            return None
        # A file without its partner is spelled otherwise, so that its name tells which of the
        # workflow's rules makes it.
        marker = frame if self.missing else f"{frame.capitalize()}Stain"
        return Path(raw_dir) / self.sample / f"{self.sample}_{marker}_{self.dye}.tif"


def demo_specs(demo: Mapping) -> list[DemoPair]:
    """Read the `demo:` part of the configuration.

    Parameters
    ----------
    demo : mapping
        ``seed``; ``defaults``, fields of `PairSpec` that hold for every pair; and ``pairs``, a
        list of mappings with ``sample``, ``dye``, optionally ``missing: pre`` or ``post``, and
        fields of `PairSpec`. ``size: [height, width]`` stands for `post_shape` and ``bit_depth``
        (8, 16, or 32 for float) for `dtype`.

    Returns
    -------
    list of DemoPair

    Raises
    ------
    ConfigError
        For a missing or unknown key, a value out of range, or a pair that is there twice.
    """
    if not isinstance(demo, Mapping) or not demo.get("pairs"):
        raise ConfigError(
            "demo: expected a mapping with a list `pairs`, each entry with `sample` and `dye` "
            "(see config/demo.yaml)."
        )
    unknown = sorted(set(demo) - set(DEMO_KEYS))
    if unknown:
        raise ConfigError(
            f"demo: unknown keys {', '.join(unknown)}; known are {', '.join(DEMO_KEYS)}. What "
            "holds for every pair belongs under `defaults`."
        )
    pairs = [_read_pair(demo, entry) for entry in demo["pairs"]]
    names = [(pair.sample, pair.dye) for pair in pairs]
    twice = sorted({"/".join(name) for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"demo: pairs that are listed twice: {', '.join(twice)}.")
    return pairs


def planned_raw_files(demo: Mapping, raw_dir) -> list[Path]:
    """Image files that the demonstration will put under `raw_dir`, before they exist."""
    return [path for pair in demo_specs(demo) for path in pair.raw_paths(raw_dir)]


def find_demo_pair(demo: Mapping, sample: str, dye: str) -> DemoPair:
    """Return one pair of the demonstration.

    Raises
    ------
    ConfigError
        If there is no such pair.
    """
    pairs = demo_specs(demo)
    for pair in pairs:
        if (pair.sample, pair.dye) == (sample, dye):
            return pair
    there = ", ".join(f"{pair.sample}/{pair.dye}" for pair in pairs)
    raise ConfigError(f"demo: there is no pair {sample}/{dye}; there are {there}.")


def _read_pair(demo, entry):
    if not isinstance(entry, Mapping) or not {"sample", "dye"} <= set(entry):
        raise ConfigError(f"demo: each of `pairs` needs `sample` and `dye`, found {entry!r}.")
    values = {**demo.get("defaults", {}), **entry}
    sample, dye = str(values.pop("sample")), str(values.pop("dye"))
    missing = values.pop("missing", None)
    if missing not in MISSING:
        raise ConfigError(
            f"demo: {sample}/{dye}: missing is {missing!r}, expected 'pre' or 'post' or nothing."
        )
    if "size" in values:
        values["post_shape"] = values.pop("size")
    if "bit_depth" in values:
        values["dtype"] = _pixel_type(values.pop("bit_depth"), sample, dye)
    # A seed of its own for each pair, whatever else is in the list.
    own_seed = crc32(f"{demo.get('seed', 0)}/{sample}/{dye}".encode())
    try:
        spec = PairSpec.from_record({"seed": own_seed, **values})
    except (ConfigError, TypeError) as fault:
        raise ConfigError(f"demo: {sample}/{dye}: {fault}") from fault
    return DemoPair(sample, dye, spec, missing)


def _pixel_type(bit_depth, sample, dye):
    if bit_depth not in BIT_DEPTHS:
        raise ConfigError(
            f"demo: {sample}/{dye}: bit_depth is {bit_depth!r}, expected one of "
            f"{', '.join(map(str, BIT_DEPTHS))}."
        )
    return BIT_DEPTHS[bit_depth]
