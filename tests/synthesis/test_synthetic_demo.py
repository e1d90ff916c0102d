"""The demonstration's configuration and its plan of files."""

from pathlib import Path

import pytest
import yaml

from exo2micro.errors import ConfigError
from exo2micro.synthesis import DemoPair, Truth, demo_specs, find_demo_pair, planned_raw_files

DEMO_FILE = Path(__file__).parents[2] / "config" / "demo.yaml"


@pytest.fixture
def demo():
    return {
        "seed": 5,
        "defaults": {"size": [300, 400], "texture": "speckle"},
        "pairs": [
            {"sample": "A1", "dye": "DAPI", "rotation_deg": 9, "bit_depth": 16},
            {"sample": "A1", "dye": "Cy5", "missing": "pre"},
        ],
    }


def test_plan_names_the_files_that_writing_makes(demo, tmp_path):
    planned = planned_raw_files(demo, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in planned] == [
        "A1/A1_PreStain_DAPI.tif",
        "A1/A1_PostStain_DAPI.tif",
        "A1/A1_post_Cy5.tif",
    ]
    for pair in demo_specs(demo):
        pair.write(tmp_path)
    assert sorted(tmp_path.rglob("*.tif")) == sorted(planned)
    truth = Truth.load(find_demo_pair(demo, "A1", "DAPI").truth_path(tmp_path))
    assert truth.spec.rotation_deg == 9


def test_pairs_have_their_own_fields_and_seeds(demo):
    first, second = demo_specs(demo)
    assert (first.spec.dtype, second.spec.dtype) == ("uint16", "uint8")
    assert first.spec.post_shape == second.spec.post_shape == (300, 400)
    assert first.spec.seed != second.spec.seed
    demo["pairs"].reverse()
    assert find_demo_pair(demo, "A1", "DAPI") == first
    assert DemoPair.from_record(first.to_record()) == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pairs": []}, "list `pairs`"),
        ({"size": [1, 2]}, "unknown keys size"),
        ({"pairs": [{"sample": "A1"}]}, "needs `sample` and `dye`"),
        ({"pairs": [{"sample": "A", "dye": "B"}] * 2}, "listed twice: A/B"),
        ({"pairs": [{"sample": "A", "dye": "B", "missing": "both"}]}, "missing is 'both'"),
        ({"pairs": [{"sample": "A", "dye": "B", "bit_depth": 12}]}, "bit_depth is 12"),
        ({"pairs": [{"sample": "A", "dye": "B", "colr": "grey"}]}, "A/B.*colr"),
        ({"pairs": [{"sample": "A", "dye": "B", "scale": "much"}]}, "A/B"),
    ],
)
def test_faults_are_explained(demo, change, message):
    with pytest.raises(ConfigError, match=message):
        demo_specs({**demo, **change})


def test_unknown_pair_names_those_that_exist(demo):
    with pytest.raises(ConfigError, match="A1/DAPI, A1/Cy5"):
        find_demo_pair(demo, "A1", "Texas")


def test_shipped_demo_shows_what_it_promises():
    config = yaml.safe_load(DEMO_FILE.read_text())
    pairs = demo_specs(config["demo"])
    assert len({pair.sample for pair in pairs}) >= 3
    assert len({pair.dye for pair in pairs}) >= 2
    assert [pair.missing for pair in pairs].count("pre") == 1
    assert config["strict_dyes"] is False
    specs = [pair.spec for pair in pairs]
    assert max(abs(spec.rotation_deg) for spec in specs) >= 45
    assert {"uint8", "uint16"} <= {spec.dtype for spec in specs}
    assert any(spec.bending_px > 0 for spec in specs)
    assert sum(2 * spec.post_shape[0] * spec.post_shape[1] for spec in specs) < 40e6
