"""A synthetic pair: any window of either image, the same pixels however it is cut."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from exo2micro.geometry import apply_homography
from exo2micro.storage import Window, tile_windows
from exo2micro.storage.windows import intersect

from .camera import add_noise, blur_block, blur_margin, digitise
from .mapping import BLOCK, node_count, spread_map
from .microbes import MicrobeField
from .motion import build_motion
from .raw_files import write_raw
from .scene import Scene, load_grey
from .truth import Truth
"""placeholder"""
