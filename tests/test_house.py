"""What the repository says in more than one place, it says alike."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pinned():
    lines = (ROOT / "envs/requirements.txt").read_text(encoding="utf-8").split()
    return {name: version for name, version in (line.split("==") for line in lines)}


def test_pinned_versions_are_those_that_the_package_asks_for(project, pinned):
    wanted = {Requirement(text).name: Requirement(text) for text in project["dependencies"]}
    assert set(wanted) == set(pinned)
    for name, requirement in wanted.items():
        assert requirement.specifier.contains(pinned[name]), name


def test_the_conda_environment_installs_the_pinned_versions():
    environment = yaml.safe_load((ROOT / "envs/exo2micro.yaml").read_text(encoding="utf-8"))
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.txt"]


def test_one_version_everywhere(project):
    import exo2micro

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert exo2micro.__version__ == project["version"] == citation["version"]
    assert f"## {project['version']}" in changelog


def test_rule_names_in_the_readme_exist():
    rules = set()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        rules |= set(re.findall(r"^\s*rule (\w+):", path.read_text(encoding="utf-8"), re.M))
    told = set(re.findall(r"`--(?:forcerun|until) ([\w ]+)`", README))
    named = {name for names in told for name in names.split()}
    assert named
    assert named <= rules


def test_files_that_the_readme_shows_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_both_commands_set_up_everything_themselves():
    commands = [line.strip() for line in README.splitlines() if "-m venv .venv &&" in line]
    assert len(commands) == 2
    assert "--configfile config/demo.yaml" in commands[0]
    assert commands[1].endswith("-m pytest")


def test_every_job_runs_under_the_same_roof():
    for path in (ROOT / "scripts").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert re.search(r"^with job\(snakemake[,)]", text, re.M), (
            f"{path.name}: with job(snakemake):"
        )


def test_tests_that_the_documentation_names_exist():
    text = (ROOT / "docs/batch.md").read_text()
    named = re.findall(r"`((?:[a-z]+/)?test_\w+\.py)?(?:::(test_\w+))?`", text)
    file, seen = "", 0
    for path, name in named:
        file = path or file
        if path or name:
            source = (ROOT / "tests" / file.removeprefix("tests/")).read_text()
            assert f"def {name}" in source, f"{file}::{name}"
            seen += 1
    assert seen > 20
