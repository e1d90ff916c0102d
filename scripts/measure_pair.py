"""Rule measure_pair: the statistics of an aligned pair in one streamed pass."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.measurement import measure_pair
    from exo2micro.storage import open_image, read_record, write_arrays
    from exo2micro.transforms import load_transform

    with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
        arrays = measure_pair(
            post,
            pre,
            load_transform(snakemake.input.transform),
            read_record(snakemake.input.padding),
            snakemake.params.values["interpolation"],
            snakemake.threads,
        )
    write_arrays(snakemake.output[0], **arrays)
