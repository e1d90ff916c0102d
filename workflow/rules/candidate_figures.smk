# Figures of the candidates, drawn from the catalogue, a reduced image and a few close-ups.


def candidate_figure_sources(wildcards):
    """Padded pair, transform and scale, the significance image and the catalogue."""
    catalogue = f"{pair_folder(wildcards)}/measurements/04_candidates{wildcards.sfx4}"
    return {
        **padded_pair(wildcards, wildcards.sfx4),
        "transform": record_path(wildcards, "03_interior", wildcards.sfx4, 3),
        "scale": scale_and_padding(wildcards)["scale"],
        "significance": checkpoint_to_read(wildcards, "04_significance", wildcards.sfx4, 4),
        "table": f"{catalogue}.csv",
        "record": f"{catalogue}.json",
    }


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
