import numpy as np

from exo2micro.sample_gaps import CONTEXT, REACH, close_gaps


def field(gap):
    """Sample left and right of a gap, and nothing below."""
    sample = np.zeros((200, 300), dtype=bool)
    sample[:120] = True
    sample[:, 150 : 150 + gap] = False
    return sample


def test_narrow_gaps_belong_to_the_sample_and_wide_ones_do_not():
    narrow, wide = close_gaps(field(REACH)), close_gaps(field(3 * REACH))
    assert narrow[:100, 150 : 150 + REACH].all()
    assert not wide[:100, 150 + 4 : 150 + 3 * REACH - 4].any()


def test_nothing_is_added_beside_the_sample_or_taken_from_it():
    sample = field(REACH)
    found = close_gaps(sample)
    assert found[sample].all()
    assert not found[124:].any()
    assert not close_gaps(np.zeros((50, 60), dtype=bool)).any()


def test_a_window_says_what_the_frame_says():
    blocks = np.random.default_rng(2).random((58, 78)) > 0.9
    sample = np.kron(blocks, np.ones((4, 4), dtype=bool))[2:, 1:]
    whole = close_gaps(sample)
    y, x = 33, 58
    part = close_gaps(sample[y:-1, x:-2], (y, x))
    inner = np.s_[CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]
    np.testing.assert_array_equal(part[inner], whole[y:-1, x:-2][inner])
    assert whole.sum() > 2 * sample.sum()
