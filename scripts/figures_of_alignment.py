"""Rules figures_of_alignment and figure_boundary: what stage 2 did, what stage 3 changed."""

from exo2micro.jobs import job, title_names

with job(snakemake):
    from exo2micro.figure_inputs import read_closeup, reduce_pair
    from exo2micro.figures import (
        count_from,
        draw_fine_alignment,
        draw_registration,
        save_figure,
    )
    from exo2micro.padding import raw_box
    from exo2micro.storage import open_image, read_record
    from exo2micro.trimming import move_record, padding_to_trim, trim_padding

    source, values = snakemake.input, snakemake.params.values
    padding = read_record(source.padding)
    trimmed = padding_to_trim(padding)
    boundary = move_record(read_record(source.boundary), -trimmed)
    facts = {"pixel_size_um": padding["pixel_size_um"], **title_names(snakemake.wildcards)}
    with open_image(source.post) as whole_post, open_image(source.pre) as whole_pre:
        post, pre, padding = trim_padding(whole_post, whole_pre, padding, trimmed)
        boxes = {stain: raw_box(padding, stain) for stain in ("post", "pre")}
        views = reduce_pair(post, pre, padding, boundary, values["down_scale"])
        figure = draw_registration(*views, boxes, boundary, **facts)
        count_from(figure, trimmed)
        save_figure(figure, snakemake.output.registration)
        if "interior" in source.keys():
            records = boundary, move_record(read_record(source.interior), -trimmed)
            closeup = read_closeup(post, pre, padding, views[0], *records, values["interpolation"])
            figure = draw_fine_alignment(*views, boxes["post"], *records, closeup, **facts)
            count_from(figure, trimmed)
            save_figure(figure, snakemake.output.fine_alignment)
