"""Rule measure_pair: stage 3's image and the statistics of the aligned pair, in one pass."""

from exo2micro.headers import alignment_cards, checkpoint_header
from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.aligned_image import write_aligned_and_measure
    from exo2micro.storage import convert_image, read_arrays, read_record, write_arrays
    from exo2micro.verdict import stop_failed_alignment

    names = snakemake.wildcards.sample, snakemake.wildcards.dye
    values, padding = snakemake.params.values, read_record(snakemake.input.padding)
    record = read_record(snakemake.input.transform)
    stop_failed_alignment(*names, record, snakemake.params.on_failed)
    facts = {
        "channel_name": names[1],
        "pixel_size_um": padding["pixel_size_um"],
        "header": checkpoint_header(3, *names, values, **alignment_cards(record)),
        "threads": snakemake.threads,
    }
    aligned = next(iter(snakemake.output.aligned), None)
    if "twin" in snakemake.input.keys():
        convert_image(snakemake.input.twin, aligned, **facts)
        arrays = read_arrays(snakemake.input.joint)
    else:
        arrays = write_aligned_and_measure(
            snakemake.input, aligned, record, padding, values["interpolation"], facts
        )
    write_arrays(snakemake.output.joint, **arrays)
