# Stage 3's image and what both images tell together, in one pass; then the photometric scale.


rule measure_pair:
    """Warp the pre image into the post frame (float32); gather joint histogram and block means.

    Stops the pair here if its alignment failed (on_failed_alignment: stop).
    """
    input:
        unpack(measurement_sources),
    output:
        joint=f"{PAIR}/measurements/04_joint_{{fmt}}{{sfx3}}.npz",
        aligned=[
            f"{PAIR}/{{fmt}}/03_interior_aligned_pre{{sfx3}}.{{fmt}}"
            for stage in REQUEST.keep_images
            if stage == 3
        ],
    log:
        f"{PAIR}/logs/measure_pair_{{fmt}}{{sfx3}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: BESIDE_THREADS
    resources:
        **on_a_cluster("measure_pair"),
        mem_mb=memory(1500),
    params:
        values=lambda wc: values_of(wc.sfx3, 3),
        on_failed=REQUEST.on_failed_alignment,
    script:
        "../../scripts/measure_pair.py"


rule estimate_scale:
    """Fit the photometric scale post = scale * pre and its error."""
    input:
        joint_statistics,
    output:
        f"{PAIR}/measurements/04_scale{{sfx4}}.json",
    log:
        f"{PAIR}/logs/estimate_scale{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        **on_a_cluster("estimate_scale"),
        mem_mb=memory(1500),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
    script:
        "../../scripts/estimate_scale.py"
