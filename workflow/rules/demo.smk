# The demonstration: raw photographs that the workflow makes itself (only with `demo:` in the config).

if config.get("demo"):
    from exo2micro.synthesis import demo_specs, find_demo_pair

    DEMO_RAW = f"{REQUEST.raw_dir}/{{sample}}/{{sample}}"
    DEMO_PAIRS = demo_specs(config["demo"])

    # The demonstration leaves raw files beyond the pairs that are run.
    DEMO_FILES = [str(path) for pair in DEMO_PAIRS for path in pair.raw_paths(REQUEST.raw_dir)]

    rule make_demo_pair:
        """Draw a synthetic pair with known transform, scale and microbes."""
        output:
            pre=f"{DEMO_RAW}_PreStain_{{dye}}.tif",
            post=f"{DEMO_RAW}_PostStain_{{dye}}.tif",
            truth=f"{DEMO_RAW}_truth_{{dye}}.json",
            microbes=f"{DEMO_RAW}_truth_{{dye}}.csv",
        log:
            f"{REQUEST.output_dir}/{{sample}}/{{dye}}/logs/make_demo_pair.log",
        wildcard_constraints:
            sample=one_of(pair.sample for pair in DEMO_PAIRS),
            dye=one_of(pair.dye for pair in DEMO_PAIRS),
        conda:
            "../../envs/exo2micro.yaml"
        threads: THREADS
        resources:
            mem_mb=memory(1200),
        params:
            pair=lambda wc: find_demo_pair(config["demo"], wc.sample, wc.dye).to_record(),
        script:
            "../../scripts/make_demo_pair.py"

    use rule make_demo_pair as make_demo_single with:
        output:
            f"{DEMO_RAW}_{{stain}}_{{dye}}.tif",
        log:
            f"{REQUEST.output_dir}/{{sample}}/{{dye}}/logs/make_demo_{{stain}}.log",
        wildcard_constraints:
            sample=one_of(pair.sample for pair in DEMO_PAIRS if pair.missing),
            dye=one_of(pair.dye for pair in DEMO_PAIRS if pair.missing),
            stain="pre|post",
        conda:
            "../../envs/exo2micro.yaml"

else:
    DEMO_FILES = []
