"""The example notebook runs from its first cell to its last, and finds what is true."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "workflow/notebooks/batch.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(NOTEBOOK.parents[2] / "scripts"))
        client.execute()
    return folder, notebook


def printed(notebook, source):
    """Everything that the cell with a piece of source gave."""
    cell = next(cell for cell in notebook.cells if source in cell.source)
    texts = [out.get("text", "") for out in cell.outputs]
    return "\n".join(texts + [out.get("data", {}).get("text/plain", "") for out in cell.outputs])


def test_it_has_no_output_stored():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_batch_is_complete_and_its_scale_true(executed):
    _, notebook = executed
    result = eval(printed(notebook, "result = results[0]"))
    assert result["status"] == "complete"
    assert result["scale_estimate"] == pytest.approx(1.15, rel=0.02)
    assert result["alignment"] in ("pass", "warn")
    assert "'ok'" in printed(notebook, "room.band")


def test_other_parameters_run_side_by_side(executed):
    folder, notebook = executed
    assert "1.2" in printed(notebook, "manual_scale=1.2")
    assert "[ ]" not in printed(notebook, "there = pair.status()")
    lines = printed(notebook, 'compare("detection_sigma"').strip().splitlines()[-2:]
    counts = [int(line.split()[2]) for line in lines]
    assert [line.split()[1] for line in lines] == ["complete", "complete"]
    assert counts[0] >= counts[1] > 0
    aligned = list(folder.glob("processed/CD070/SybrGld/tiff/03_interior_aligned_pre*"))
    assert len(aligned) == 1
