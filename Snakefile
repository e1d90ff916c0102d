"""exo2micro: finds microbes on mineral samples by subtracting the mineral's own glow.

Raw pre- and post-stain photographs in; aligned images, difference images, figures and a summary
out. The stages are in workflow/rules, in the order in which data flows.
"""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.5")

sys.path.insert(0, str(Path(str(workflow.current_basedir)) / "scripts"))

if Path("config/config.yaml").is_file():

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/discovery.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/looking.smk"
include: "workflow/rules/demo.smk"
include: "workflow/rules/padding.smk"
include: "workflow/rules/boundary_alignment.smk"
include: "workflow/rules/interior_alignment.smk"
include: "workflow/rules/scale.smk"
include: "workflow/rules/difference.smk"
include: "workflow/rules/catalogue.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/summary.smk"
include: "workflow/rules/status.smk"
include: "workflow/rules/viewer.smk"
include: "workflow/rules/survey.smk"


rule all:
    default_target: True
    input:
        DEMO_FILES,
        wanted_files(REQUEST, WORDS),
        REPORT_PAGES,
