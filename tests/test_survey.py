"""The survey of the raw files: what differs within a pair, and its picture."""

import numpy as np
import pytest
import tifffile

from exo2micro.figures import draw_channel_survey
from exo2micro.inventory import Pair
from exo2micro.survey import find_disagreements, survey_pairs, tell_disagreements


def colours(red, green, blue, dtype=np.uint8):
    image = np.zeros((20, 30, 3), dtype)
    image[:] = red, green, blue
    return image


@pytest.fixture
def survey(tmp_path):
    """Pairs that are alike, in another channel, of another type and pixel size, and damaged."""
    um = {"resolution": (1e4 / 0.5, 1e4 / 0.5), "resolutionunit": "CENTIMETER"}
    finer = {"resolution": (1e4 / 0.4, 1e4 / 0.4), "resolutionunit": "CENTIMETER"}
    files = {
        "alike": ((colours(0, 9, 0), um), (colours(0, 30, 0), um)),
        "moved": ((colours(0, 9, 0), um), (colours(0, 0, 30), um)),
        "other": ((colours(0, 9, 0), um), (colours(0, 900, 0, np.uint16), finer)),
        "broken": ((colours(0, 9, 0), um), None),
    }
    pairs = []
    for sample, images in files.items():
        paths = {}
        for stain, image in zip(("pre", "post"), images, strict=True):
            paths[stain] = tmp_path / f"{sample}_{stain}_DAPI.tif"
            if image is None:
                paths[stain].write_bytes(b"II*\0")
            else:
                tifffile.imwrite(paths[stain], image[0], photometric="rgb", **image[1])
        pairs.append(Pair(sample, "DAPI", str(paths["pre"]), str(paths["post"])))
    return survey_pairs(pairs, lambda dye: None)


def test_pairs_that_differ_are_told_with_what_to_do(survey):
    found = {sample: said for (sample, _), said in find_disagreements(survey).items()}
    assert set(found) == {"moved", "other", "broken"}
    assert "channel 1 of pre, but in 2 of post" in found["moved"][0]
    assert len(found["moved"]) == 1
    assert "pre is uint8, post is uint16" in found["other"][0]
    assert "0.5 µm, one of post 0.4 µm" in found["other"][1]
    assert "broken_post_DAPI.tif" in found["broken"][0]


def test_the_words_for_the_terminal(survey):
    text = tell_disagreements(find_disagreements(survey), ["out/survey.tsv"])
    assert text.startswith("WARNING moved / DAPI: the signal is in channel 1 of pre")
    assert text.endswith("Written: out/survey.tsv")
    assert "alike" in tell_disagreements({}, ["x"])


def test_the_picture_shows_the_means_and_fills_what_is_taken(survey, tmp_path):
    found = find_disagreements(survey)
    figure = draw_channel_survey(survey, found, name="raw")
    green = figure.axes[1]
    bars = [bar for bar in green.patches if bar.get_gid() == "mean"]
    assert [round(bar.get_width()) for bar in bars] == [9, 30, 9, 0, 9, 900, 9]
    white = (1.0, 1.0, 1.0, 1.0)
    assert [bar.get_facecolor() == white for bar in bars] == [False] * 3 + [True] + [False] * 3
    texts = [text.get_text() for text in figure.texts]
    assert "CHECK" in texts
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "alike / DAPI", "moved / DAPI", "other / DAPI", "broken / DAPI",
    ]  # fmt: skip
    figure.savefig(tmp_path / "survey.png")
    assert any("cannot be read" in text.get_text() for text in figure.axes[0].texts)


def test_pairs_that_are_alike_look_right(survey):
    alike = survey[survey["sample"] == "alike"]
    figure = draw_channel_survey(alike, find_disagreements(alike), name="raw")
    assert "LOOKS RIGHT" in [text.get_text() for text in figure.texts]
