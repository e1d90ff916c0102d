"""The viewer of a whole run, by the command that a person gives."""

import json

import numpy as np
import pytest
import tifffile
from browser import Server, browser, chromium  # noqa: F401


@pytest.fixture(scope="module")
def viewer(finished):
    """Folder of the finished run's viewer."""
    finished.snakemake("--cores", "2", "viewer")
    return finished.folder / "processed/viewer"


def test_it_costs_no_disk_and_is_not_made_twice(finished, viewer):
    library = (viewer / "vendor/openseadragon.min.js").stat().st_size
    size = sum(path.stat().st_size for path in viewer.glob("**/*") if path.is_file())
    assert size < library + 200_000
    assert (viewer / "vendor/openseadragon.LICENSE.txt").is_file()
    assert set(finished.plan("viewer")) == {"viewer"}


def test_it_holds_no_path_of_this_machine(finished, viewer):
    for path in (viewer / "data").glob("**/*.js"):
        assert str(finished.folder) not in path.read_text(), path


def test_a_pair_is_described_as_it_was_measured(finished, viewer):
    text = (viewer / "data/CD070/SybrGld/stage4_pad60.js").read_text()
    told = json.loads(text.removeprefix("Exo.receive(").removesuffix(");\n"))
    scale = finished.pair("CD070", "SybrGld") / "measurements/04_scale_pad60.json"
    assert told["scale"] == json.loads(scale.read_text())["scale_estimate"]
    assert [layer["key"] for layer in told["layers"]] == [
        "post", "pre2", "pre3", "difference", "significance",
    ]  # fmt: skip
    rows = scale.with_name("04_candidates_pad60.csv").read_text().splitlines()
    assert len(told["candidates"]["id"]) == len(rows) - 1 > 10


def test_it_opens_and_its_values_are_the_files(viewer, browser):  # noqa: F811
    server = Server([str(viewer / "serve.py"), "0"], viewer)
    try:
        browser.open(f"{server.address}/viewer/#sample=ER22&dye=DAPI&x=300&y=310&zoom=20")
        browser.wait("document.body.dataset.ready === '1'")
        for layer, name in (("post", "01_padded_post"), ("pre3", "03_interior_aligned_pre")):
            path = viewer.parent / f"ER22/DAPI/tiff/{name}_pad60.tiff"
            shown = browser.driver.execute_async_script(
                "const layer = Exo.state.layers.find((l) => l.key === arguments[0]);"
                "layer.pyramid.value(300, 310).then(arguments[1]);",
                layer,
            )
            assert np.float32(shown) == np.float32(tifffile.imread(path)[310, 300])
    finally:
        server.close()


def test_a_failed_pair_can_still_be_looked_at_as_far_as_it_came(stopped):
    assert stopped.code != 0
    folder = stopped.folder / "processed/viewer"
    assert (folder / "index.html").is_file()
    # Stage 2 thought well of it, stage 3 did not.
    made = [path.name for path in (folder / "data/Tiny/DAPI").iterdir()]
    assert made == ["stage2_pad60.js"]
    assert '"verdict":"fail"' in (folder / "data/Tiny/DAPI/stage2_pad60.js").read_text()
    # The same command made the report, which leads there.
    report = (stopped.folder / "processed/report.html").read_text()
    assert '<a href="viewer/index.html">' in report
    assert '<span class="badge fail">failed</span>' in report
