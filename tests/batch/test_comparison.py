"""Variants side by side, the failed ones among them."""

import pandas as pd
import pytest
from workflow_project import Project

from exo2micro.comparison_views import choose_places, read_closeups, view_variants
from exo2micro.request import build_request


@pytest.fixture(scope="module")
def compared(tmp_path_factory, photographs):
    """A run in which one of three variants cannot be aligned."""
    folder = tmp_path_factory.mktemp("comparison")
    for marker in ("PreStain", "PostStain"):
        for sample in ("CD070", "ER22"):
            path = folder / "raw" / sample / f"{sample}_{marker}_SybrGld.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(photographs / f"CD070_{marker}_SybrGld.tif")
    project = Project(
        folder,
        params={"pad": 60},
        samples=["CD070"],
        compare={"interior_max_correction": [500, 0], "pairs": ["CD070/SybrGld"]},
        to_stage=None,
    )
    project.code, project.output = project.snakemake("--cores", "2", "--keep-going", check=False)
    return project


def test_a_failed_variant_leaves_the_others_to_look_at(compared):
    assert compared.code != 0
    figure = compared.pair("CD070", "SybrGld") / "pipeline_output/comparison.png"
    assert figure.stat().st_size > 10000
    assert f"The variants that there are, side by side: {figure.relative_to(compared.folder)}" in (
        compared.output
    )
    table = pd.read_csv(compared.pair("CD070", "SybrGld") / "measurements/comparison.tsv", sep="\t")
    assert list(table["variant"]) == [
        "interior_max_correction = 500",
        "interior_max_correction = 0",
    ]
    assert list(table["alignment"]) == ["pass", "fail"]
    assert table["scale_estimate"].isna().tolist() == [False, True]
    assert table["scale_estimate"][0] == pytest.approx(1.15, rel=2e-3)
    assert table["n_candidates"][0] > 10


def test_variants_that_come_out_are_drawn_by_a_job_once(compared):
    good = {"compare": {"detection_sigma": [4, 6]}}
    plan = compared.plan(config=good)
    assert plan["compare_variants"] == 1
    assert "align_boundary" not in plan
    compared.snakemake("--cores", "2", config=good)
    assert compared.plan(config=good) == {}
    table = pd.read_csv(compared.pair("CD070", "SybrGld") / "measurements/comparison.tsv", sep="\t")
    assert list(table["variant"]) == ["detection_sigma = 4", "detection_sigma = 6"]
    assert table["n_candidates"][0] >= table["n_candidates"][1] > 10


def test_closeups_show_the_same_place_whatever_the_padding(compared, monkeypatch):
    pads = {"compare": {"pad": [60, 90]}}
    wanted = "processed/CD070/SybrGld/pipeline_output/comparison.png"
    compared.snakemake("--cores", "2", wanted, config=pads)
    monkeypatch.chdir(compared.folder)
    request = build_request({**compared.config, **pads})
    variants = request.compared_variants("CD070", "SybrGld")
    views = view_variants("processed/CD070/SybrGld", variants, "tiff")
    places = choose_places(views)
    first, second = (read_closeups(view, places) for view in views)
    assert len(first) >= 2
    for (window, pixels), (again, others) in zip(first, second, strict=True):
        assert window == again
        assert pixels.std() > 0
        assert abs(pixels - others).mean() < 0.2 * pixels.std()


@pytest.mark.parametrize(
    ("compare", "said"),
    [
        ([1], "expected parameters with lists of values"),
        ({"pairs": ["A/D1"]}, "it names no parameter"),
        ({"boundary_widht": [1, 2]}, "boundary_width"),
        ({"pad": [-1]}, "pad: -1 cannot be used"),
        ({"pad": [1, 2], "pairs": ["A"]}, "expected all, or a list of sample/dye"),
    ],
)
def test_a_wrong_comparison_is_refused(compare, said):
    with pytest.raises(ValueError, match="compare") as fault:
        build_request({"compare": compare}, look=False)
    assert said in str(fault.value)
