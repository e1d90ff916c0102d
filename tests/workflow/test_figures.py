"""Figures of whole runs."""

from exo2micro.parameters import resolve
from exo2micro.targets import figure_names


def test_every_figure_of_a_finished_pair_is_there(finished):
    for pair in (("CD070", "SybrGld"), ("ER22", "DAPI")):
        folder = finished.pair(*pair) / "pipeline_output"
        names = {f"{name}.png" for name in figure_names({**resolve(), "pad": 60})}
        assert {path.name for path in folder.iterdir()} == names
        assert all((folder / name).read_bytes()[:4] == b"\x89PNG" for name in names)


def test_a_pair_that_was_stopped_has_the_figures_that_tell_why(stopped):
    assert stopped.code != 0
    assert "the alignment failed" in stopped.output
    drawn = {path.name for path in (stopped.pair("Tiny", "DAPI") / "pipeline_output").iterdir()}
    assert drawn == {"registration_pad60.png", "fine_alignment_pad60.png"}


def test_figures_as_pdf_are_drawn_by_the_same_jobs(finished):
    config = {"figure_formats": ["pdf"]}
    wanted = "processed/CD070/SybrGld/pipeline_output/candidates_pad60.pdf"
    assert set(finished.plan(wanted, config=config)) == {"catalogue"}
    code, text = finished.snakemake("-n", wanted, check=False)
    assert code != 0
    assert "candidates_pad60.pdf" in text


def test_the_survey_is_a_target(finished):
    _, text = finished.snakemake("--cores", "1", "survey")
    assert "Pre and post of every pair are alike." in text
    table = (finished.folder / "processed/survey.tsv").read_text().splitlines()
    assert [line.split("\t")[:3] for line in table[1:]] == [
        ["CD070", "SybrGld", "pre"],
        ["CD070", "SybrGld", "post"],
        ["ER22", "DAPI", "pre"],
        ["ER22", "DAPI", "post"],
    ]
    assert (finished.folder / "processed/survey.png").read_bytes()[:4] == b"\x89PNG"
