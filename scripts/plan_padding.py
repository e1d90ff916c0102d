"""Rule plan_padding: the canvas and the signal channels of a pair."""

from datetime import UTC, datetime

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.padding import plan_padding
    from exo2micro.storage import write_record

    record = plan_padding(
        snakemake.wildcards.sample,
        snakemake.wildcards.dye,
        {"post": snakemake.input.post, "pre": snakemake.input.pre},
        snakemake.params.pad,
        snakemake.params.channel,
        snakemake.threads,
    )
    write_record(snakemake.output[0], {**record, "created": datetime.now(UTC).isoformat()})
