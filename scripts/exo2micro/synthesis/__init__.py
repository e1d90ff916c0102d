"""Synthetic pre/post pairs with known truth: geometry, scale, microbes.

Nothing here is needed to analyse photographs; it calibrates, tests and demonstrates.
"""

from .demo import DemoPair, demo_specs, find_demo_pair, planned_raw_files
from .pair import SyntheticPair, render_pair, write_pair
from .spec import PairSpec
from .truth import Truth

__all__ = [
    "DemoPair",
    "PairSpec",
    "SyntheticPair",
    "Truth",
    "demo_specs",
    "find_demo_pair",
    "planned_raw_files",
    "render_pair",
    "write_pair",
]
