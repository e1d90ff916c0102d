"""Names of the files that a variant of a pair asks for."""

from .checkpoints import FORMATS, image_path
from .parameters import percentile_tag, suffix

# Figures, and the stage whose suffix they carry: that of the job that draws them.
FIGURES = {
    "registration": 3,
    "fine_alignment": 3,
    "pre_post_heatmap": 4,
    "pre_post_histograms": 4,
    "difference_histogram": 4,
    "excess_heatmap": 4,
    "ratio_histogram": 4,
    "scale_map": 4,
    "candidates": 4,
    "candidate_histograms": 4,
    "candidate_sheet": 4,
}

# Figures that are drawn before stage 4, and by which stage.
ALIGNMENT_FIGURES = {"registration": 2, "fine_alignment": 3}

# Starts of names of files that come out of a job together with another target.
BROUGHT_ALONG = (
    "01_padded_pre",
    "04_significance",
    "04_mask",
    "fine_alignment",
    "pre_post_histograms",
    "difference_histogram",
    "excess_heatmap",
    "ratio_histogram",
    "scale_map",
    "candidate",
)


def formats_asked(checkpoint_format):
    """List the formats of ``checkpoint_format: tiff | fits | both``."""
    return FORMATS if checkpoint_format == "both" else (checkpoint_format,)


def pair_folder(output_dir, sample, dye):
    """Folder of one pair's results."""
    return f"{output_dir}/{sample}/{dye}"


def image_stem(image_name, values):
    """Complete an image's name, such as ``02_icp_aligned_pre``, by its stage's suffix."""
    return image_name + suffix(values, int(image_name[:2]))


def checkpoint_path(output_dir, sample, dye, image_name, values, fmt):
    """Path of one checkpoint.

    Parameters
    ----------
    output_dir, sample, dye : str
        Where.
    image_name : str
        Name without suffix; its first two digits are the stage.
    values : dict
        All parameters of the variant.
    fmt : {'tiff', 'fits'}
        Format.

    Returns
    -------
    str
    """
    return image_path(pair_folder(output_dir, sample, dye), image_stem(image_name, values), fmt)


def scale_kinds(values):
    """List what distinguishes the names of a variant's difference images.

    Returns
    -------
    list of str
        Empty text for the fitted scale, then ``_percentile_p<value>`` and ``_manual`` where
        active.
    """
    kinds = [""]
    if values["scale_percentile"] is not None:
        kinds.append(f"_percentile_{percentile_tag(values['scale_percentile'])}")
    if values["manual_scale"] is not None:
        kinds.append("_manual")
    return kinds


def image_names(values, stages=(1, 2, 3)):
    """List the full-resolution images of a variant, in the order in which they are made.

    Parameters
    ----------
    values : dict
        All parameters.
    stages : tuple of int
        Earlier stages whose images are kept; those of stage 4 always are.

    Returns
    -------
    list of str
    """
    coarse = ["02_icp_aligned_coarse_pre"] if values["save_all_intermediates"] else []
    names = [
        "01_padded_post",
        "01_padded_pre",
        *coarse,
        "02_icp_aligned_pre",
        "03_interior_aligned_pre",
        *(f"04_difference_difference{kind}" for kind in scale_kinds(values)),
        "04_significance",
        "04_mask",
    ]
    return [name for name in names if int(name[:2]) in (*stages, 4)]


def figure_names(values):
    """List the figures of a variant, with their suffixes, without extension."""
    figures = [f"{name}{suffix(values, stage)}" for name, stage in FIGURES.items()]
    end = suffix(values, 4)
    return figures + [f"difference_image{kind}{end}" for kind in scale_kinds(values)]


def catalogue_names(values):
    """List the files of a variant's catalogue of candidates, relative to the pair's folder."""
    stem = f"measurements/04_candidates{suffix(values, 4)}"
    return [f"{stem}.{kind}" for kind in ("csv", "geojson", "json")]


def variant_targets(
    values, checkpoint_format, last_stage=4, kept=(1, 2, 3), figure_formats=("png",)
):
    """List a variant's images, catalogue and figures, relative to the pair's folder.

    Parameters
    ----------
    values : dict
        All parameters of the variant.
    checkpoint_format : {'tiff', 'fits', 'both'}
        Format of the images.
    last_stage : int
        Stage whose results are the last that are wanted.
    kept : tuple of int
        Earlier stages whose images are kept.
    figure_formats : tuple of str
        Formats of the figures.

    Returns
    -------
    list of str
    """
    images = [
        image_path("", image_stem(name, values), fmt).lstrip("/")
        for fmt in formats_asked(checkpoint_format)
        for name in image_names(values, kept)
        if int(name[:2]) <= last_stage
    ]
    images += catalogue_names(values) if last_stage == 4 else []
    figures = [name for name in figure_names(values) if _stage_of_figure(name) <= last_stage]
    return images + [f"pipeline_output/{name}.{fmt}" for name in figures for fmt in figure_formats]


def one_of_each_job(targets):
    """Choose, of a variant's targets, one for each job that makes some of them.

    Parameters
    ----------
    targets : list of str
        See `variant_targets`.

    Returns
    -------
    list of str
        The first of each job, in their order.
    """
    chosen, seen = [], set()
    for path in targets:
        folder, name = path.split("/")
        # A figure's or a catalogue's other formats come with the first one.
        job = path if folder in FORMATS else path.rpartition(".")[0]
        if not name.startswith(BROUGHT_ALONG) and job not in seen:
            chosen.append(path)
            seen.add(job)
    return chosen


def _stage_of_figure(name):
    """The stage that makes a figure; all but those of the alignment come with the scale."""
    return next((stage for start, stage in ALIGNMENT_FIGURES.items() if name.startswith(start)), 4)
