"""Schemas and reference tables of the configuration, written from the registries.

``python -m exo2micro.config_documents`` in the repository's folder brings the files in step.
"""

import yaml

from .config_keys import CONFIG_KEYS
from .parameters import PARAMETERS
from .raw_names import STAINS
from .sample_sheet import REQUIRED

DRAFT = "https://json-schema.org/draft/2020-12/schema"
CONFIG_SCHEMA = "workflow/schemas/config.schema.yaml"
SHEET_SCHEMA = "workflow/schemas/sample_sheet.schema.yaml"
REFERENCE = "config/README.md"
# Where the parameters stand in the configuration's schema.
_PARAMETERS = "#/properties/params/anyOf/1/properties"
_NOTE = "# Written by python -m exo2micro.config_documents; change the registries, not this file.\n"


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice out twice, in place of YAML's references."""

    def ignore_aliases(self, data):
        return True


def config_schema():
    """Give the JSON Schema of the configuration.

    Returns
    -------
    dict
    """
    keys = {
        key.name: {"description": key.help, "default": default_of(key), **key.schema}
        for key in CONFIG_KEYS
    }
    keys["params"] = {
        "description": keys["params"]["description"],
        "default": {},
        "anyOf": [
            {"type": ["null", "string"]},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {p.name: _parameter_schema(p) for p in PARAMETERS},
            },
        ],
    }
    keys["compare"] = {
        "description": keys["compare"]["description"],
        "default": None,
        "anyOf": [
            {"type": ["null", "string"]},
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    "pairs": {"$ref": "#/properties/pairs"},
                    **{p.name: {"$ref": f"{_PARAMETERS}/{p.name}"} for p in PARAMETERS},
                },
            },
        ],
    }
    return {
        "$schema": DRAFT,
        "title": "exo2micro configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": keys,
    }


def sample_sheet_schema():
    """Give the JSON Schema of one row of the sample sheet (all cells are text).

    Returns
    -------
    dict
    """
    name = {"type": "string", "minLength": 1, "pattern": r"^[^/\\{}\s.-]([^/\\{}]*[^/\\{}\s])?$"}
    dye = {"type": "string", "minLength": 1, "pattern": r"^[^/\\{}\s._-]([^/\\{}_]*[^/\\{}_\s])?$"}
    columns = {
        "sample": {"description": "name of the sample", **name},
        "dye": {"description": "name of the dye, without an underscore", **dye},
    }
    for stain in STAINS:
        columns[stain] = {
            "description": f"{stain}-stain photograph, a path from the working directory",
            "type": "string",
            "minLength": 1,
        }
    for p in PARAMETERS:
        columns[p.name] = {"description": f"{p.help}; empty: the config's", "type": "string"}
    return {
        "$schema": DRAFT,
        "title": "exo2micro sample sheet, one row",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED),
        "properties": columns,
    }


def default_of(key):
    """Give a key's default as it stands in YAML."""
    written = {"channel": "auto", "keep_images": "all", "figure_formats": ["png"]}
    return written.get(key.name, key.default)


def parameter_table():
    """Write the table of parameters in Markdown."""
    rows = [
        "| name | default | values | short | stage | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| `{p.name}` | {p.typed(p.default)} | {p.describe()} "
        f"| `{p.abbr}` | {p.stage} | {p.help} |"
        for p in PARAMETERS
    ]
    return "\n".join(rows)


def key_table():
    """Write the table of the configuration's keys in Markdown."""
    rows = ["| key | default | what it is for |", "| --- | --- | --- |"]
    for key in CONFIG_KEYS:
        default = yaml.safe_dump(default_of(key)).split("\n")[0]
        rows.append(f"| `{key.name}` | `{default}` | {key.help} |")
    return "\n".join(rows)


def fill_in(text):
    """Replace the tables between their markers in the reference."""
    for name, table in (("keys", key_table()), ("parameters", parameter_table())):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return text


def as_yaml(schema):
    """Write a schema."""
    return _NOTE + yaml.dump(schema, Dumper=_Plain, sort_keys=False, width=100)


def _parameter_schema(parameter):
    """Give the schema of a parameter: one value, or a list of them."""
    kinds = parameter.kind.schema()
    if parameter.optional:
        kinds.append({"enum": [None, "none", "null"]})
    return {
        "description": f"{parameter.help} ({parameter.describe()})",
        "default": parameter.default,
        "anyOf": [*kinds, {"type": "array", "minItems": 1, "items": {"anyOf": kinds}}],
    }


def _bring_in_step():
    """Write the files in the working directory."""
    from pathlib import Path

    from .storage import atomic_path

    reference = Path(REFERENCE).read_text(encoding="utf-8")
    documents = {
        CONFIG_SCHEMA: as_yaml(config_schema()),
        SHEET_SCHEMA: as_yaml(sample_sheet_schema()),
        REFERENCE: fill_in(reference),
    }
    for path, text in documents.items():
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _bring_in_step()
