# Status: what is there, what is stale and why. `snakemake --cores 1 status` runs no other job.


rule status:
    """Print how every requested pair stands, a line each."""
    log:
        f"{REQUEST.output_dir}/logs/status.log",
    localrule: True
    conda:
        "../../envs/exo2micro.yaml"
    params:
        words=WORDS,
    script:
        "../../scripts/status.py"
