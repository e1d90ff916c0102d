"""Configuration files that are not what they should be: one message each, and nothing runs."""

import pytest
from snakemake_program import ROOT, run_snakemake

from exo2micro.config_files import check_duplicate_keys
from exo2micro.errors import ConfigError

# Text of a file, and what is said of it; Snakemake itself reads the file and refuses some.
FILES = {
    "a key twice": ("params: {pad: 60}\nsamples: all\nparams: {pad: 70}\n", "lines 1, 3"),
    "a tag that runs code": ('params: !!python/object/apply:os.mkdir ["made"]\n', "not valid"),
    "an unknown tag": ("params: !mine {pad: 3}\n", "not valid"),
    "a list": ("- pad\n- 60\n", "keys at top level"),
    "a tab": ("params:\n\tpad: 3\n", "mix whitespace and tab"),
    "a date for a name": ("samples: [2024-01-01]\n", "put it in quotes"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_bad_file_gives_one_message(tmp_path, what):
    content, said = FILES[what]
    (tmp_path / "my config.yaml").write_text(content)
    words = ["-s", str(ROOT / "Snakefile"), "--cores", "1", "--configfile", "my config.yaml"]
    code, text = run_snakemake(words, tmp_path)
    assert code != 0
    assert said in text
    assert "Traceback" not in text
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "processed").exists()


def test_keys_are_looked_for_at_every_depth(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("demo:\n  pairs:\n    - {sample: A, dye: D,\n       sample: B}\n  seed: 1\n")
    with pytest.raises(ConfigError, match=r"'sample' stands in lines 3, 4"):
        check_duplicate_keys([path])


def test_one_value_used_twice_is_no_duplicate(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("params: &mine {pad: 3}\ncompare: *mine\n")
    check_duplicate_keys([path])
