"""Snakemake's own work: what is remembered is what it would have found, and the choice of jobs."""

import inspect
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from snakemake import common, rules, script, sourcecache
from snakemake.api import ResourceSettings, SchedulingSettings
from snakemake.exceptions import ChildIOException
from snakemake.jobs import Job
from snakemake.workflow import DAG
from snakemake_interface_scheduler_plugins.registry import SchedulerPluginRegistry
from workflow_project import ROOT, Project

from exo2micro.engine_speed import remember_what_stays, schedule_cheaply


@pytest.fixture
def remembering(monkeypatch):
    """Snakemake with the caches, and what it was without."""
    plain = {"parameters": common.get_function_params, "source": script.get_source}
    for module, name in (
        (common, "get_function_params"),
        (rules, "get_function_params"),
        (script, "get_source"),
        (sourcecache.LocalSourceFile, "get_cache_path"),
        (Job, "conda_env_spec"),
        (DAG, "check_directory_outputs"),
        (DAG, "update"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    remember_what_stays()
    assert rules.get_function_params is common.get_function_params is not plain["parameters"]
    assert script.get_source is not plain["source"]
    return plain


class Evaluated:
    """Like a resource of Snakemake: its methods are asked for their parameters."""

    def evaluate(self, wildcards, attempt=1):
        """Ask for nothing."""

    __hash__ = None


def test_parameters_are_those_of_the_signature(remembering):
    def of_job(wildcards, attempt):
        return attempt

    functions = [of_job, Evaluated().evaluate, Evaluated.evaluate, Evaluated().evaluate, os.stat]
    for function in functions * 2:
        found = common.get_function_params(function)
        assert list(found.items()) == list(inspect.signature(function).parameters.items())


def test_functions_that_are_made_for_each_job_are_forgotten(remembering):
    for number in range(2000):
        found = common.get_function_params(eval(f"lambda wildcards, a{number}: 0"))
        assert list(found) == ["wildcards", f"a{number}"]


def test_a_script_is_what_snakemake_reads(remembering, tmp_path):
    (tmp_path / "one.py").write_text("print(1)\n")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/two.py").write_text("print(2)\n")
    cache = sourcecache.SourceCache(tmp_path / "cache")
    here = sourcecache.LocalSourceFile(str(tmp_path))
    wildcards = {"sample": "two"}
    for name in ("one.py", "scripts/two.py", "scripts/{wildcards[sample]}.py") * 2:
        asked = (name, cache, here, wildcards, {})
        found, expected = script.get_source(*asked), remembering["source"](*asked)
        assert found[1] == expected[1] == f"print({1 if 'one' in name else 2})\n"
        assert [str(part) for part in found] == [str(part) for part in expected]


def plan_of(*outputs):
    """What Snakemake looks at of a plan in which each output has a job."""

    class Making:
        def __init__(self, path):
            self.output = [path]

    return SimpleNamespace(jobs=[Making(path) for path in outputs])


def test_an_output_inside_another_is_still_found(remembering):
    check = DAG.check_directory_outputs
    check(plan_of("a/b", "a/b-c", "a/b.d", os.path.abspath("a/bc/d"), "c"))
    for outer, inner in (
        ("a/b", "a/b/c"),
        ("a", os.path.abspath("a/x/y")),
        (os.path.abspath("a"), os.path.abspath("a/x/y")),
        ("a/.", "a/y"),
        ("../a", "../a/./y"),
        ("a", "a//y"),
    ):
        with pytest.raises(ChildIOException, match=os.path.basename(inner)):
            check(plan_of(outer, f"{outer}-1", f"{outer}.2", inner, "z"))


def test_a_rules_environment_is_each_jobs(remembering):
    class Asked:
        """Of a rule with an environment; its parameters must not be asked for in vain."""

        wildcards_dict = {"sample": "S"}  # noqa: RUF012
        _conda_env_spec, input = None, ()

        def __init__(self, conda_env, **params):
            self.rule = SimpleNamespace(conda_env=conda_env, expand_conda_env=self.expand)
            self.__dict__.update(params)

        def expand(self, wildcards, params="none", input=None):
            return wildcards["sample"], params

    given = Job.conda_env_spec.fget
    assert given(Asked("env.yaml")) == ("S", "none")
    assert given(Asked(lambda wildcards, params: "env.yaml", params="its own")) == ("S", "its own")


PLANNED = """
{first_line}
rule all:
    input: expand("{{n}}.{{end}}", n=range(3), end=["c", "d", "b2"])
rule a:
    input: "start"
    output: "{{n}}.a1", "{{n}}.a2"
    shell: "touch {{output}}"
rule b:
    input: "{{n}}.a1"
    output: "{{n}}.b1", "{{n}}.b2"
    shell: "touch {{output}}"
rule c:
    input: "{{n}}.a1", "{{n}}.a2", "{{n}}.b2"
    output: "{{n}}.c"
    shell: "touch {{output}}"
rule d:
    input: "{{n}}.a2", "{{n}}.b1", "{{n}}.b2", "{{n}}.c", "start"
    output: "{{n}}.d"
    shell: "touch {{output}}"
"""


def test_jobs_depend_on_each_other_as_they_did(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "scripts"))
    (tmp_path / "start").touch()
    remember = "from exo2micro.engine_speed import remember_what_stays; remember_what_stays()"
    graphs = []
    for first_line in ("", remember):
        (tmp_path / "Snakefile").write_text(PLANNED.format(first_line=first_line))
        words = [sys.executable, "-m", "snakemake", "--dag", "dot"]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        names = dict(re.findall(r'(\d+)\[label = "(.*?)"', said))
        edges = re.findall(r"(\d+) -> (\d+)", said)
        graphs.append(sorted((names[one], names[other]) for one, other in edges))
    assert len(graphs[0]) == 3 * (3 + 1 + 2 + 3)
    assert graphs[0] == graphs[1]


GARBAGE = """
import gc, sys
from exo2micro.engine_speed import look_for_garbage_seldom
class Circle:
    def __init__(self): self.itself = self
    def __del__(self): print("freed", flush=True)
if sys.argv[1] != "never": look_for_garbage_seldom(sys.argv[1] == "dry")
kept = Circle()
print(gc.isenabled(), gc.get_threshold()[0] > 10000, flush=True)
"""


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("never", ["True False", "freed"]),
        ("run", ["True True"]),
        ("dry", ["False True"]),
    ],
)
def test_garbage_is_looked_for_seldom_and_not_at_the_end(when, said):
    words = [sys.executable, "-c", GARBAGE, when]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines() == said


@pytest.fixture
def surveyed(tmp_path):
    """Run the shortest job there is, saying all, with more words on the command line."""
    for stain in ("pre", "post"):
        path = tmp_path / f"raw/S/S_{stain}_DAPI.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, np.full((64, 80), 9, np.uint8))
    project = Project(tmp_path, raw_dir="raw", output_dir="processed")

    def run(*words):
        (tmp_path / "processed/survey.tsv").unlink(missing_ok=True)
        return project.snakemake("--cores", "1", "--verbose", *words, "survey")[1]

    return run


def test_jobs_are_chosen_without_timers(surveyed):
    said = surveyed()
    assert "Finished jobid" in said
    assert "Submitting maximum" not in said  # what Snakemake says when it limits the rate


def test_a_rate_that_is_asked_for_holds(surveyed):
    said = surveyed("--max-jobs-per-timespan", "7/2s")
    assert "Submitting maximum 7 job(s) over 2" in said


@pytest.mark.parametrize(
    ("asked", "words", "chosen"),
    [
        ("ilp", ["--cores", "2"], "greedy"),
        ("ilp", ["--cores", "2", "--scheduler", "ilp"], "ilp"),
        ("ilp", ["--scheduler=ilp"], "ilp"),
        ("greedy", ["--scheduler", "greedy"], "greedy"),
    ],
)
def test_the_choice_is_greedy_unless_another_is_asked_for(asked, words, chosen):
    settings = {"ilp": "of the solver", "greedy": "of the greedy choice"}
    plugins = {
        "scheduler_plugin": SchedulerPluginRegistry().get_plugin(asked),
        "scheduler_settings": settings[asked],
        "greedy_scheduler_settings": settings["greedy"],
    }
    workflow = SimpleNamespace(
        scheduling_settings=SchedulingSettings(scheduler=asked),
        resource_settings=ResourceSettings(cores=40),
    )
    schedule_cheaply(workflow, plugins, words)
    assert plugins["scheduler_plugin"].name == chosen
    assert plugins["scheduler_settings"] == settings[chosen]
    assert workflow.scheduling_settings.subsample == 400
