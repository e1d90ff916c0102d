# The survey of the raw files' channels. `snakemake --cores 1 survey`.


rule survey:
    """Tabulate and draw what every raw file's channels hold (grey levels); warn where they differ."""
    input:
        lambda wc: [path for pair in REQUEST.pairs for path in (str(pair.pre), str(pair.post))],
    output:
        table=f"{REQUEST.output_dir}/survey.tsv",
        figure=f"{REQUEST.output_dir}/survey.png",
    log:
        f"{REQUEST.output_dir}/logs/survey.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=600,
    script:
        "../../scripts/survey.py"
