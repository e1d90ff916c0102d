"""Rule survey: what the channels of the raw files hold."""

from exo2micro.jobs import job

with job(snakemake):
    from pathlib import Path

    from exo2micro.figures import draw_channel_survey, save_figure
    from exo2micro.request import build_request
    from exo2micro.storage import write_table
    from exo2micro.survey import find_disagreements, survey_pairs, tell_disagreements

    request = build_request(snakemake.config)
    table = survey_pairs(request.pairs, request.channel)
    disagreements = find_disagreements(table)
    write_table(snakemake.output.table, table)
    figure = draw_channel_survey(table, disagreements, name=Path(request.raw_dir).name)
    save_figure(figure, snakemake.output.figure)
    print(tell_disagreements(disagreements, snakemake.output), flush=True)
