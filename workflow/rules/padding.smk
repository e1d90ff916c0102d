# Stage 1: the signal channel of both photographs on one common canvas.


rule pad:
    """Write the signal channel of both photographs on the common canvas, in the raw type."""
    input:
        unpack(padding_sources),
    output:
        post=kept(1, f"{PAIR}/{{fmt}}/01_padded_post{{sfx1}}.{{fmt}}"),
        pre=kept(1, f"{PAIR}/{{fmt}}/01_padded_pre{{sfx1}}.{{fmt}}"),
        padding=f"{PAIR}/transforms/01_padding_{{fmt}}{{sfx1}}.json",
    log:
        f"{PAIR}/logs/pad_{{fmt}}{{sfx1}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: THREADS
    resources:
        **on_a_cluster("pad"),
        mem_mb=memory_to_read_raw(1000),
    params:
        values=lambda wc: values_of(wc.sfx1, 1),
        channel=lambda wc: REQUEST.channel(wc.dye),
        raw_state=raw_state,
    script:
        "../../scripts/pad.py"
