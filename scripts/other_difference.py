"""Rule other_difference: a difference image by another scale than the fitted one."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.difference_image import Subtraction, scale_of, write_difference
    from exo2micro.storage import convert_image, read_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    values, kind = snakemake.params.values, snakemake.params.kind
    padding = read_record(snakemake.input.padding)
    record = read_record(snakemake.input.scale)
    scale = scale_of(record, kind, names)
    facts = {
        "channel_name": names[1],
        "pixel_size_um": padding["pixel_size_um"],
        "header": checkpoint_header(4, *names, values, SCALE=scale, SCALEK=kind),
        "threads": snakemake.threads,
    }
    if "twin" in snakemake.input.keys():
        convert_image(snakemake.input.twin, snakemake.output[0], **facts)
    else:
        subtraction = Subtraction.from_record(record, kind, scale)
        write_difference(
            snakemake.input,
            snakemake.output[0],
            padding,
            subtraction,
            values["interpolation"],
            facts,
        )
