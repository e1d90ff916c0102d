"""The table of all parameters: the one place that knows their names, defaults and limits."""

import difflib
from dataclasses import dataclass

from .errors import ParameterError
from .value_kinds import Choice, Flag, Number, Whole


@dataclass(frozen=True)
class Parameter:
    """One parameter.

    Attributes
    ----------
    name : str
        Name in the configuration.
    default : bool, int, float, str or None
        Value where none is given.
    abbr : str
        Name in file names and, in capitals, in FITS headers.
    stage : int
        First stage that depends on it, 1 to 4.
    kind : Number, Whole, Flag or Choice
        What values it may have.
    help : str
        One line for the person who sets it.
    """

    name: str
    default: object
    abbr: str
    stage: int
    kind: object
    help: str

    @property
    def optional(self):
        """Whether it may be none."""
        return self.default is None

    def accept(self, value):
        """Give the checked value.

        Parameters
        ----------
        value : object
            As typed: a YAML value, or the text of a sample sheet's cell.

        Returns
        -------
        bool, int, float, str or None

        Raises
        ------
        ParameterError
            If it is of the wrong type or out of range.
        """
        if value is None or (isinstance(value, str) and value.strip().lower() in ("none", "null")):
            if self.optional:
                return None
            raise ParameterError(f"{self.name}: none is not a value here; {self._expected()}.")
        try:
            return self.kind.accept(value)
        except ValueError as fault:
            raise ParameterError(
                f"{self.name}: {value!r} cannot be used; {fault}"
                f"{', or none' if self.optional else ''} (default {self.typed(self.default)})."
            ) from None

    def text(self, value):
        """Spell a checked value."""
        return "none" if value is None else self.kind.text(value)

    def typed(self, value):
        """Write a checked value as it stands in the configuration."""
        return "none" if value is None else self.kind.typed(value)

    def describe(self):
        """Say what values are allowed."""
        return self.kind.describe() + (", or none" if self.optional else "")

    def _expected(self):
        return f"expected {self.describe()} (default {self.typed(self.default)})"


PARAMETERS = (
    # Stage 1, padding
    Parameter("pad", 2000, "pad", 1, Whole(0, 20000, unit="px"), "zero border on each side, px"),
    # Stage 2, boundary alignment
    Parameter("use_edges", True, "ue", 2, Flag(), "match boundary rings (false: the images)"),
    Parameter("boundary_width", 15, "bw", 2, Number(1, 500, unit="px"),
              "thickness of the boundary ring, px at coarse scale"),
    Parameter("boundary_smooth", 10, "bs", 2, Number(0, 500, unit="px"),
              "Gaussian sigma on the boundary ring, px at coarse scale"),
    Parameter("rotation_search", True, "rs", 2, Flag(), "search rotations"),
    Parameter("angle_range", 20, "ar", 2, Number(0, 180, unit="degrees"),
              "rotations searched, +/- degrees"),
    Parameter("angle_step", 1, "astep", 2, Number(0.05, 90, unit="degrees"),
              "step of the rotation search, degrees"),
    Parameter("scale_search", True, "ss", 2, Flag(), "search magnifications"),
    Parameter("scale_min", 0.85, "smin", 2, Number(0.1, 10), "smallest magnification searched"),
    Parameter("scale_max", 1.15, "smax", 2, Number(0.1, 10), "largest magnification searched"),
    Parameter("scale_step", 0.05, "sstep", 2, Number(0.001, 1), "step of the magnification search"),
    Parameter("multiscale", True, "ms", 2, Flag(), "coarse search before ICP"),
    Parameter("down_scale", 0.3, "ds", 2, Number(0.01, 1),
              "downsampling; the coarse scale is a quarter of it"),
    Parameter("max_translation", 200, "mtr", 2, Number(0, 50000, unit="px"),
              "limit of ICP's correction, px"),
    Parameter("max_rotation", 5.0, "mrot", 2, Number(0, 180, unit="degrees"),
              "limit of ICP's correction, degrees"),
    Parameter("max_scale_delta", 0.2, "msd", 2, Number(0, 1),
              "limit of ICP's scale in x or y, from 1"),
    Parameter("max_scale_diff", 0.15, "msdf", 2, Number(0, 1),
              "limit of the difference between ICP's scales in x and y"),
    Parameter("save_all_intermediates", False, "sai", 2, Flag(), "keep the coarse-only image"),
    Parameter("fine_ecc", False, "fecc", 2, Flag(), "ECC homography pass after ICP"),
    Parameter("stopit", 500, "sit", 2, Whole(1, 100000), "ECC iterations at most"),
    Parameter("stopdelta", 1e-6, "sdl", 2, Number(1e-12, 1), "ECC convergence threshold"),
    Parameter("interpolation", "cubic", "interp", 2, Choice(("bilinear", "cubic", "lanczos")),
              "how the pre image is sampled when it is warped"),
    # Stage 3, interior alignment
    Parameter("interior_ecc", True, "iecc", 3, Flag(),
              "interior alignment (false: stage 2's result is handed on)"),
    Parameter("interior_blur_base", 8.0, "iblur", 3, Number(0, 200, unit="px"),
              "blur before features, px at full resolution"),
    Parameter("interior_max_correction", 500, "imc", 3, Number(0, 50000, unit="px"),
              "largest correction of stage 2's result, px at full resolution"),
    Parameter("interior_min_inlier_ratio", 0.4, "imir", 3, Number(0, 1),
              "smallest share of feature matches that must agree"),
    Parameter("interior_nonrigid", "auto", "inr", 3,
              Choice(("auto", "true", "false"), (("true", "1"), ("false", "0"))),
              "follow the sample's bending (auto: where it is significant)"),
    # Stage 4, scale and difference
    Parameter("scale_percentile", None, "sp", 4, Number(0, 100),
              "one more difference, with this percentile of the ratio post/pre as its scale"),
    Parameter("manual_scale", None, "msc", 4, Number(above=0),
              "one more difference, with this scale"),
    Parameter("scale_model", "constant", "smod", 4, Choice(("constant", "smooth")),
              "one scale for the image, or one that varies smoothly over it"),
    Parameter("subtract_dark", True, "dark", 4, Flag(),
              "take the camera's dark level, measured outside the sample, off before the ratio"),
    Parameter("microbe_fwhm_px", None, "fwhm", 4, Number(1, 50, unit="px"),
              "width of a microbe at half its peak, px (none: measured)"),
    Parameter("detection_sigma", 4.5, "dsig", 4, Number(3, 20),
              "significance from which a candidate is listed, standard deviations (in noise alone "
              "4.5 lists 2 a megapixel, 5 lists 0.2, with microbes of 4 px)"),
)  # fmt: skip

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def find_parameter(name):
    """Give the parameter of that name; a ParameterError names the nearest one that exists."""
    if name in BY_NAME:
        return BY_NAME[name]
    raise ParameterError(f"Unknown parameter {name!r}{nearest(name)}")


def nearest(name):
    """Complete the sentence 'unknown parameter x' by the one that was probably meant."""
    name = str(name)
    for parameter in PARAMETERS:
        if name.lower() == parameter.abbr:
            return f": it is the abbreviation of {parameter.name!r}; write that."
    close = difflib.get_close_matches(name.lower(), BY_NAME, n=1)
    return f"; did you mean {close[0]!r}?" if close else "."
