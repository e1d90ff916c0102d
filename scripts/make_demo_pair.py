"""Rules make_demo_pair and make_demo_post: a synthetic pair with its truth."""

from exo2micro.jobs import job

with job(snakemake.log[0], snakemake.threads):
    from pathlib import Path

    from exo2micro.synthesis import DemoPair, PairSpec

    made = snakemake.output.keys()
    missing = next((stain for stain in ("pre", "post") if stain not in made), None)
    DemoPair(
        snakemake.wildcards.sample,
        snakemake.wildcards.dye,
        PairSpec.from_record(snakemake.params.demo),
        missing,
    ).write(Path(snakemake.output.post).parents[1], threads=snakemake.threads)
