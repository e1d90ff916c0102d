# Comparison: variants of a pair side by side (config key compare). Where a variant failed, what
# there is gets drawn at the end of the run, see summary.smk.

from exo2micro.comparison import FIGURE, TABLE


rule compare_variants:
    """Lay the difference images (grey levels) of a pair's variants side by side, with a table."""
    input:
        compared_files,
    output:
        figure=report(
            f"{PAIR}/{FIGURE}",
            caption="../report/comparison.rst",
            category="{sample}",
            subcategory="{dye}",
            labels={"stage": STAGE_NAMES["sfx4"], "figure": "comparison", "variant": "all"},
        ),
        table=f"{PAIR}/{TABLE}",
    log:
        f"{PAIR}/logs/compare_variants.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=1400,
    params:
        folder=pair_folder,
        variants=lambda wc: REQUEST.compared_variants(wc.sample, wc.dye),
        checkpoint_format=REQUEST.checkpoint_format,
    script:
        "../../scripts/compare_variants.py"
