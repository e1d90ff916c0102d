"""What the viewer's page is told about one pair: its images, its verdict, its candidates."""

from exo2micro.parameters import suffix
from exo2micro.targets import image_names, image_stem

GREY, SIGNED, SIGMA = "grey", "signed", "sigma"
UNITS = {GREY: "grey levels", SIGNED: "grey levels", SIGMA: "sigma"}
# Image: name in the page's address, name on the screen, what its numbers are.
LAYERS = {
    "01_padded_post": ("post", "post", GREY),
    "02_icp_aligned_pre": ("pre2", "pre, after stage 2", GREY),
    "03_interior_aligned_pre": ("pre3", "pre, after stage 3", GREY),
    "04_difference_difference": ("difference", "difference", SIGNED),
    "04_significance": ("significance", "significance", SIGMA),
}


def pair_sources(values, stage, kept, last_stage=4):
    """List what a description is made of, relative to the pair's folder.

    Parameters
    ----------
    values : dict
        All parameters of the variant.
    stage : int
        The last stage that is described, 2 to 4.
    kept : tuple of int
        Earlier stages whose images are kept.
    last_stage : int
        Where the run ends. The alignment is judged by stage 3 wherever that is run, so that a pair
        that fails there is not told to be good.

    Returns
    -------
    dict
        `images` (list) and `alignment`; with stage 4 also `scale` and `candidates`.
    """
    images = [
        f"tiff/{image_stem(name, values)}.tiff"
        for name in image_names(values, kept)
        if int(name[:2]) <= stage and _describe_image(name) is not None
    ]
    record = "02_icp" if last_stage == 2 else "03_interior"
    sources = {
        "images": images,
        "alignment": f"transforms/{record}{suffix(values, int(record[:2]))}.json",
    }
    if stage == 4:
        end = suffix(values, 4)
        sources["scale"] = f"measurements/04_scale{end}.json"
        sources["candidates"] = f"measurements/04_candidates{end}.csv"
    return sources


def describe_pair(images, padding, alignment, scale=None, candidates=None):
    """Describe a pair for the viewer's page.

    Parameters
    ----------
    images : list of str
        Paths of its images, relative to the output folder.
    padding, alignment : dict
        Records of stage 1 and of stage 2 or 3.
    scale : dict, optional
        Record of the scale.
    candidates : dict of str to list, optional
        Columns of the catalogue.

    Returns
    -------
    dict
        Plain values; coordinates in px, `origin` is the padded (x, y) of the raw post image's first
        pixel.
    """
    layers = []
    for path in images:
        name = path.rsplit("/", 1)[1]
        key, title, kind = _describe_image(name)
        layer = {"key": key, "name": title, "kind": kind, "unit": UNITS[kind], "path": path}
        layers.append(layer)
    reasons = list(alignment["reasons"]) + list(scale["reasons"] if scale else [])
    return {
        "layers": layers,
        "origin": [padding["pad"], padding["pad"]],
        "pixel_size_um": padding["pixel_size_um"],
        "verdict": alignment["verdict"],
        "accuracy_px": alignment.get("estimated_accuracy_px"),
        "reasons": reasons,
        "scale": scale["scale_estimate"] if scale else None,
        "candidates": candidates,
    }


def _describe_image(name):
    """Key, name and kind of an image by its file's name; None for what is not shown."""
    matches = [start for start in LAYERS if name.startswith(start)]
    if not matches:
        return None
    key, title, kind = LAYERS[matches[0]]
    rest = name[len(matches[0]) :]
    if kind != SIGNED:
        return key, title, kind
    if rest.startswith("_percentile_p"):
        value = rest.removeprefix("_percentile_p").split("_")[0].removesuffix(".tiff")
        return f"{key}_percentile", f"{title}, percentile {value} scale", kind
    if rest.startswith("_manual"):
        return f"{key}_manual", f"{title}, manual scale", kind
    return key, f"{title}, Moffat scale", kind
