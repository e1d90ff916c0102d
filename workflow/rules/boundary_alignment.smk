# Stage 2: the coarse transform, and the pre image warped by it for looking at.


def boundary_image_sources(wildcards):
    """The padded pre image and the transform, or the same image in the other format."""
    transform = record_path(wildcards, "02_icp", wildcards.sfx2, 2)
    padding = record_path(wildcards, "01_padding", wildcards.sfx2, 1)
    sources = {"transform": transform, "padding": padding}
    twin = twin_of(wildcards, f"02_icp_aligned{wildcards.step}_pre{wildcards.sfx2}")
    if twin:
        return {**sources, "twin": twin}
    return {**sources, "pre": checkpoint_to_read(wildcards, "01_padded_pre", wildcards.sfx2, 1)}


rule align_boundary:
    """Find rotation, magnification and shift (px) by boundary, interior and ICP."""
    input:
        unpack(lambda wc: padded_pair(wc, wc.sfx2)),
    output:
        f"{PAIR}/transforms/02_icp{{sfx2}}.json",
    params:
        values=lambda wc: values_of(wc.sfx2),
    log:
        f"{PAIR}/logs/align_boundary{{sfx2}}.log",
    threads: 2
    resources:
        mem_mb=1000,
    script:
        "../../scripts/align_boundary.py"


rule warp_boundary:
    """Warp the padded pre image into the post frame by stage 2's transform (float32)."""
    input:
        unpack(boundary_image_sources),
    output:
        f"{PAIR}/{{fmt}}/02_icp_aligned{{step}}_pre{{sfx2}}.{{fmt}}",
    wildcard_constraints:
        step="|_coarse",
    params:
        values=lambda wc: values_of(wc.sfx2),
        matrix=lambda wc: "coarse_pre_from_post" if wc.step else "pre_from_post",
    log:
        f"{PAIR}/logs/warp_boundary{{step}}_{{fmt}}{{sfx2}}.log",
    threads: 2
    resources:
        mem_mb=1200,
    script:
        "../../scripts/warp_boundary.py"
