"""Every bad or odd file either works or gives one message that names it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_project import ROOT

WORKS = {
    "nan and inf", "black", "white", "one pixel", "fifty", "ribbon", "planar",
    "name with 'quotes' and ü", "-dash",
}  # fmt: skip
SAID = {
    "signed": "int16",
    "complex": "complex64",
    "uint32": "uint32",
    "pages": "40 pages",
    "cmyk": "CMYK",
    "palette": "indexed",
    "empty": "0 bytes",
    "text": "not a TIFF image",
    "no pages": "Export it as 8- or 16-bit",
    "only a header": "not a TIFF image",
    "loop": "Too many levels of symbolic links",
    "gone": "No such file",
    "folder": "is a folder",
    "claims to be huge": "claims to be huge.tif",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of each file: seconds and outcome, by its path in the corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    # A process of its own, so that a crash in a decoder is seen as one.
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("corpus.py")), str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env={"PYTHONPATH": str(ROOT / "scripts"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, f"unhandled at {last}:\n{done.stderr[-3000:]}"
    rows = (line.split("\t", 2) for line in done.stdout.splitlines())
    return {name: (float(seconds), ast.literal_eval(text)) for name, seconds, text in rows}


def test_all_are_tried_and_none_takes_long(outcomes):
    assert len(outcomes) > 450
    assert max(seconds for seconds, _ in outcomes.values()) < 20


def test_every_message_names_its_file(outcomes):
    for name, (_, text) in outcomes.items():
        assert text == "works" or name in text, (name, text)
        assert "Traceback" not in text


def test_sound_files_work_and_most_damage_is_noticed(outcomes):
    assert all(text == "works" for name, (_, text) in outcomes.items() if "sound/" in name)
    cut = [text for name, (_, text) in outcomes.items() if " cut " in name]
    assert sum(text != "works" for text in cut) > 0.9 * len(cut)


def test_odd_files_one_by_one(outcomes):
    odd = {Path(name).stem: text for name, (_, text) in outcomes.items() if "odd/" in name}
    assert {name for name, text in odd.items() if text == "works"} == WORKS
    assert set(odd) == WORKS | set(SAID)
    for name, words in SAID.items():
        assert words in odd[name]
