"""What is true of a synthetic pair, and its files beside the images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from exo2micro.errors import RecordError
from exo2micro.geometry import translation
from exo2micro.storage import atomic_path, read_record, write_record

from .motion import Motion, Waves
from .spec import PairSpec


@dataclass(frozen=True)
class Truth:
    """The truth of one pair, in raw pixel coordinates.

    Attributes
    ----------
    spec : PairSpec
        The description that the pair was made from.
    motion : Motion
        Homography and bending from raw post to raw pre.
    scale : float
        Mineral of post over mineral of pre (its middle value where it varies).
    microbes : DataFrame
        See `MicrobeField.table`.
    """

    spec: PairSpec
    motion: Motion
    scale: float
    microbes: pd.DataFrame

    @property
    def pre_from_post(self) -> np.ndarray:
        """Homography from raw post to raw pre, without the bending; float64, shape (3, 3)."""
        return self.motion.pre_from_post

    def pre_from_post_padded(self, pad: int) -> np.ndarray:
        """Homography from padded post to padded pre for a border of `pad` px."""
        return translation(pad, pad) @ self.pre_from_post @ translation(-pad, -pad)

    def map_points(self, xy, pad: int = 0):
        """Pre points ``(N, 2)`` of post points ``(N, 2)``, bending included, exact.

        Raw coordinates, or padded ones where `pad` is given.
        """
        return self.motion.map_points(np.asarray(xy, np.float64) - pad) + pad

    def inverse_points(self, xy, pad: int = 0):
        """Post points ``(N, 2)`` of pre points ``(N, 2)``."""
        return self.motion.inverse_points(np.asarray(xy, np.float64) - pad) + pad

    def save(self, path) -> None:
        """Write the truth as JSON, and the microbes as CSV beside it (same stem)."""
        path = Path(path)
        write_record(
            path,
            {
                "spec": self.spec.to_record(),
                "pre_from_post": self.pre_from_post,
                "bending": self.motion.bending.to_record(),
                "scale": self.scale,
                "n_microbes": len(self.microbes),
                "microbes": path.with_suffix(".csv").name,
            },
        )
        with atomic_path(path.with_suffix(".csv")) as temporary:
            self.microbes.to_csv(temporary, index=False, float_format="%.5f")

    @classmethod
    def load(cls, path) -> "Truth":
        """Read what `save` wrote.

        Raises
        ------
        RecordError
            If a file is missing or is not a truth record.
        """
        path = Path(path)
        record = read_record(path)
        try:
            bending = {key: np.asarray(value) for key, value in record["bending"].items()}
            motion = Motion(np.asarray(record["pre_from_post"]), Waves(**bending))
            microbes = pd.read_csv(path.with_name(record["microbes"]))
            return cls(PairSpec.from_record(record["spec"]), motion, record["scale"], microbes)
        except (KeyError, TypeError, AttributeError, OSError, pd.errors.ParserError) as fault:
            raise RecordError(
                f"{path} is not the truth of a synthetic pair ({type(fault).__name__}: {fault}). "
                "Delete it and make the pair again."
            ) from fault
