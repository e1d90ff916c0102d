"""What the documents quote, name and link to is there."""

import ast
import re
from pathlib import Path

import pytest

from exo2micro.config_keys import CONFIG_KEYS
from exo2micro.parameters import PARAMETERS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
LIBRARY = ROOT / "scripts/exo2micro"
FIELD = "\x00"


def texts_of(path):
    """All texts of a module that are no docstrings, with FIELD for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    inner |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else FIELD for p in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in inner:
            yield str(node.value)


@pytest.fixture(scope="module")
def messages():
    return [text for path in LIBRARY.rglob("*.py") for text in texts_of(path)]


def quoted_messages():
    """First cells of the tables under 'it says', as they stand in the document."""
    text = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| it says \|.*\n\|.*\n((?:\|.*\n)+)", text, re.M)
    return [re.match(r"\| `(.*?)` \|", row)[1] for t in tables for row in t.splitlines()]


def test_there_are_messages_to_look_up():
    assert len(quoted_messages()) > 40


@pytest.mark.parametrize("quoted", quoted_messages())
def test_each_message_that_is_quoted_is_one_that_the_program_says(quoted, messages):
    """Between the dots each part stands, in this order, in one text of the program."""
    parts = [part for part in (part.strip() for part in quoted.split("…")) if len(part) > 1]
    pattern = re.compile(".*".join(re.escape(part) for part in parts), re.S)
    assert max(map(len, parts)) > 6, "too little to find it by"
    assert any(pattern.search(text) for text in messages), quoted


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if heading:
            heads = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            assert heading in anchors, target


def test_modules_that_the_method_names_exist():
    text = (ROOT / "docs/method.md").read_text(encoding="utf-8")
    named = {
        name
        for group in re.findall(r"\[(`\w+`(?:, `\w+`)*)\]", text)
        for name in re.findall(r"`(\w+)`", group)
    }
    assert len(named) > 20
    missing = [name for name in named if not (LIBRARY / f"{name}.py").is_file()]
    assert not missing


def test_keys_and_parameters_that_the_documents_set_exist():
    known = {key.name for key in CONFIG_KEYS} | {p.name for p in PARAMETERS} | {"pairs"}
    for path in [*DOCUMENTS, ROOT / "README.md"]:
        text = path.read_text(encoding="utf-8")
        told = set(re.findall(r"`(?:--config '?)?([a-z]+_[a-z_]+)(?:: |=)", text))
        told -= {"mem_mb", "keep_although"}
        assert told <= known, (path.name, told - known)


def test_every_document_is_reached_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in DOCUMENTS:
        assert f"(docs/{path.name}" in readme, path.name
