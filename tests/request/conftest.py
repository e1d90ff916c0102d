"""A folder with photographs, empty files here."""

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Working directory with raw photographs of A (D1, D2) and B (D1)."""
    for sample, dye in (("A", "D1"), ("A", "D2"), ("B", "D1")):
        place = tmp_path / "raw" / sample
        place.mkdir(parents=True, exist_ok=True)
        for stain in ("pre", "post"):
            (place / f"{sample}_{stain}_{dye}.tif").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path
