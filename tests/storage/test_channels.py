import pytest

from exo2micro.errors import ConfigError
from exo2micro.storage import signal_channels


@pytest.mark.parametrize(
    ("means", "dtype", "expected"),
    [
        ((0.1, 18.0, 0.0), "uint8", (1,)),
        ((0.6, 18.0, 0.5), "uint8", (0, 1)),
        ((0.1, 0.3, 0.2), "uint8", (1,)),
        ((0.0, 0.0, 0.0), "uint8", (0,)),
        ((100.0, 128.0, 129.0), "uint16", (2,)),
        ((100.0, 300.0, 129.0), "uint16", (1, 2)),
        ((0.4,), "uint8", (0,)),
        ((0.001, 0.01, 0.3), "float32", (1, 2)),
    ],
)
def test_channels_with_signal(means, dtype, expected):
    assert signal_channels(means, dtype) == expected


def test_the_range_of_floats_is_judged_by_the_peak():
    means = (0.3, 0.9, 0.0)
    assert signal_channels(means, "float32", peak=1.0) == (0, 1)
    assert signal_channels(means, "float32", peak=200.0) == (1,)
    assert signal_channels((100.0, 200.0, 0.0), "float32", peak=4000.0) == (1,)


def test_the_user_may_choose():
    assert signal_channels((0.1, 18.0, 0.0), "uint8", override=2) == (2,)
    assert signal_channels((0.1, 18.0, 0.0), "uint8", override="auto") == (1,)


@pytest.mark.parametrize("override", [3, -1, "green", True, 1.0])
def test_channels_that_are_not_there_are_refused(override):
    with pytest.raises(ConfigError, match=r"3 colour channel.*0 to 2"):
        signal_channels((1.0, 2.0, 3.0), "uint8", override=override)
