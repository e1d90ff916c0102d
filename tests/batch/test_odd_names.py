"""Names from folders, files, config and sample sheet: usable or told, and never a path outside."""

import pytest
from odd_names import CANNOT_BE, NAMES, WAYS, try_name

# What no folder of results may be called, by any way.
NEVER = (
    "{braces}", "new\nline", "-dash", ".", "..", "../up", "a/b", "/etc/passwd", "", "nul\0",
    "x" * 300,
)  # fmt: skip
ALWAYS = ("two words", "it's", 'a "quote"', "Grün 微", "$HOME", "`ls`", "*", "a;b", "%s", "~")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_works_or_is_told(tmp_path, way, name):
    outcome = try_name(tmp_path, way, name)
    if name in NEVER:
        assert outcome != "works"
    if name in ALWAYS and way in ("sample's folder", "dye in a file's name", "sample sheet"):
        assert outcome == "works"
    assert outcome in ("works", CANNOT_BE) or len(outcome) > 40
