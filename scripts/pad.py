"""Rule pad: both photographs on the common canvas, from the raw files or from their twins."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.padding import write_padded
    from exo2micro.storage import convert_image, read_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    padding = read_record(snakemake.input.padding)
    for stain in ("post", "pre"):
        target = getattr(snakemake.output, stain)
        facts = {
            "channel_name": names[1],
            "pixel_size_um": padding["pixel_size_um"],
            "header": checkpoint_header(1, *names, snakemake.params.values),
            "threads": snakemake.threads,
        }
        if "twin_post" in snakemake.input.keys():
            convert_image(getattr(snakemake.input, f"twin_{stain}"), target, **facts)
        else:
            write_padded(getattr(snakemake.input, stain), target, padding, stain, facts)
