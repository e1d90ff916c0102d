"""Rule align_interior: stage 3's transform record."""

from exo2micro.jobs import job

with job(snakemake) as log:
    from exo2micro.registration import run_interior_stage
    from exo2micro.storage import open_image, read_record, write_record

    with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
        record = run_interior_stage(
            post,
            pre,
            read_record(snakemake.input.padding),
            read_record(snakemake.input.boundary),
            snakemake.params.values,
            snakemake.threads,
        )
    log.info("%s: %s", record["verdict"], "; ".join(record["reasons"] + record["notes"]))
    write_record(snakemake.output[0], record)
