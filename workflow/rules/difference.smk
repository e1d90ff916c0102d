# Stage 4, second half: the difference images, one for each active scale.


rule difference:
    """Subtract the scaled, aligned pre image from the post image (float32 grey levels)."""
    input:
        unpack(difference_sources),
    output:
        f"{PAIR}/{{fmt}}/04_difference_difference{{kind}}{{sfx4}}.{{fmt}}",
    log:
        f"{PAIR}/logs/difference{{kind}}_{{fmt}}{{sfx4}}.log",
    wildcard_constraints:
        kind=r"|_manual|_percentile_p[0-9.e+-]+",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 2
    resources:
        mem_mb=memory(1200),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
        kind=lambda wc: wc.kind.strip("_") or "moffat",
    script:
        "../../scripts/difference.py"
