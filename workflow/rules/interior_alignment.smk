# Stage 3: the transform to a fraction of a pixel, its verdict, and the pre image warped by it.


def interior_image_sources(wildcards):
    """The padded pre image and the accepted transform, or the same image in the other format."""
    sources = {
        "transform": record_path(wildcards, "03_interior", wildcards.sfx3, 3),
        "accepted": record_path(wildcards, "03_accepted", wildcards.sfx3, 3),
        "padding": record_path(wildcards, "01_padding", wildcards.sfx3, 1),
    }
    twin = twin_of(wildcards, f"03_interior_aligned_pre{wildcards.sfx3}")
    if twin:
        return {**sources, "twin": twin}
    return {**sources, "pre": checkpoint_to_read(wildcards, "01_padded_pre", wildcards.sfx3, 1)}


rule align_interior:
    """Refine the transform (px) by features and by tiles at full resolution."""
    input:
        unpack(lambda wc: padded_pair(wc, wc.sfx3)),
        boundary=lambda wc: record_path(wc, "02_icp", wc.sfx3, 2),
    output:
        f"{PAIR}/transforms/03_interior{{sfx3}}.json",
    params:
        values=lambda wc: values_of(wc.sfx3),
    log:
        f"{PAIR}/logs/align_interior{{sfx3}}.log",
    threads: 2
    resources:
        mem_mb=1200,
    script:
        "../../scripts/align_interior.py"


rule accept_alignment:
    """Stop the pair here if its alignment failed (on_failed_alignment: stop)."""
    input:
        f"{PAIR}/transforms/03_interior{{sfx3}}.json",
    output:
        f"{PAIR}/transforms/03_accepted{{sfx3}}.json",
    params:
        on_failed=REQUEST.on_failed_alignment,
    log:
        f"{PAIR}/logs/accept_alignment{{sfx3}}.log",
    threads: 1
    resources:
        mem_mb=200,
    script:
        "../../scripts/accept_alignment.py"


rule warp_interior:
    """Warp the padded pre image into the post frame by stage 3's transform (float32)."""
    input:
        unpack(interior_image_sources),
    output:
        f"{PAIR}/{{fmt}}/03_interior_aligned_pre{{sfx3}}.{{fmt}}",
    params:
        values=lambda wc: values_of(wc.sfx3),
    log:
        f"{PAIR}/logs/warp_interior_{{fmt}}{{sfx3}}.log",
    threads: 2
    resources:
        mem_mb=1200,
    script:
        "../../scripts/warp_interior.py"
