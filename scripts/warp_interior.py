"""Rule warp_interior: the pre image in the post frame by stage 3's transform."""

from exo2micro.headers import alignment_cards, checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.aligned_image import write_aligned
    from exo2micro.storage import read_record

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    transform = read_record(snakemake.input.transform)
    write_aligned(
        snakemake.input,
        snakemake.output[0],
        transform,
        read_record(snakemake.input.padding),
        snakemake.params.values,
        header=checkpoint_header(3, *names, snakemake.params.values, **alignment_cards(transform)),
        threads=snakemake.threads,
    )
