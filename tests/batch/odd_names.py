"""Odd names of samples and dyes, by every way in which a name can come in, and what comes of it.

python tests/batch/odd_names.py        prints way, name and outcome, parted by tabs
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from exo2micro.errors import Exo2MicroError
from exo2micro.request import build_request
from exo2micro.targets import pair_folder

NAMES = (
    "two words", "it's", 'a "quote"', "Grün 微", "{braces}", "{sample}", "new\nline", "tab\tname",
    "-dash", "--cores", ".", "..", "../up", "a/b", "/etc/passwd", "$HOME", "`ls`", "*", "?", "a;b",
    "%s", "~", "", " ", "ends in space ", "nul\0", "x" * 300, "back\\slash", "a|b", "#", "a:b",
)  # fmt: skip
WAYS = ("sample's folder", "dye in a file's name", "samples:", "dyes:", "pairs:", "sample sheet")
CANNOT_BE = "cannot be"


def try_name(folder, way, name):
    """Ask for a pair of an odd name.

    Returns
    -------
    str
        ``works``, `CANNOT_BE` where the file system has no such name, or the message.
        Anything but an error of ours is raised.
    """
    raw = folder / "raw"
    sample, dye = ("S", name) if way in ("dye in a file's name", "dyes:") else (name, "D")
    config = {"raw_dir": str(raw), "output_dir": str(folder / "out")}
    _lay_out(raw, "S", "D")
    if way in WAYS[:2]:
        if name in ("", ".", "..") or "/" in name:
            return CANNOT_BE
        try:
            _lay_out(raw, sample, dye)
        except (OSError, ValueError):  # too long, or with a NUL
            return CANNOT_BE
    if way == "sample sheet":
        config["sample_sheet"] = str(folder / "sheet.tsv")
        row = "\t".join((sample, dye, str(raw / "S/S_pre_D.tif"), str(raw / "S/S_post_D.tif")))
        (folder / "sheet.tsv").write_text(f"sample\tdye\tpre\tpost\n{row}\n", encoding="utf-8")
    elif way not in WAYS[:2]:
        config[way[:-1]] = [f"{sample}/{dye}" if way == "pairs:" else name]
    try:
        request = build_request(config)
    except Exo2MicroError as error:
        return str(error)
    _check_inside(request, folder / "out")
    if any(name.strip() in (pair.sample, pair.dye) for pair in request.pairs):
        return "works"
    if not request.messages():
        raise AssertionError(f"{way} {name!r} was left out without a word")
    return " ".join(request.messages())


def _lay_out(raw, sample, dye):
    """Put two files where a pair's photographs would be; they need not be images here."""
    for stain in ("pre", "post"):
        path = raw / sample / f"S_{stain}_{dye}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _check_inside(request, output):
    """Whether all results would lie in the output folder, two folders deep."""
    for pair in request.pairs:
        folder = os.path.normpath(pair_folder(request.output_dir, pair.sample, pair.dye))
        if Path(folder).parent.parent != output:
            raise AssertionError(f"results outside the output folder: {folder}")


def try_names():
    """Try every name by every way; gives way, name and outcome of each."""
    for way in WAYS:
        for name in NAMES:
            with tempfile.TemporaryDirectory() as folder:
                yield way, name, try_name(Path(folder), way, name)


if __name__ == "__main__":
    for row in try_names():
        print("\t".join(map(repr, row)))
