"""Rule viewer: says how to open the page."""

from exo2micro.jobs import job

with job(snakemake):
    print(snakemake.params.words, flush=True)
