"""Rules figures_of_alignment and figure_boundary: what stage 2 did, what stage 3 changed."""

from exo2micro.jobs import job, title_names

with job(snakemake):
    from exo2micro.figure_inputs import read_closeup, reduce_pair
    from exo2micro.figures import draw_fine_alignment, draw_registration, save_figure
    from exo2micro.padding import raw_box
    from exo2micro.storage import open_image, read_record

    source, values = snakemake.input, snakemake.params.values
    padding, boundary = read_record(source.padding), read_record(source.boundary)
    boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
    facts = {"pixel_size_um": padding["pixel_size_um"], **title_names(snakemake.wildcards)}
    with open_image(source.post) as post, open_image(source.pre) as pre:
        views = reduce_pair(post, pre, padding, values["down_scale"])
        figure = draw_registration(*views, boxes, boundary, **facts)
        save_figure(figure, snakemake.output.registration)
        if "interior" in source.keys():
            records = boundary, read_record(source.interior)
            closeup = read_closeup(post, pre, padding, views[0], *records, values["interpolation"])
            figure = draw_fine_alignment(*views, boxes["post"], *records, closeup, **facts)
            save_figure(figure, snakemake.output.fine_alignment)
