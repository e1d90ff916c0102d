# Stage 1: the signal channel of both photographs on one common canvas.


def padding_sources(wildcards):
    """The raw files, or the padded images in the other format."""
    plan = record_path(wildcards, "01_padding", wildcards.sfx1, 1)
    names = [f"01_padded_{stain}{wildcards.sfx1}" for stain in ("post", "pre")]
    twins = [twin_of(wildcards, name) for name in names]
    if all(twins):
        return {"twin_post": twins[0], "twin_pre": twins[1], "padding": plan}
    return {**raw_pair(wildcards), "padding": plan}


rule plan_padding:
    """Choose the canvas (px) and find the channel that carries the dye's signal."""
    input:
        unpack(raw_pair),
    output:
        f"{PAIR}/transforms/01_padding{{sfx1}}.json",
    params:
        pad=lambda wc: values_of(wc.sfx1)["pad"],
        channel=lambda wc: REQUEST.channel(wc.dye),
        raw_state=raw_state,
    log:
        f"{PAIR}/logs/plan_padding{{sfx1}}.log",
    threads: 1
    resources:
        mem_mb=600,
    script:
        "../../scripts/plan_padding.py"


rule pad:
    """Write the signal channel of both photographs on the common canvas, in the raw type."""
    input:
        unpack(padding_sources),
    output:
        post=f"{PAIR}/{{fmt}}/01_padded_post{{sfx1}}.{{fmt}}",
        pre=f"{PAIR}/{{fmt}}/01_padded_pre{{sfx1}}.{{fmt}}",
    params:
        values=lambda wc: values_of(wc.sfx1),
    log:
        f"{PAIR}/logs/pad_{{fmt}}{{sfx1}}.log",
    threads: 2
    resources:
        mem_mb=1000,
    script:
        "../../scripts/pad.py"
