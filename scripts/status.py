"""Rule status: how every requested pair stands."""

from exo2micro.jobs import job

with job(snakemake):
    from exo2micro.engine import plan_of
    from exo2micro.plan_status import format_status
    from exo2micro.request import build_request

    print(format_status(build_request(snakemake.config), plan_of(snakemake.params.words)))
