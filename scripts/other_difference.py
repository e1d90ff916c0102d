"""Rule other_difference: a difference image by another scale than the fitted one."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    import numpy as np

    from exo2micro.difference_image import Subtraction, difference_tiles, scale_of
    from exo2micro.storage import convert_image, open_image, read_record, write_image
    from exo2micro.transforms import load_transform

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    values, kind = snakemake.params.values, snakemake.params.kind
    padding = read_record(snakemake.input.padding)
    record = read_record(snakemake.input.scale)
    scale = scale_of(record, kind, names)
    facts = {
        "channel_name": names[1],
        "pixel_size_um": padding["pixel_size_um"],
        "header": checkpoint_header(4, *names, values, SCALE=scale, SCALEK=kind),
        "threads": snakemake.threads,
    }
    if "twin" in snakemake.input.keys():
        convert_image(snakemake.input.twin, snakemake.output[0], **facts)
    else:
        with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
            tiles = difference_tiles(
                post,
                pre,
                load_transform(snakemake.input.transform),
                padding,
                Subtraction.from_record(record, kind, scale),
                values["interpolation"],
                snakemake.threads,
            )
            write_image(snakemake.output[0], post.shape, np.dtype("float32"), tiles, **facts)
