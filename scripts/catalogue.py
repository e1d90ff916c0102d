"""Rule catalogue: the candidates as a table, for QuPath, their number, and their figures."""

from exo2micro.jobs import job, title_names

with job(snakemake) as log:
    from exo2micro import figures
    from exo2micro.candidate_views import brightest, read_views, reduce_significance, rows_of
    from exo2micro.catalogue import describe_catalogue, detection_features, make_table
    from exo2micro.padding import raw_box
    from exo2micro.storage import (
        open_image,
        read_arrays,
        read_columns,
        read_record,
        write_features,
        write_record,
        write_table,
    )
    from exo2micro.transforms import load_transform

    source, target, names = snakemake.input, snakemake.output, title_names(snakemake.wildcards)
    detected, padding = read_arrays(source.detected), read_record(source.padding)
    scale, size = read_record(source.scale), {"pixel_size_um": padding["pixel_size_um"]}
    table = make_table(detected, size["pixel_size_um"])
    record = describe_catalogue(detected, size["pixel_size_um"])
    log.info(
        "%d candidates on the sample, about %.0f microbes; %.1f may be false",
        record["n_candidates"],
        record["n_estimated"],
        record["expected_false"],
    )
    write_table(target.table, table)
    write_features(target.detections, detection_features(detected, table))
    write_record(target.record, record)

    rows = rows_of(read_columns(target.table))
    with (
        open_image(source.post) as post,
        open_image(source.pre) as pre,
        open_image(source.significance) as significance,
    ):
        image, factors = reduce_significance(significance)
        views = read_views(
            brightest(rows),
            post,
            pre,
            significance,
            load_transform(source.transform),
            padding,
            scale,
            snakemake.params.values["interpolation"],
        )
    box, facts = raw_box(padding, "post"), {**size, **names}
    drawn = {
        "candidates": figures.draw_candidates(image, factors, rows, record, box, **facts),
        "candidate_histograms": figures.draw_candidate_histograms(rows, record, **facts),
        "candidate_sheet": figures.draw_candidate_sheet(
            views, scale["scale_estimate"], record, **facts
        ),
    }
    for name, figure in drawn.items():
        figures.save_figure(figure, getattr(target, name))
