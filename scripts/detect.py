"""Rule detect: significance, mask and detections of a pair, or from their twins."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.detection import write_detection
    from exo2micro.difference_image import scale_of
    from exo2micro.significance import Photometry
    from exo2micro.storage import (
        convert_image,
        open_image,
        read_arrays,
        read_record,
        write_arrays,
    )
    from exo2micro.transforms import load_transform

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    values = snakemake.params.values
    padding = read_record(snakemake.input.padding)
    record = read_record(snakemake.input.scale)
    scale = scale_of(record, "moffat", names)
    facts = {
        "channel_name": names[1],
        "pixel_size_um": padding["pixel_size_um"],
        "header": checkpoint_header(4, *names, values, SCALE=scale, SCALEK="moffat"),
        "threads": snakemake.threads,
    }
    if "significance" in snakemake.input.keys():
        for image in ("significance", "mask"):
            convert_image(
                getattr(snakemake.input, image), getattr(snakemake.output, image), **facts
            )
        write_arrays(snakemake.output.detected, **read_arrays(snakemake.input.detected))
    else:
        with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
            write_detection(
                post,
                pre,
                load_transform(snakemake.input.transform),
                padding,
                Photometry.from_record(record),
                values,
                snakemake.output,
                facts,
            )
