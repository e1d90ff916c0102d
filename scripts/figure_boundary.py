"""Rule figure_boundary: how both photographs lie on each other after stage 2."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.figure_inputs import reduce_pair
    from exo2micro.figures import draw_registration, save_figure
    from exo2micro.padding import raw_box
    from exo2micro.storage import open_image, read_record

    padding = read_record(snakemake.input.padding)
    with open_image(snakemake.input.post) as post, open_image(snakemake.input.pre) as pre:
        views = reduce_pair(post, pre, padding, snakemake.params.values["down_scale"])
    figure = draw_registration(
        *views,
        {stain: raw_box(padding, stain) for stain in ("post", "pre")},
        read_record(snakemake.input.boundary),
        pixel_size_um=padding["pixel_size_um"],
        **snakemake.params.names,
    )
    save_figure(figure, snakemake.output.registration)
