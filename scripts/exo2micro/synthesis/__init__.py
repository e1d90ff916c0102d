"""Synthetic pre/post pairs with known truth: geometry, scale, microbes.

Nothing here is needed to analyse photographs; it calibrates, tests and demonstrates.
"""

from .pair import SyntheticPair, render_pair, write_pair
from .spec import PairSpec
from .truth import Truth

__all__ = ["PairSpec", "SyntheticPair", "Truth", "render_pair", "write_pair"]
