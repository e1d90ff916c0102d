"""Rule viewer_pair: where a pair's images lie, its verdict, its candidates."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.storage import read_columns, read_record, write_script
    from exo2micro.viewer import describe_pair

    with_scale = "scale" in snakemake.input.keys()
    description = describe_pair(
        list(snakemake.params.images),
        read_record(snakemake.input.padding),
        read_record(snakemake.input.alignment),
        read_record(snakemake.input.scale) if with_scale else None,
        read_columns(snakemake.input.candidates) if with_scale else None,
    )
    write_script(snakemake.output[0], "Exo.receive(%s);", description)
