"""Synthetic pairs that went through the real stages, small and in memory."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from exo2micro.measurement import measure_pair
from exo2micro.padding import full_scale
from exo2micro.parameters import resolve
from exo2micro.registration import raw_box, run_boundary_stage, run_interior_stage
from exo2micro.scale import estimate_scale
from exo2micro.storage import ArrayImage
from exo2micro.synthesis import PairSpec, render_pair

PAD = 40
NAMES = {"sample": "CD070", "dye": "DAPI", "variant": "_pad40"}
COMMON = {"post_shape": (520, 560), "colour": "grey", "rotation_deg": 6.0, "magnification": 1.02}


def pad_image(raw, canvas):
    padded = np.zeros(canvas, raw.dtype)
    padded[PAD : PAD + raw.shape[0], PAD : PAD + raw.shape[1]] = raw
    return ArrayImage(padded)


@dataclass
class Pair:
    """A pair and everything that was measured of it."""

    post: ArrayImage
    pre: ArrayImage
    padding: dict
    boundary: dict
    interior: dict
    values: dict
    truth: object
    arrays: dict | None = None
    scale: dict | None = None

    @property
    def box(self):
        return raw_box(self.padding, "post")


def run_stages(spec, measured=True, **parameters):
    values = {**resolve(), "pad": PAD, **parameters}
    raw_pre, raw_post, truth = render_pair(spec)
    canvas = [side + 2 * PAD for side in raw_post.shape]
    post, pre = pad_image(raw_post, canvas), pad_image(raw_pre, canvas)
    padding = {
        "pad": PAD,
        "canvas": canvas,
        "raw": {s: {"shape": list(raw_post.shape)} for s in ("post", "pre")},
        "saturation": {s: full_scale(raw_post.dtype) for s in ("post", "pre")},
        "pixel_size_um": [0.65, 0.65],
    }
    boundary = run_boundary_stage(post, pre, padding, values)
    interior = run_interior_stage(post, pre, padding, boundary, values)
    pair = Pair(post, pre, padding, boundary, interior, values, truth)
    if measured:
        from exo2micro.geometry import Transform

        transform = Transform.from_record(interior)
        pair.arrays = measure_pair(post, pre, transform, padding, "cubic")
        pair.scale = estimate_scale(pair.arrays, values)
    return pair


@pytest.fixture(scope="session")
def good():
    """8 bit, well aligned, with all three scales."""
    return run_stages(PairSpec(seed=4, **COMMON), scale_percentile=60.0, manual_scale=1.4)


@pytest.fixture(scope="session")
def deep():
    """16 bit, filling the frame."""
    return run_stages(PairSpec(seed=5, dtype="uint16", footprint="full", **COMMON))


@pytest.fixture(scope="session")
def tiny():
    """40 x 50 px: neither alignment nor scale succeed."""
    return run_stages(PairSpec(seed=6, **{**COMMON, "post_shape": (40, 50)}))


@pytest.fixture
def names():
    return dict(NAMES)


@pytest.fixture
def find():
    """Look into a figure."""

    def texts(figure):
        found = [text.get_text() for text in figure.texts]
        for axes in figure.axes:
            found += [text.get_text() for text in axes.texts]
            found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        return "\n".join(found)

    def line(axes, gid):
        (match,) = [line for line in axes.lines if line.get_gid() == gid]
        return match

    def badge(figure):
        (match,) = {"LOOKS RIGHT", "CHECK", "WRONG", "NOT JUDGED"} & {
            text.get_text() for text in figure.texts
        }
        return match

    def bars(axes):
        from matplotlib.patches import StepPatch

        return [patch for patch in axes.patches if isinstance(patch, StepPatch)]

    return SimpleNamespace(texts=texts, line=line, badge=badge, bars=bars)
