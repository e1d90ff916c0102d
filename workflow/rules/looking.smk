# What the pages and the candidates' figures are made of; see common.smk for those of the stages.

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
    return {
        name: [f"{folder}/{path}" for path in found] if name == "images" else f"{folder}/{found}"
        for name, found in sources.items()
    }


def below_output(wildcards, input):
    """Paths of a pair's images as the page sees them."""
    return [Path(path).relative_to(REQUEST.output_dir).as_posix() for path in input.images]


def candidate_figure_sources(wildcards):
    """Padded pair, transform and scale, the significance image and the catalogue."""
    catalogue = f"{pair_folder(wildcards)}/measurements/04_candidates{wildcards.sfx4}"
    return {
        **padded_pair(wildcards, wildcards.sfx4),
        "transform": record_path(wildcards, "03_interior", wildcards.sfx4, 3),
        "scale": scale_and_padding(wildcards)["scale"],
        "significance": checkpoint_to_read(wildcards, "04_significance", wildcards.sfx4, 4),
        "table": f"{catalogue}.csv",
        "record": f"{catalogue}.json",
    }
