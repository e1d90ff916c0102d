"""The viewer: what its page is told about the batch and about each pair.

The page reads the TIFF pyramids themselves, tile by tile, so nothing is made of the images here: it
is told where they lie, what they are, and what was measured of them.
"""

from .batch import describe_batch, viewer_targets
from .pair import describe_pair, pair_sources

__all__ = ["describe_batch", "describe_pair", "pair_sources", "viewer_targets"]
