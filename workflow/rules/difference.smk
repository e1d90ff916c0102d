# Stage 4, second half: post - scale * pre, and how significant it is.


rule difference:
    """Subtract the scaled pre image (grey levels); detect what stands out of the noise (sigma)."""
    input:
        unpack(difference_sources),
    output:
        difference=f"{PAIR}/{{fmt}}/04_difference_difference{{sfx4}}.{{fmt}}",
        significance=f"{PAIR}/{{fmt}}/04_significance{{sfx4}}.{{fmt}}",
        mask=f"{PAIR}/{{fmt}}/04_mask{{sfx4}}.{{fmt}}",
        detected=f"{PAIR}/measurements/04_detected_{{fmt}}{{sfx4}}.npz",
    log:
        f"{PAIR}/logs/difference_{{fmt}}{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: BESIDE_THREADS
    resources:
        **on_a_cluster("difference"),
        mem_mb=memory(1600),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
    script:
        "../../scripts/difference.py"


rule other_difference:
    """Subtract the pre image scaled by a percentile of the ratio or by hand (grey levels)."""
    input:
        unpack(other_difference_sources),
    output:
        f"{PAIR}/{{fmt}}/04_difference_difference{{kind}}{{sfx4}}.{{fmt}}",
    log:
        f"{PAIR}/logs/difference{{kind}}_{{fmt}}{{sfx4}}.log",
    wildcard_constraints:
        kind=r"_manual|_percentile_p[0-9.e+-]+",
    conda:
        "../../envs/exo2micro.yaml"
    threads: BESIDE_THREADS
    resources:
        **on_a_cluster("other_difference"),
        mem_mb=memory(1200),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
        kind=lambda wc: wc.kind.strip("_"),
    script:
        "../../scripts/other_difference.py"
