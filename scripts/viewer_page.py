"""Rule viewer_page: the page itself, and the list of what it can show."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.storage import copy_file, write_script

    for source, target in zip(snakemake.input, snakemake.output.page, strict=True):
        copy_file(source, target)
    write_script(snakemake.output.pairs, "Exo.batch = %s;", snakemake.params.batch)
