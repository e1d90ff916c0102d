# Stage 3: the transform to a fraction of a pixel, its verdict, and the pre image warped by it.


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
    threads: 2
    resources:
        mem_mb=memory(1800),
    params:
        values=lambda wc: values_of(wc.sfx3, 3),
    script:
        "../../scripts/align_interior.py"


rule accept_alignment:
    """Stop the pair here if its alignment failed (on_failed_alignment: stop)."""
    input:
        f"{PAIR}/transforms/03_interior{{sfx3}}.json",
    output:
        f"{PAIR}/transforms/03_accepted{{sfx3}}.json",
    log:
        f"{PAIR}/logs/accept_alignment{{sfx3}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=memory(400),
    params:
        on_failed=REQUEST.on_failed_alignment,
    script:
        "../../scripts/accept_alignment.py"


rule warp_interior:
    """Warp the padded pre image into the post frame by stage 3's transform (float32)."""
    input:
        unpack(interior_image_sources),
    output:
        f"{PAIR}/{{fmt}}/03_interior_aligned_pre{{sfx3}}.{{fmt}}",
    log:
        f"{PAIR}/logs/warp_interior_{{fmt}}{{sfx3}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 2
    resources:
        mem_mb=memory(1200),
    params:
        values=lambda wc: values_of(wc.sfx3, 3),
    script:
        "../../scripts/warp_interior.py"
