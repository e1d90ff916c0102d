"""The error of the scale against how much the scale scatters."""

import numpy as np
import pytest

from exo2micro.background import Background
from exo2micro.background_search import Found
from exo2micro.block_ratio import Blocks
from exo2micro.noise import NoiseModel
from exo2micro.scale_fit import fit_log_ratio, measure_scale

COUNT, SCATTER = 2000, 0.012


def draw_blocks(seed):
    """Blocks of a mineral of scale 1.3 whose ratio scatters, and some with stain."""
    rng = np.random.default_rng(seed)
    pre = rng.uniform(30, 90, COUNT)
    post = 1.3 * pre * (1 + rng.normal(0, SCATTER, COUNT))
    stained = rng.random(COUNT) < 0.03
    post[stained] *= 1.3
    return Blocks(post, pre, np.full(COUNT, 64.0), np.arange(COUNT) // 40, 8)


def find(blocks):
    noise = NoiseModel(1.0, 0.05, 0.0)
    clean = np.ones((1, 8, 8), bool)
    background = Background(clean, 0.0, 0.0, 1.0, noise, noise)
    return Found(background, clean, blocks, 0.0, {}, None, 1.3)


def test_the_stated_error_is_how_much_the_scale_scatters():
    drawn = [draw_blocks(seed) for seed in range(40)]
    scales = 10 ** np.array([fit_log_ratio(blocks)[0].mu for blocks in drawn])
    assert scales.mean() == pytest.approx(1.3, rel=3e-4)
    stated = [measure_scale(find(blocks), False) for blocks in drawn[:2]]
    error = np.sqrt(np.mean([found["scale_error"] ** 2 for found in stated]))
    assert error == pytest.approx(scales.std(), rel=0.3)
    assert 0.5 < error / (1.3 * SCATTER / np.sqrt(COUNT)) < 3


def test_what_neighbouring_blocks_share_counts_as_error():
    blocks = draw_blocks(0)
    alone = measure_scale(find(blocks), False)["scale_error"]
    wave = 1 + 0.01 * np.sin(np.arange(COUNT) * 2 * np.pi / (COUNT / 5))
    together = Blocks(blocks.post * wave, blocks.pre, blocks.pixels, blocks.patch, blocks.side)
    assert measure_scale(find(together), False)["scale_error"] > 2 * alone
