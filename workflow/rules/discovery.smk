# What is asked for and where it lies: the request, and the input functions of the stages.
#
# The config and the raw folder are checked here, once, before any job; what is wrong with them is
# shown by a dry run already.

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from exo2micro.checkpoints import image_path, is_conversion, other_format, readable
from exo2micro.errors import Exo2MicroError
from exo2micro.parameters import parse_suffix, resolve, suffix, suffix_pattern
from exo2micro.request import build_request


def planned_files(config):
    """Raw files that the workflow has yet to make, for the demonstration."""
    if not config.get("demo"):
        return []
    from exo2micro.synthesis import planned_raw_files

    return planned_raw_files(config["demo"], config.get("raw_dir", "raw"))


try:
    REQUEST = build_request(config, planned_files(config))
    # A file asked for by name is checked here too: a fault in an input function would come with
    # a traceback.
    for target in getattr(workflow.dag_settings, "targets", ()):
        REQUEST.check_target(target)
except Exo2MicroError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for message in REQUEST.messages():
        logger.warning(message)

# Folder of one pair's results; every path below it is completed by a rule's wildcards.
PAIR = f"{REQUEST.output_dir}/{{sample}}/{{dye}}"


wildcard_constraints:
    sample=r"[^/]+",
    dye=r"[^/_]+",
    fmt="tiff|fits",
    sfx1=suffix_pattern(1),
    sfx2=suffix_pattern(2),
    sfx3=suffix_pattern(3),
    sfx4=suffix_pattern(4),


def values_of(text):
    """All parameters of the variant that a file name's suffix tells."""
    return resolve(parse_suffix(text))


def suffix_at(text, stage):
    """The part of a suffix that belongs to a stage and those before it."""
    return suffix(values_of(text), stage)


def raw_pair(wildcards):
    """Raw files of a pair; what is wrong with a pair that has none is said here."""
    try:
        pair = REQUEST.find_pair(wildcards.sample, wildcards.dye)
    except Exo2MicroError as error:
        raise WorkflowError(str(error)) from None
    return {"post": pair.post, "pre": pair.pre}


def raw_state(wildcards, input):
    """Size and time of the raw files, so that a replaced file is noticed whatever its age."""
    states = []
    for path in (input.post, input.pre):
        if Path(path).exists():
            stat = Path(path).stat()
            states.append(f"{stat.st_size}-{stat.st_mtime_ns}")
    return states


def pair_folder(wildcards):
    """Folder of a pair's results."""
    return PAIR.format(sample=wildcards.sample, dye=wildcards.dye)


def record_path(wildcards, name, text, stage):
    """Path of a transform record that belongs to a variant."""
    return f"{pair_folder(wildcards)}/transforms/{name}{suffix_at(text, stage)}.json"


def checkpoint_to_read(wildcards, name, text, stage):
    """The checkpoint of an earlier stage, in whichever format it exists."""
    name = f"{name}{suffix_at(text, stage)}"
    return readable(pair_folder(wildcards), name, REQUEST.checkpoint_format)


def padded_pair(wildcards, text):
    """Stage 1's images and record for a variant."""
    return {
        "post": checkpoint_to_read(wildcards, "01_padded_post", text, 1),
        "pre": checkpoint_to_read(wildcards, "01_padded_pre", text, 1),
        "padding": record_path(wildcards, "01_padding", text, 1),
    }


def twin_of(wildcards, name):
    """The same checkpoint in the other format, where this one is to be converted from it."""
    folder = pair_folder(wildcards)
    if is_conversion(folder, name, wildcards.fmt, REQUEST.checkpoint_format):
        return image_path(folder, name, other_format(wildcards.fmt))
    return None
