# Stage 3: the transform to a fraction of a pixel, with its verdict.


rule align_interior:
    """Refine the transform (px) by features and by tiles at full resolution."""
    input:
        unpack(lambda wc: padded_pair(wc, wc.sfx3)),
        boundary=lambda wc: record_path(wc, "02_icp", wc.sfx3, 2),
    output:
        f"{PAIR}/transforms/03_interior{{sfx3}}.json",
    log:
        f"{PAIR}/logs/align_interior{{sfx3}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: BESIDE_THREADS
    resources:
        **on_a_cluster("align_interior"),
        mem_mb=memory(1800),
    params:
        values=lambda wc: values_of(wc.sfx3, 3),
    script:
        "../../scripts/align_interior.py"
