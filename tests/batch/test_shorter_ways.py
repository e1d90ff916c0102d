"""Shorter ways to what Snakemake asks of names and lists: the same answers as its own."""

import logging
from pathlib import Path

import pytest
from snakemake import io, iocontainers
from snakemake.exceptions import WildcardError
from snakemake.io import AnnotatedString, _IOFile, flag, temp
from snakemake.logging import logger

from exo2micro.engine_speed import files, lists

# The functions are called as they are; nothing is replaced in this process.
FLAGGED = flag(AnnotatedString("a"), "report", {"caption": "b"})
VALUES = {
    "text": "a",
    "nothing": None,
    "path": Path("a"),
    "function": len,
    "annotated": AnnotatedString("a"),
    "flagged": FLAGGED,
    "temporary": temp("a"),
    "off": flag(AnnotatedString("a"), "temp", False),
    "plain file": _IOFile("a", None),
    "flagged file": _IOFile(temp("a"), None),
    "file of a file": _IOFile(_IOFile(temp("a"), None), None),
    "file of a function": _IOFile(lambda wildcards: "a", None),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("wanted", ["temp", "report", "storage_object"])
def test_flags(name, wanted):
    value = VALUES[name]
    assert files.is_flagged(value, wanted) == files.is_flagged.replaced(value, wanted)


@pytest.mark.parametrize(
    "pattern",
    [
        "plain",
        "{a}",
        "x/{a}{b}/{a}.{b}",
        "{a,[0-9]+}_{b, x{2,3}}.tif",
        "{{a}}{b}",
        "{ a }",
        "{}",
        "{a-b}",
        temp("of_{a}"),
        "tail{a}z",
        "100%{a}%s{b}%%",
    ],
)
def test_wildcards(pattern):
    wildcards = iocontainers.Wildcards(fromdict={"a": 7, "b": "B"})
    for _ in range(2):  # anew, and remembered
        found = files.apply_wildcards(pattern, wildcards)
        assert found == files.apply_wildcards.replaced(pattern, wildcards)
        assert type(found) is str


def test_a_missing_wildcard_is_told():
    for _ in range(2):
        with pytest.raises(WildcardError, match="absent"):
            files.apply_wildcards("x{absent}", {"a": 1})


def warnings_of(check, path):
    """What is warned of about a path."""
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
    try:
        check(path)
    finally:
        logger.removeHandler(handler)
    return said


@pytest.mark.parametrize(
    "path",
    ["", "a", "./a", ".a", "../a", " a", "a ", "a\nb", "a//b", "//a", "s3://a", "a{b}", "a{b c}"],
)
def test_unlucky_paths(path):
    expected = warnings_of(files._check.replaced, path)
    assert warnings_of(files._check, path) == expected
    assert warnings_of(lambda text: files._check_file(_IOFile(text, None)), path) == expected
    assert bool(expected) <= (not files._is_lucky(path))


def contents(named):
    """All there is of a named list."""
    guards = named._allowed_overrides
    names = {name: getattr(named, name) for name in named._names}
    return list(named), [type(item) for item in named], named._names, names, guards


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fromdict": {"a": 1, "b": "x", "index": 3}},
        {"toclone": ["a", 2]},
        {"toclone": ["a", 2], "plainstr": True},
        {"toclone": ["{a,x+}"], "strip_constraints": True},
        {"toclone": ["a"], "custom_map": str.upper},
        {"toclone": ["a", "b"], "fromdict": {"c": 5}},
    ],
)
@pytest.mark.parametrize("kind", [iocontainers.InputFiles, iocontainers.Wildcards])
def test_named_lists(kind, given):
    expected = kind(**given)
    for _ in range(2):
        made = kind.__new__(kind)
        lists._begin(made, **given)
        assert contents(made) == contents(expected)
    copied = kind.__new__(kind)
    lists._begin(copied, toclone=expected)
    assert contents(copied) == contents(expected)
    assert contents(lists.copy_of(expected)) == contents(expected)


def test_names_of_several_items_and_reserved_ones():
    expected, made = (iocontainers.InputFiles(["a", "b", "c"]) for _ in range(2))
    expected._set_name("pair", 1, end=3)
    lists._set_name(made, "pair", 1, end=3)
    assert list(made.pair) == list(expected.pair) == ["b", "c"]
    for set_name in (lists._set_name.replaced, lists._set_name):
        with pytest.raises(AttributeError, match="size is reserved"):
            set_name(iocontainers.InputFiles(["a"]), "size", 0)


@pytest.mark.parametrize("text", ["a/b", "a/", "<results>/a", temp("a/b"), "a/{n}"])
def test_files_of_wildcards(text):
    file = _IOFile(text, None)
    expected = files._file_of_wildcards.replaced(file, {"n": 1})
    made = files._file_of_wildcards(file, {"n": 1})
    assert str(made) == str(expected) == made._file
    assert made.flags == expected.flags
    assert made.flags is not file.flags
    again = files._new_file(_IOFile, made, None)
    assert again == made
    assert hash(again) == hash(made)
    assert again.flags is made.flags
    assert (again.is_callable(), again.is_storage) == (False, False)
    assert type(io.IOFile(again)) is _IOFile
