"""Rule align_boundary: stage 2's transform record."""

from exo2micro.jobs import job

with job(snakemake) as log:
    from exo2micro.registration import run_boundary_stage
    from exo2micro.storage import open_image, read_record, write_record

    with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
        record = run_boundary_stage(
            post,
            pre,
            read_record(snakemake.input.padding),
            snakemake.params.values,
            snakemake.threads,
        )
    log.info("%s: %s", record["verdict"], "; ".join(record["reasons"] + record["notes"]))
    write_record(snakemake.output[0], record)
