"""Rule warp_boundary: the pre image in the post frame by stage 2's transform."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

# The image is for looking at: nothing is computed from it.
with job(snakemake, background=True):
    from exo2micro.aligned_image import write_aligned
    from exo2micro.storage import read_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    write_aligned(
        snakemake.input,
        snakemake.output[0],
        read_record(snakemake.input.transform),
        read_record(snakemake.input.padding),
        snakemake.params.values,
        header=checkpoint_header(2, *names, snakemake.params.values),
        matrix=snakemake.params.matrix,
        threads=snakemake.threads,
    )
