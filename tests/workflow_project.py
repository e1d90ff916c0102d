"""Runs of the whole workflow in folders of their own."""

import re
from pathlib import Path

import yaml
from snakemake_program import ROOT, run_snakemake

PAIRS = [
    {"sample": "CD070", "dye": "SybrGld", "rotation_deg": 6, "magnification": 1.03},
    {"sample": "ER22", "dye": "DAPI", "rotation_deg": -50, "bit_depth": 16, "colour": "grey"},
    {"sample": "ER22", "dye": "SybrGld", "missing": "pre"},
]


class Project:
    """A working folder with a configuration, in which the workflow is run."""

    def __init__(self, folder, **config):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = config

    def snakemake(self, *arguments, config=None, check=True):
        """Run snakemake here and return its exit code and everything it printed."""
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump({**self.config, **(config or {})}))
        words = ["-s", str(ROOT / "Snakefile"), "--configfile", "config.yaml", *arguments]
        code, said = run_snakemake(words, self.folder)
        if check:
            assert code == 0, said
        return code, said

    def plan(self, *arguments, config=None):
        """Jobs that would run: rule name -> number."""
        _, text = self.snakemake("-n", *arguments, config=config)
        return job_counts(text)

    def planned_pairs(self, *arguments, config=None):
        """Rules that would run: rule name -> set of sample/dye."""
        _, text = self.snakemake("-n", *arguments, config=config)
        planned = {}
        blocks = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", text, re.M)
        for rule, block in blocks:
            pair = re.search(r"wildcards: sample=([^,]+), dye=([^,\n]+)", block)
            if pair:
                planned.setdefault(rule, set()).add("/".join(pair.groups()))
        return planned

    def pair(self, sample, dye):
        """Folder of a pair's results."""
        return self.folder / "processed" / sample / dye


def job_counts(text):
    """Read the table of jobs that Snakemake prints."""
    table = re.search(r"^Job stats:\n.*?\n-+.*?\n(.*?)\n\n", text, re.S | re.M)
    if table is None:
        return {}
    rows = (line.split() for line in table.group(1).splitlines() if line.strip())
    counts = {row[0]: int(row[1]) for row in rows}
    counts.pop("total", None)
    counts.pop("all", None)
    return counts


def demo_config(**extra):
    """Configuration of a small demonstration."""
    return {
        "raw_dir": "raw",
        "output_dir": "processed",
        "strict_dyes": False,
        "params": {"pad": 60},
        "demo": {"seed": 3, "defaults": {"size": [560, 600]}, "pairs": PAIRS},
        **extra,
    }
