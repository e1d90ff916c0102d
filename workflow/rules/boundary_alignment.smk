# Stage 2: the coarse transform, and the pre image warped by it for looking at.


rule align_boundary:
    """Find rotation, magnification and shift (px) by boundary, interior and ICP."""
    input:
        unpack(lambda wc: padded_pair(wc, wc.sfx2)),
    output:
        f"{PAIR}/transforms/02_icp{{sfx2}}.json",
    log:
        f"{PAIR}/logs/align_boundary{{sfx2}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: THREADS
    resources:
        **on_a_cluster("align_boundary"),
        mem_mb=memory(1800),
    params:
        values=lambda wc: values_of(wc.sfx2, 2),
    script:
        "../../scripts/align_boundary.py"


rule warp_boundary:
    """Warp the padded pre image into the post frame by stage 2's transform (float32)."""
    input:
        unpack(boundary_image_sources),
    output:
        f"{PAIR}/{{fmt}}/02_icp_aligned{{step}}_pre{{sfx2}}.{{fmt}}",
    log:
        f"{PAIR}/logs/warp_boundary{{step}}_{{fmt}}{{sfx2}}.log",
    wildcard_constraints:
        step="|_coarse",
    conda:
        "../../envs/exo2micro.yaml"
    threads: BESIDE_THREADS
    resources:
        **on_a_cluster("warp_boundary"),
        mem_mb=memory(1200),
    params:
        values=lambda wc: values_of(wc.sfx2, 2),
        matrix=lambda wc: "coarse_pre_from_post" if wc.step else "pre_from_post",
    script:
        "../../scripts/warp_boundary.py"
