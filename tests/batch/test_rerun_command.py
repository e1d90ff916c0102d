import shlex

import pytest

from exo2micro.rerun import rerun_command

PAIR = [("A", "DAPI")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("--cores 2", """--cores 2 --config 'pairs=["A/DAPI"]'"""),
        ("--config a=1 b=2 -n", """--config 'pairs=["A/DAPI"]' a=1 b=2 -n"""),
        ("-C a=1 --cores 2", """-C 'pairs=["A/DAPI"]' a=1 --cores 2"""),
        ("--config=a=1 -n", """-n --config a=1 'pairs=["A/DAPI"]'"""),
        ("""--config 'pairs=["B/X"]' a=1""", """--config 'pairs=["A/DAPI"]' a=1"""),
        ("-c1 -- viewer", """-c1 --config 'pairs=["A/DAPI"]' -- viewer"""),
        ("-c1 out/A/DAPI/transforms/03_interior.json", """-c1 --config 'pairs=["A/DAPI"]'"""),
    ],
)
def test_the_pairs_join_the_config_of_the_command(given, expected):
    words = ["/opt/x/bin/snakemake", *shlex.split(given)]
    assert rerun_command(words, PAIR, "out") == f"/opt/x/bin/snakemake {expected}"


def test_names_are_quoted_for_the_shell_and_listed_once():
    command = rerun_command(["/opt/snakemake"], [("A b", "D'x"), ("A b", "D'x"), ("ü", "D")], "out")
    assert shlex.split(command)[-1] == """pairs=["A b/D'x", "ü/D"]"""


def test_a_module_is_started_as_a_module(monkeypatch):
    monkeypatch.setattr("sys.executable", "/opt/bin/python3")
    command = rerun_command(["/opt/lib/snakemake/__main__.py", "--cores", "1"], PAIR, "out")
    assert command.startswith("/opt/bin/python3 -m snakemake --cores 1 --config")
