from pathlib import Path

import pytest
import yaml

from exo2micro.config_documents import (
    CONFIG_SCHEMA,
    REFERENCE,
    SHEET_SCHEMA,
    as_yaml,
    config_schema,
    default_of,
    fill_in,
    sample_sheet_schema,
)
from exo2micro.config_keys import CONFIG_KEYS, check_keys
from exo2micro.parameters import PARAMETERS
from exo2micro.sample_sheet import REQUIRED

ROOT = Path(__file__).parents[1]
jsonschema = pytest.importorskip("jsonschema")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def valid(schema, instance):
    return jsonschema.Draft202012Validator(schema).is_valid(instance)


def test_files_are_what_the_registries_say():
    again = "run: python -m exo2micro.config_documents"
    assert read(CONFIG_SCHEMA) == as_yaml(config_schema()), again
    assert read(SHEET_SCHEMA) == as_yaml(sample_sheet_schema()), again
    assert read(REFERENCE) == fill_in(read(REFERENCE)), again


def test_reference_names_every_key_and_parameter():
    for name in [*(key.name for key in CONFIG_KEYS), *(p.name for p in PARAMETERS)]:
        assert f"| `{name}` |" in read(REFERENCE)


def test_schemas_are_schemas():
    for path in (CONFIG_SCHEMA, SHEET_SCHEMA):
        jsonschema.Draft202012Validator.check_schema(yaml.safe_load(read(path)))


def test_config_file_holds_every_key_at_its_default_with_a_line_of_why():
    text = read("config/config.yaml")
    config = yaml.safe_load(text)
    assert config == {key.name: default_of(key) for key in CONFIG_KEYS}
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line and line[0].isalpha():
            above = lines[number - 1]
            assert above.startswith("#") or above.startswith("samples:"), line


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_config_files_are_valid(name):
    path = ROOT / "config" / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert valid(config_schema(), config)
    assert check_keys(config)[1] == []


GOOD = [
    {},
    {"params": {"stopdelta": "1e-6", "pad": [500, 1000], "manual_scale": None}},
    {"params": {"scale_percentile": ["none", 50], "interior_nonrigid": True, "fine_ecc": 1}},
    {"samples": ["A", 12], "dyes": "DAPI", "channel": {"DAPI": 2, "Cy5": "auto"}},
    {"demo": {"seed": 3}, "sample_sheet": "x.tsv", "strict_dyes": False, "channel": 0},
    {"timeout_per_task": 60, "memory_per_task": "auto", "memory_debug": True},
    {"timeout_per_task": {"2": 600, "measure_pair": None}, "memory_per_task": {"3": "auto"}},
    {"timeout_per_task": {"CD070/DAPI": 60}},
    {"pairs": ["CD070/DAPI"]},
    {"strict_dyes": "false", "params": {"pad": "500", "fine_ecc": "true"}},
]
BAD = [
    {"sampels": "all"},
    {"pad": 500},
    {"params": {"padd": 500}},
    {"params": {"pad": -1}},
    {"params": {"pad": 1.5}},
    {"params": {"pad": []}},
    {"params": {"pad": None}},
    {"params": {"pad": True}},
    {"params": {"manual_scale": 0}},
    {"params": {"interpolation": "nearest"}},
    {"params": {"fine_ecc": 2}},
    {"params": [1]},
    {"checkpoint_format": "tif"},
    {"on_failed_alignment": "go on"},
    {"channel": "red"},
    {"channel": -1},
    {"strict_dyes": "maybe"},
    {"samples": []},
    {"pairs": []},
    {"pairs": ["CD070"]},
    {"pairs": ["../x/DAPI"]},
    {"timeout_per_task": 0},
    {"timeout_per_task": "soon"},
    {"timeout_per_task": "auto"},
    {"timeout_per_task": {"5": 60}},
    {"memory_per_task": {"3": True}},
    {"memory_debug": "maybe"},
    {"timeout_per_task": {"../DAPI": 60}},
    {"samples": None},
    {"samples": [1.5]},
    {"raw_dir": 3},
    {"demo": 3},
]


@pytest.mark.parametrize("config", GOOD + BAD, ids=str)
def test_schema_and_library_agree(config):
    from exo2micro.variants import check_params

    values, faults = check_keys(config)
    _, wrong = check_params(values["params"])
    expected = config in GOOD
    assert valid(config_schema(), config) == expected
    assert (not faults and not wrong) == expected


def test_example_sheet_is_valid():
    lines = [line for line in read("config/samples.example.tsv").split("\n") if line]
    columns, *rows = (line.split("\t") for line in lines if not line.startswith("#"))
    assert tuple(columns[:4]) == REQUIRED
    assert len(rows) >= 2
    for row in rows:
        assert len(row) == len(columns)
        assert valid(sample_sheet_schema(), dict(zip(columns, row, strict=True)))


@pytest.mark.parametrize(
    "wrong",
    [{"dye": "My_DAPI"}, {"sample": "a/b"}, {"sample": ".."}, {"pre": ""}, {"padd": "3"}],
    ids=str,
)
def test_wrong_rows_are_invalid(wrong):
    row = {"sample": "A", "dye": "D", "pre": "x.tif", "post": "y.tif"}
    assert valid(sample_sheet_schema(), row)
    assert not valid(sample_sheet_schema(), {**row, **wrong})
