# Figures of the candidates, drawn from the catalogue, a reduced image and a few close-ups.


rule figures_of_candidates:
    """Draw the candidates on the significance image, their sizes, and the brightest close up."""
    input:
        unpack(candidate_figure_sources),
    output:
        candidates=figure_file("candidates", "sfx4"),
        candidate_histograms=figure_file("candidate_histograms", "sfx4"),
        candidate_sheet=figure_file("candidate_sheet", "sfx4"),
    log:
        f"{PAIR}/logs/figures_of_candidates{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=1400,
    params:
        values=lambda wc: values_of(wc.sfx4, 4),
        names=lambda wc: title_names(wc, wc.sfx4),
    script:
        "../../scripts/figures_of_candidates.py"
