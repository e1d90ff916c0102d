# Stage 4, first half: what both images tell together, and the photometric scale.


rule measure_pair:
    """Gather the joint histogram, block means and reduced images in one streamed pass."""
    input:
        unpack(lambda wc: padded_pair(wc, wc.sfx3)),
        transform=f"{PAIR}/transforms/03_interior{{sfx3}}.json",
        accepted=f"{PAIR}/transforms/03_accepted{{sfx3}}.json",
    output:
        f"{PAIR}/measurements/04_joint{{sfx3}}.npz",
    log:
        f"{PAIR}/logs/measure_pair{{sfx3}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 2
    resources:
        mem_mb=memory(1500),
    params:
        values=lambda wc: values_of(wc.sfx3, 3),
    script:
        "../../scripts/measure_pair.py"


rule estimate_scale:
    """Fit the photometric scale post = scale * pre and its error."""
    input:
        lambda wc: f"{pair_folder(wc)}/measurements/04_joint{suffix_at(wc.sfx4, 3)}.npz",
    output:
        f"{PAIR}/measurements/04_scale{{sfx4}}.json",
    log:
        f"{PAIR}/logs/estimate_scale{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
    script:
        "../../scripts/estimate_scale.py"
