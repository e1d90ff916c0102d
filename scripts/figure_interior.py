"""Rule figure_interior: what stage 3 changed and what it leaves."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.figure_inputs import read_closeup, reduce_pair
    from exo2micro.figures import draw_fine_alignment, save_figure
    from exo2micro.padding import raw_box
    from exo2micro.storage import open_image, read_record

    values = snakemake.params.values
    padding = read_record(snakemake.input.padding)
    records = read_record(snakemake.input.boundary), read_record(snakemake.input.interior)
    with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
        views = reduce_pair(post, pre, padding, values["down_scale"], exact=False)
        closeup = read_closeup(post, pre, padding, views[0], *records, values["interpolation"])
    figure = draw_fine_alignment(
        *views,
        raw_box(padding, "post"),
        *records,
        closeup,
        pixel_size_um=padding["pixel_size_um"],
        **snakemake.params.names,
    )
    save_figure(figure, snakemake.output.fine_alignment)
