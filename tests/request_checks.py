"""What tests of requests look at."""

import pytest

from exo2micro.errors import ConfigError
from exo2micro.request import build_request


def keys(pairs):
    return [(pair.sample, pair.dye) for pair in pairs]


def config_fault(config):
    with pytest.raises(ConfigError) as caught:
        build_request(config)
    return str(caught.value)
