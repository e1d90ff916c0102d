"""Rule catalogue: the candidates as a table, as QuPath detections, and their number."""

from exo2micro.jobs import job

with job(snakemake) as log:
    from exo2micro.catalogue import describe_catalogue, detection_features, make_table
    from exo2micro.storage import (
        read_arrays,
        read_record,
        write_features,
        write_record,
        write_table,
    )

    detected = read_arrays(snakemake.input.detected)
    pixel_size_um = read_record(snakemake.input.padding)["pixel_size_um"]
    table = make_table(detected, pixel_size_um)
    record = describe_catalogue(detected, pixel_size_um)
    log.info(
        "%d candidates on the sample, about %.0f microbes; %.1f may be false",
        record["n_candidates"],
        record["n_estimated"],
        record["expected_false"],
    )
    write_table(snakemake.output.table, table)
    write_features(snakemake.output.detections, detection_features(detected, table))
    write_record(snakemake.output.record, record)
