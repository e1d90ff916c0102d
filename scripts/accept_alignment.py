"""Rule accept_alignment: let a pair pass or stop it with an explanation."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.registration import accept
    from exo2micro.storage import read_record, write_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    record = read_record(snakemake.input[0])
    write_record(snakemake.output[0], accept(*names, record, snakemake.params.on_failed))
