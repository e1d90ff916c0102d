"""Rule compare_variants: the variants of a pair side by side."""

from exo2micro.jobs import job, title_names

with job(snakemake):
    from exo2micro.comparison_files import write_comparison

    write_comparison(
        snakemake.params.folder,
        snakemake.params.variants,
        snakemake.params.checkpoint_format,
        title_names(snakemake.wildcards),
        snakemake.output.figure,
        snakemake.output.table,
    )
