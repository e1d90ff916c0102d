"""Rule estimate_scale: the photometric scale's record."""

from exo2micro.jobs import job

with job(snakemake) as log:
    from exo2micro.scale import estimate_scale
    from exo2micro.storage import read_arrays, write_record

    record = estimate_scale(read_arrays(snakemake.input[0]), snakemake.params.values)
    log.info("%s: %s", record["status"], "; ".join(record["reasons"]))
    write_record(snakemake.output[0], record)
