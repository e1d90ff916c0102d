"""Rule pad: both photographs on a common canvas, from the raw files or from their twins."""

from datetime import UTC, datetime

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.padding import plan_padding, write_padded
    from exo2micro.storage import convert_image, read_record, write_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    values, sources = snakemake.params.values, dict(snakemake.input.items())
    converts = "twin_post" in sources
    if converts:
        padding = read_record(sources["padding"])
    else:
        padding = plan_padding(*names, sources, values["pad"])
    for stain in ("post", "pre"):
        target = getattr(snakemake.output, stain)
        facts = {
            "channel_name": names[1],
            "pixel_size_um": padding["pixel_size_um"],
            "header": checkpoint_header(1, *names, values),
            "threads": snakemake.threads,
        }
        if converts:
            convert_image(sources[f"twin_{stain}"], target, **facts)
        else:
            padding["raw"][stain] |= write_padded(
                sources[stain], target, padding, stain, facts, snakemake.params.channel
            )
    created = datetime.now(UTC).isoformat()
    write_record(snakemake.output.padding, {**padding, "created": created})
