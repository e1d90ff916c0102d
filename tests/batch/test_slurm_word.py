import pytest

from exo2micro.slurm_word import judge_steps


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([("TIMEOUT", "", "400M"), ("CANCELLED", "90000K", "400M")], "TIMEOUT"),
        ([("OUT_OF_MEMORY", "", "400M")], "OUT_OF_MEMORY"),
        ([("FAILED", "", "400M"), ("OUT_OF_MEMORY", "390000K", "400M")], "OUT_OF_MEMORY"),
        ([("FAILED", "", "400M"), ("CANCELLED by 0", "801000K", "")], "OUT_OF_MEMORY"),
        ([("CANCELLED by 0", "", "1G"), ("CANCELLED", "120000K", "1G")], "CANCELLED"),
        ([("NODE_FAIL", "", "1G")], "NODE_FAIL"),
        ([("FAILED", "", "1G"), ("FAILED", "1M", "1G")], ""),
        ([("COMPLETED", "2G", "1G")], ""),
        ([], ""),
    ],
)
def test_the_word_that_explains_the_end(rows, word):
    assert judge_steps(rows) == word
