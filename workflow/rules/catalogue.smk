# Microbes: the catalogue of what stands out of the difference, and its figures.


rule catalogue:
    """List the candidates (raw-post px, grey levels), count them, draw them for QuPath and here."""
    input:
        unpack(catalogue_sources),
    output:
        table=f"{PAIR}/measurements/04_candidates{{sfx4}}.csv",
        detections=f"{PAIR}/measurements/04_candidates{{sfx4}}.geojson",
        record=f"{PAIR}/measurements/04_candidates{{sfx4}}.json",
        candidates=figure_file("candidates", "sfx4"),
        candidate_histograms=figure_file("candidate_histograms", "sfx4"),
        candidate_sheet=figure_file("candidate_sheet", "sfx4"),
    log:
        f"{PAIR}/logs/catalogue{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        **on_a_cluster("catalogue"),
        mem_mb=memory(1400),
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
    script:
        "../../scripts/catalogue.py"
