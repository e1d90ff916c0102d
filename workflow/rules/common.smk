# Input functions of the stages: which files a job reads, for a pair and a variant; and how a
# figure's file is marked for the report.
#
# A variant is told by the suffix of the file names; an image is read in whichever of its two
# formats it exists.

import re
from functools import cache

from snakemake.exceptions import WorkflowError

from exo2micro import targets
from exo2micro.checkpoints import (
    companion_path,
    image_path,
    is_conversion,
    other_format,
    readable,
    readable_companion,
)
from exo2micro.comparison import variant_files
from exo2micro.errors import Exo2MicroError
from exo2micro.parameters import parse_suffix, suffix, values_up_to
from exo2micro.preflight import reserve_for_reading, sizes_of
from exo2micro.resource_model import disk_mb_of_job, minutes_of_job

# Names of the stages in the report, by the wildcard of their suffix.
STAGE_NAMES = {"sfx2": "2 boundary", "sfx3": "3 interior", "sfx4": "4 scale and difference"}


@cache
def values_of(text, stage):
    """Parameters, up to a stage, of the variant that a file name's suffix tells."""
    try:
        return values_up_to(parse_suffix(text), stage)
    except Exo2MicroError as error:
        raise WorkflowError(str(error)) from None


@cache
def suffix_at(text, stage):
    """The part of a suffix that belongs to a stage and those before it."""
    return suffix(values_of(text, 4), stage)


def raw_pair(wildcards):
    """Raw files of a pair; what is wrong with a pair that has none is said here."""
    try:
        pair = REQUEST.find_pair(wildcards.sample, wildcards.dye)
    except Exo2MicroError as error:
        raise WorkflowError(str(error)) from None
    return {"post": pair.post, "pre": pair.pre}


def raw_state(wildcards):
    """Size and time of the raw files, so that a replaced file is noticed whatever its age.

    It takes nothing but wildcards: Snakemake does not compare parameters that derive from inputs.
    """
    states = []
    for path in raw_pair(wildcards).values():
        if Path(path).exists():
            stat = Path(path).stat()
            states.append(f"{stat.st_size}-{stat.st_mtime_ns}")
    return states


def memory(measured_mb):
    """What a job reserves: its measured peak, MB, and that again at each further attempt."""
    if not may_try_again(workflow):
        return measured_mb

    def reserve(wildcards, attempt):
        return attempt * measured_mb

    reserve.decided_by = ()  # so that a plan need not ask it for each job
    return reserve


def memory_to_read_raw(measured_mb):
    """What a job reserves that reads raw files, which may have to be decoded as a whole."""

    def least(wildcards):
        return reserve_for_reading(REQUEST, wildcards.sample, wildcards.dye, measured_mb)

    def reserve(wildcards, attempt):
        return attempt * least(wildcards)

    reserve.decided_by = (least,)
    return reserve


def on_a_cluster(rule):
    """What a cluster is told besides of a job: its time, min, and the room its files take, MB.

    Here, timeout_per_task limits the one, and the other is checked before the first job.
    """
    if runs_here(workflow):
        return {}

    def runtime(wildcards, attempt):
        return attempt * minutes_of_job(rule, sizes_of(REQUEST, wildcards.sample, wildcards.dye))

    def disk_mb(wildcards):
        (stage,) = [name for name in wildcards.keys() if name.startswith("sfx")]
        pad = values_of(wildcards[stage], 1)["pad"]
        sizes = sizes_of(REQUEST, wildcards.sample, wildcards.dye)
        return disk_mb_of_job(rule, sizes, pad, wildcards.get("fmt"))

    return {"runtime": runtime, "disk_mb": disk_mb}


def pair_folder(wildcards):
    """Folder of a pair's results."""
    return targets.pair_folder(REQUEST.output_dir, wildcards.sample, wildcards.dye)


@cache
def begun(folder):
    """Whether a pair has results, when the plan is made; the jobs of one ask it 30 times."""
    return Path(folder).is_dir()


def record_path(wildcards, name, text, stage):
    """Path of a transform record that belongs to a variant."""
    return f"{pair_folder(wildcards)}/transforms/{name}{suffix_at(text, stage)}.json"


def checkpoint_to_read(wildcards, name, text, stage):
    """The checkpoint of an earlier stage, in whichever format it exists."""
    name = f"{name}{suffix_at(text, stage)}"
    folder = pair_folder(wildcards)
    return readable(folder, name, REQUEST.checkpoint_format, begun(folder))


def companion_to_read(wildcards, name, text, stage):
    """What was written together with an earlier stage's image."""
    end = suffix_at(text, stage)
    folder = pair_folder(wildcards)
    return readable_companion(folder, name, end, REQUEST.checkpoint_format, begun(folder))


def companion_of_twin(wildcards, name, end):
    """What was written together with the same image in the other format."""
    return companion_path(pair_folder(wildcards), name, other_format(wildcards.fmt), end)


def padding_record(wildcards, text):
    """Stage 1's record for a variant."""
    return companion_to_read(wildcards, "01_padding", text, 1)


def padded_pair(wildcards, text):
    """Stage 1's images and record for a variant."""
    return {
        "post": checkpoint_to_read(wildcards, "01_padded_post", text, 1),
        "pre": checkpoint_to_read(wildcards, "01_padded_pre", text, 1),
        "padding": padding_record(wildcards, text),
    }


def twin_of(wildcards, name):
    """The same checkpoint in the other format, where this one is to be converted from it."""
    folder = pair_folder(wildcards)
    if is_conversion(folder, name, wildcards.fmt, REQUEST.checkpoint_format, begun(folder)):
        return image_path(folder, name, other_format(wildcards.fmt))
    return None


def padding_sources(wildcards):
    """The raw files, or the padded images in the other format."""
    names = [f"01_padded_{stain}{wildcards.sfx1}" for stain in ("post", "pre")]
    twins = [twin_of(wildcards, name) for name in names]
    if all(twins):
        padding = companion_of_twin(wildcards, "01_padding", wildcards.sfx1)
        return {"twin_post": twins[0], "twin_pre": twins[1], "padding": padding}
    return raw_pair(wildcards)


def kept(stage, path):
    """An image's path; a temporary file where the configuration does not keep the stage's."""
    return path if stage in REQUEST.keep_images else temp(path)


def boundary_image_sources(wildcards):
    """The padded pre image and the transform, or the same image in the other format."""
    transform = record_path(wildcards, "02_icp", wildcards.sfx2, 2)
    padding = padding_record(wildcards, wildcards.sfx2)
    sources = {"transform": transform, "padding": padding}
    twin = twin_of(wildcards, f"02_icp_aligned{wildcards.step}_pre{wildcards.sfx2}")
    if twin:
        return {**sources, "twin": twin}
    return {**sources, "pre": checkpoint_to_read(wildcards, "01_padded_pre", wildcards.sfx2, 1)}


def measurement_sources(wildcards):
    """Padded pair and transform, or the same results in the other format."""
    transform = record_path(wildcards, "03_interior", wildcards.sfx3, 3)
    twin = None
    if 3 in REQUEST.keep_images:
        twin = twin_of(wildcards, f"03_interior_aligned_pre{wildcards.sfx3}")
    if twin is None:
        return {**padded_pair(wildcards, wildcards.sfx3), "transform": transform}
    return {
        "twin": twin,
        "joint": companion_of_twin(wildcards, "04_joint", wildcards.sfx3),
        "transform": transform,
        "padding": padding_record(wildcards, wildcards.sfx3),
    }


def joint_statistics(wildcards):
    """What was measured of a variant's aligned pair."""
    return companion_to_read(wildcards, "04_joint", wildcards.sfx4, 3)


def scale_and_padding(wildcards):
    """Records of a variant's scale and of its canvas."""
    return {
        "scale": f"{pair_folder(wildcards)}/measurements/04_scale{wildcards.sfx4}.json",
        "padding": padding_record(wildcards, wildcards.sfx4),
    }


def subtraction_sources(wildcards):
    """Padded pair, transform and scale of a variant."""
    return {
        **padded_pair(wildcards, wildcards.sfx4),
        "transform": record_path(wildcards, "03_interior", wildcards.sfx4, 3),
        **scale_and_padding(wildcards),
    }


def difference_sources(wildcards):
    """What a difference image is made of, or the same results in the other format."""
    twin = twin_of(wildcards, f"04_difference_difference{wildcards.sfx4}")
    if twin is None:
        return subtraction_sources(wildcards)
    folder, fmt = pair_folder(wildcards), other_format(wildcards.fmt)
    return {
        "twin": twin,
        "twin_significance": image_path(folder, f"04_significance{wildcards.sfx4}", fmt),
        "twin_mask": image_path(folder, f"04_mask{wildcards.sfx4}", fmt),
        "detected": companion_of_twin(wildcards, "04_detected", wildcards.sfx4),
        **scale_and_padding(wildcards),
    }


def other_difference_sources(wildcards):
    """What a difference image by another scale is made of, or its twin in the other format."""
    twin = twin_of(wildcards, f"04_difference_difference{wildcards.kind}{wildcards.sfx4}")
    if twin is None:
        return subtraction_sources(wildcards)
    return {"twin": twin, **scale_and_padding(wildcards)}


def catalogue_sources(wildcards):
    """What was detected, and what the candidates' figures are cut from."""
    return {
        "detected": companion_to_read(wildcards, "04_detected", wildcards.sfx4, 4),
        "significance": checkpoint_to_read(wildcards, "04_significance", wildcards.sfx4, 4),
        **subtraction_sources(wildcards),
    }


def figure_file(name, sfx, kind="", stage=None):
    """A figure's files in all its formats; the PNG is marked for the report."""
    stem = f"{PAIR}/pipeline_output/{name}{kind}{{{sfx}}}"
    marked = report(
        f"{stem}.png",
        caption=f"../report/{name}.rst",
        category="{sample}",
        subcategory="{dye}",
        labels={
            "stage": STAGE_NAMES[stage or sfx],
            "figure": name.replace("_", " ") + kind,
            "variant": f"{{{sfx}}}",
        },
    )
    others = [f"{stem}.{fmt}" for fmt in REQUEST.figure_formats if fmt != "png"]
    return [marked, *others] if others else marked


def scale_figure_sources(wildcards):
    """Statistics, scale and alignment of a variant."""
    return {
        "joint": joint_statistics(wildcards),
        "interior": record_path(wildcards, "03_interior", wildcards.sfx4, 3),
        **scale_and_padding(wildcards),
    }


def one_of(names):
    """Pattern of a few names; none at all where there are no names."""
    return "|".join(sorted({re.escape(name) for name in names})) or "(?!)"


def compared_files(wildcards):
    """What is looked at of all the variants of a pair that are to be compared."""
    variants = REQUEST.compared_variants(wildcards.sample, wildcards.dye)
    folder = pair_folder(wildcards)
    files = (variant_files(folder, v.values, REQUEST.checkpoint_format) for v in variants)
    return sorted({path for paths in files for path in paths.values()})
