"""Rule figures_of_pair: the grey levels of an aligned pair."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro import figures
    from exo2micro.storage import read_arrays, read_record

    arrays = read_arrays(snakemake.input.joint)
    alignment = read_record(snakemake.input.interior)
    for name in ("pre_post_heatmap", "pre_post_histograms", "difference_histogram"):
        draw = getattr(figures, f"draw_{name}")
        figure = draw(arrays, alignment, **snakemake.params.names)
        figures.save_figure(figure, getattr(snakemake.output, name))
