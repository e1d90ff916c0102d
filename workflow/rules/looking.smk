# What the pages are made of; see common.smk for those of the stages.

from exo2micro.viewer import describe_batch, pair_sources, viewer_targets

VIEWER = f"{REQUEST.output_dir}/viewer"
PAGE_FILES = Path(workflow.current_basedir).parent / "viewer"
PAGE_NAMES = sorted(
    str(path.relative_to(PAGE_FILES)) for path in PAGE_FILES.glob("**/*.*") if path.is_file()
)


def viewer_sources(wildcards):
    """Images and records that a pair's description is made of."""
    stage = int(wildcards.stage)
    values, last = values_of(wildcards.sfx4, 4), REQUEST.control.last_stage
    sources = pair_sources(values, stage, REQUEST.keep_images, last)
    folder = pair_folder(wildcards)
    paths = {
        name: [f"{folder}/{path}" for path in found] if name == "images" else f"{folder}/{found}"
        for name, found in sources.items()
    }
    return {**paths, "padding": padding_record(wildcards, wildcards.sfx4)}


def below_output(wildcards, input):
    """Paths of a pair's images as the page sees them."""
    return [Path(path).relative_to(REQUEST.output_dir).as_posix() for path in input.images]
