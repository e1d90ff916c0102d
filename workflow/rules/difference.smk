# Stage 4, second half: the difference images, one for each active scale.


def difference_sources(wildcards):
    """Padded pair, transform and scale, or the same image in the other format."""
    sources = {
        "scale": f"{pair_folder(wildcards)}/measurements/04_scale{wildcards.sfx4}.json",
        "padding": record_path(wildcards, "01_padding", wildcards.sfx4, 1),
    }
    twin = twin_of(wildcards, f"04_difference_difference{wildcards.kind}{wildcards.sfx4}")
    if twin:
        return {**sources, "twin": twin}
    return {
        **padded_pair(wildcards, wildcards.sfx4),
        "transform": record_path(wildcards, "03_interior", wildcards.sfx4, 3),
        **sources,
    }


rule difference:
    """Subtract the scaled, aligned pre image from the post image (float32 grey levels)."""
    input:
        unpack(difference_sources),
    output:
        f"{PAIR}/{{fmt}}/04_difference_difference{{kind}}{{sfx4}}.{{fmt}}",
    wildcard_constraints:
        kind=r"|_manual|_percentile_p[0-9.e+-]+",
    params:
        values=lambda wc: values_of(wc.sfx4),
        kind=lambda wc: wc.kind.strip("_") or "moffat",
    log:
        f"{PAIR}/logs/difference{{kind}}_{{fmt}}{{sfx4}}.log",
    threads: 2
    resources:
        mem_mb=1200,
    script:
        "../../scripts/difference.py"
