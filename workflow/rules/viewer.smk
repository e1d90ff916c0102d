# The viewer: a page in the browser that reads the TIFF pyramids. `snakemake --cores N viewer`.


rule viewer_page:
    """Copy the page, and list for it what there is to see."""
    input:
        [str(PAGE_FILES / name) for name in PAGE_NAMES],
    output:
        page=[f"{VIEWER}/{name}" for name in PAGE_NAMES],
        pairs=f"{VIEWER}/data/pairs.js",
    log:
        f"{REQUEST.output_dir}/logs/viewer_page.log",
    localrule: True
    conda:
        "../../envs/exo2micro.yaml"
    params:
        batch=lambda wc: describe_batch(REQUEST),
    script:
        "../../scripts/viewer_page.py"


rule viewer_pair:
    """Tell the page where a pair's images lie, how they were judged, and the candidates (px)."""
    input:
        unpack(viewer_sources),
    output:
        f"{VIEWER}/data/{{sample}}/{{dye}}/stage{{stage}}{{sfx4}}.js",
    log:
        f"{PAIR}/logs/viewer_pair{{stage}}{{sfx4}}.log",
    wildcard_constraints:
        stage="[234]",
    conda:
        "../../envs/exo2micro.yaml"
    threads: 1
    resources:
        mem_mb=500,
    params:
        images=below_output,
    script:
        "../../scripts/viewer_pair.py"


rule viewer:
    """Make the viewer of all requested pairs, and all results, and say how to open it."""
    input:
        DEMO_FILES,
        lambda wc: REQUEST.targets(),
        lambda wc: viewer_targets(REQUEST),
        rules.viewer_page.output,
    log:
        f"{REQUEST.output_dir}/logs/viewer.log",
    localrule: True
    conda:
        "../../envs/exo2micro.yaml"
    params:
        words=f"Open the viewer with: python3 {VIEWER}/serve.py   (or {VIEWER}/index.html)",
    script:
        "../../scripts/viewer.py"
