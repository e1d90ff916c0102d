# Microbes: the significance of the difference, and the catalogue of what stands out of it.


rule detect:
    """Write matched-filtered significance (sigma) and mask bits, and detect candidates on the way."""
    input:
        unpack(detection_sources),
    output:
        significance=f"{PAIR}/{{fmt}}/04_significance{{sfx4}}.{{fmt}}",
        mask=f"{PAIR}/{{fmt}}/04_mask{{sfx4}}.{{fmt}}",
        detected=f"{PAIR}/measurements/04_detected_{{fmt}}{{sfx4}}.npz",
    log:
        f"{PAIR}/logs/detect_{{fmt}}{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 2
    resources:
        mem_mb=memory(1400),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
    script:
        "../../scripts/detect.py"


rule catalogue:
    """List the candidates (raw-post px, grey levels), draw them for QuPath and count them."""
    input:
        unpack(catalogue_sources),
    output:
        table=f"{PAIR}/measurements/04_candidates{{sfx4}}.csv",
        detections=f"{PAIR}/measurements/04_candidates{{sfx4}}.geojson",
        record=f"{PAIR}/measurements/04_candidates{{sfx4}}.json",
    log:
        f"{PAIR}/logs/catalogue{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=memory(800),
    script:
        "../../scripts/catalogue.py"
