"""Rule difference: difference, significance, mask and detections, from the pair or their twins."""

from exo2micro.headers import checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.difference_image import scale_of
    from exo2micro.storage import convert_image, read_arrays, read_record, write_arrays
    from exo2micro.subtraction import write_difference_and_detect

    names, source = (snakemake.wildcards.sample, snakemake.wildcards.dye), snakemake.input
    values, padding = snakemake.params.values, read_record(source.padding)
    record = read_record(source.scale)
    scale = scale_of(record, "moffat", names)
    facts = {
        "channel_name": names[1],
        "pixel_size_um": padding["pixel_size_um"],
        "header": checkpoint_header(4, *names, values, SCALE=scale, SCALEK="moffat"),
        "threads": snakemake.threads,
    }
    if "twin" in source.keys():
        convert_image(source.twin, snakemake.output.difference, **facts)
        convert_image(source.twin_significance, snakemake.output.significance, **facts)
        convert_image(source.twin_mask, snakemake.output.mask, **facts)
        detected = read_arrays(source.detected)
    else:
        detected = write_difference_and_detect(
            source, snakemake.output, padding, record, scale, values, facts
        )
    write_arrays(snakemake.output.detected, **detected)
