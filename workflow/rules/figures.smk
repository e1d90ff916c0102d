# Figures: drawn from records and small arrays, so that they cost little and come out for pairs
# that were stopped as well. Figures that share their inputs share a job.

if REQUEST.control.last_stage == 2:

    rule figure_boundary:
        """Draw both photographs with their boundary and their overlay after stage 2."""
        input:
            unpack(lambda wc: padded_pair(wc, wc.sfx3)),
            boundary=lambda wc: record_path(wc, "02_icp", wc.sfx3, 2),
        output:
            registration=figure_file("registration", "sfx3", stage="sfx2"),
        log:
            f"{PAIR}/logs/figure_boundary{{sfx3}}.log",
        conda:
            "../../envs/exo2micro.yaml"
        threads: 1
        resources:
            **on_a_cluster("figure_boundary"),
            mem_mb=memory(1600),
        params:
            values=lambda wc: values_of(wc.sfx3, 3),
        script:
            "../../scripts/figures_of_alignment.py"

else:

    rule figures_of_alignment:
        """Draw both photographs with their boundary, and stage 3 against stage 2 (px)."""
        input:
            unpack(lambda wc: padded_pair(wc, wc.sfx3)),
            boundary=lambda wc: record_path(wc, "02_icp", wc.sfx3, 2),
            interior=f"{PAIR}/transforms/03_interior{{sfx3}}.json",
        output:
            registration=figure_file("registration", "sfx3", stage="sfx2"),
            fine_alignment=figure_file("fine_alignment", "sfx3"),
        log:
            f"{PAIR}/logs/figures_of_alignment{{sfx3}}.log",
        # Before the job that stops a pair that failed, so that its figures are there to be looked at.
        priority: 1
        conda:
            "../../envs/exo2micro.yaml"
        threads: 1
        resources:
            **on_a_cluster("figures_of_alignment"),
            mem_mb=memory(1600),
        params:
            values=lambda wc: values_of(wc.sfx3, 3),
        script:
            "../../scripts/figures_of_alignment.py"


rule figures_of_scale:
    """Draw the pair's histograms, the scale's fit and map, and the difference (grey levels)."""
    input:
        unpack(scale_figure_sources),
    output:
        pre_post_heatmap=figure_file("pre_post_heatmap", "sfx4"),
        pre_post_histograms=figure_file("pre_post_histograms", "sfx4"),
        difference_histogram=figure_file("difference_histogram", "sfx4"),
        excess_heatmap=figure_file("excess_heatmap", "sfx4"),
        ratio_histogram=figure_file("ratio_histogram", "sfx4"),
        scale_map=figure_file("scale_map", "sfx4"),
        difference_image=figure_file("difference_image", "sfx4"),
    log:
        f"{PAIR}/logs/figures_of_scale{{sfx4}}.log",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        **on_a_cluster("figures_of_scale"),
        mem_mb=memory(1400),
    params:
        kind="moffat",
    script:
        "../../scripts/figures_of_scale.py"


rule figure_difference:
    """Draw the difference image of a percentile's or a manual scale (grey levels)."""
    input:
        unpack(scale_figure_sources),
    output:
        difference_image=figure_file("difference_image", "sfx4", "{kind}"),
    log:
        f"{PAIR}/logs/figure_difference{{kind}}{{sfx4}}.log",
    wildcard_constraints:
        kind=r"_manual|_percentile_p[0-9.e+-]+",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        **on_a_cluster("figure_difference"),
        mem_mb=memory(1400),
    params:
        kind=lambda wc: wc.kind.strip("_"),
    script:
        "../../scripts/figures_of_scale.py"
