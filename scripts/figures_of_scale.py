"""Rules figures_of_scale and figure_difference: the scale and the difference images."""

from exo2micro.jobs import job, title_names

with job(snakemake):
    from exo2micro import figures
    from exo2micro.figure_inputs import read_reduced_statistics, sample_mask, scale_to_draw
    from exo2micro.padding import raw_box
    from exo2micro.storage import read_arrays, read_record

    names, kind = title_names(snakemake.wildcards), snakemake.params.kind
    arrays = read_arrays(snakemake.input.joint)
    record, alignment = read_record(snakemake.input.scale), read_record(snakemake.input.interior)
    padding = read_record(snakemake.input.padding)
    box, reduced = raw_box(padding, "post"), read_reduced_statistics(arrays)
    place = {"pixel_size_um": padding["pixel_size_um"]}
    drawn = {
        "difference_image": figures.draw_difference_image(
            reduced,
            sample_mask(reduced, box),
            kind,
            scale_to_draw(record, kind, reduced),
            record,
            alignment,
            box=box,
            **place,
            **names,
        )
    }
    if "scale_map" in snakemake.output.keys():
        for name in ("pre_post_heatmap", "pre_post_histograms", "difference_histogram"):
            drawn[name] = getattr(figures, f"draw_{name}")(arrays, alignment, **names)
        drawn["excess_heatmap"] = figures.draw_excess_heatmap(arrays, record, alignment, **names)
        drawn["ratio_histogram"] = figures.draw_ratio_histogram(record, alignment, **names)
        drawn["scale_map"] = figures.draw_scale_map(record, box, **place, **names)
    for name, figure in drawn.items():
        figures.save_figure(figure, getattr(snakemake.output, name))
