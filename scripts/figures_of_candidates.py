"""Rule figures_of_candidates: where the candidates are, how large, and the brightest close up."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro import figures
    from exo2micro.candidate_views import brightest, read_views, reduce_significance, rows_of
    from exo2micro.registration import raw_box
    from exo2micro.storage import open_image, read_columns, read_record
    from exo2micro.transforms import load_transform

    source, names = snakemake.input, snakemake.params.names
    rows = rows_of(read_columns(source.table))
    record, scale = read_record(source.record), read_record(source.scale)
    padding = read_record(source.padding)
    size = {"pixel_size_um": padding["pixel_size_um"]}
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
    box = raw_box(padding, "post")
    drawn = {
        "candidates": figures.draw_candidates(image, factors, rows, record, box, **size, **names),
        "candidate_histograms": figures.draw_candidate_histograms(rows, record, **size, **names),
        "candidate_sheet": figures.draw_candidate_sheet(
            views, scale["scale_estimate"], record, **names
        ),
    }
    for name, figure in drawn.items():
        figures.save_figure(figure, getattr(snakemake.output, name))
