"""Rule compare_variants: the variants of a pair side by side."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.comparison_files import write_comparison

    write_comparison(
        snakemake.params.folder,
        snakemake.params.variants,
        snakemake.params.checkpoint_format,
        snakemake.params.names,
        snakemake.output.figure,
        snakemake.output.table,
    )
