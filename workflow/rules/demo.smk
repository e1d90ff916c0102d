# The demonstration: raw photographs that the workflow makes itself (only with `demo:` in the config).

if config.get("demo"):
    from exo2micro.synthesis import demo_specs, find_demo_pair

    DEMO_RAW = f"{REQUEST.raw_dir}/{{sample}}/{{sample}}"

    def demo_inputs():
        """What the demonstration leaves in the raw folder beyond the pairs that are run."""
        return [
            str(path)
            for pair in demo_specs(config["demo"])
            for path in pair.raw_paths(REQUEST.raw_dir)
        ]

    rule make_demo_pair:
        """Draw a synthetic pair with known transform, scale and microbes."""
        output:
            pre=f"{DEMO_RAW}_PreStain_{{dye}}.tif",
            post=f"{DEMO_RAW}_PostStain_{{dye}}.tif",
            truth=f"{DEMO_RAW}_truth_{{dye}}.json",
            microbes=f"{DEMO_RAW}_truth_{{dye}}.csv",
        params:
            raw_dir=REQUEST.raw_dir,
            demo=lambda wc: find_demo_pair(config["demo"], wc.sample, wc.dye).spec.to_record(),
        log:
            f"{REQUEST.output_dir}/{{sample}}/{{dye}}/logs/make_demo_pair.log",
        threads: 2
        resources:
            mem_mb=1200,
        script:
            "../../scripts/make_demo_pair.py"

    use rule make_demo_pair as make_demo_post with:
        output:
            post=f"{DEMO_RAW}_PostStain_{{dye}}.tif",
        log:
            f"{REQUEST.output_dir}/{{sample}}/{{dye}}/logs/make_demo_post.log",

    ruleorder: make_demo_pair > make_demo_post

else:

    def demo_inputs():
        """Nothing: the raw files are the user's own."""
        return []
