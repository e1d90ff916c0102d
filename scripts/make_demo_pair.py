"""Rules make_demo_pair and make_demo_single: synthetic photographs with their truth."""

from exo2micro.jobs import job

with job(snakemake):
    from pathlib import Path

    from exo2micro.synthesis import DemoPair

    pair = DemoPair.from_record(snakemake.params.pair)
    pair.write(Path(snakemake.output[0]).parents[1], threads=snakemake.threads)
