"""Physical size of a pixel, from what microscope software writes into a TIFF."""

import math
import xml.etree.ElementTree as ElementTree

# A plain resolution tag is believed only where a microscope can have written it: 0.01-10 um
# a pixel. Programs that know nothing of the scale write 72-1200 dots an inch there, which
# would be 353-21 um a pixel.
PLAUSIBLE_UM = (0.01, 100.0)
PLAUSIBLE_UM_PLAIN_TAG = (0.01, 10.0)

MICROMETRES = {
    "pm": 1e-6,
    "Å": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "µm": 1.0,
    "μm": 1.0,
    "\\u00b5m": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometers": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "m": 1e6,
    "in": 25400.0,
    "inch": 25400.0,
    "inches": 25400.0,
}
RESOLUTION_UNITS = {2: "inch", 3: "cm"}  # TIFF tag ResolutionUnit


def physical_pixel_size(tiff, page) -> tuple[float, float] | None:
    """Find the physical size of a pixel.

    Taken, in this order, from OME-XML, from ImageJ's description, from plain resolution tags.

    Parameters
    ----------
    tiff : tifffile.TiffFile
        Open file.
    page : tifffile.TiffPage
        Its full-resolution page.

    Returns
    -------
    tuple of float or None
        ``(x, y)`` in micrometres; None where nothing believable is given.
    """
    if tiff.ome_metadata:
        return _from_ome(tiff.ome_metadata, page)
    if tiff.imagej_metadata:
        return _from_resolution(page, tiff.imagej_metadata.get("unit"), PLAUSIBLE_UM)
    return _from_resolution(page, RESOLUTION_UNITS.get(_unit_code(page)), PLAUSIBLE_UM_PLAIN_TAG)


def _from_ome(text: str, page) -> tuple[float, float] | None:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    for pixels in root.iterfind(".//{*}Pixels"):
        shape = pixels.get("SizeY"), pixels.get("SizeX")
        if shape == (str(page.imagelength), str(page.imagewidth)):
            sizes = [_ome_length(pixels, f"PhysicalSize{axis}") for axis in "XY"]
            return _believable(sizes, PLAUSIBLE_UM)
    return None


def _ome_length(pixels, name: str) -> float:
    try:
        length = float(pixels.get(name, "nan"))
    except ValueError:
        return math.nan
    return length * MICROMETRES.get(pixels.get(f"{name}Unit", "µm"), math.nan)


def _unit_code(page) -> int:
    tag = page.tags.get("ResolutionUnit")
    return 0 if tag is None else int(tag.value)


def _from_resolution(page, unit, plausible) -> tuple[float, float] | None:
    tags = [page.tags.get(f"{axis}Resolution") for axis in "XY"]
    if unit is None or any(tag is None for tag in tags):
        return None
    micrometres = MICROMETRES.get(str(unit).strip(), math.nan)
    sizes = []
    for tag in tags:
        pixels, lengths = tag.value
        sizes.append(micrometres * lengths / pixels if pixels and lengths else math.nan)
    return _believable(sizes, plausible)


def _believable(sizes, plausible) -> tuple[float, float] | None:
    low, high = plausible
    return tuple(sizes) if all(low <= size <= high for size in sizes) else None
