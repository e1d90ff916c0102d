"""Small photographs for batches."""

import faults
import pytest
from photographs import draw_photographs, lay_out_pairs


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A raw folder with one pair that can be aligned; its files may be linked or copied."""
    return draw_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture
def workplace(tmp_path, monkeypatch, photographs):
    """A working folder, entered, with two pairs of the same photographs and an unreadable one."""
    lay_out_pairs(tmp_path, photographs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 16 MB of its own; where none can be mounted the test is skipped."""
    with faults.tiny_disk(tmp_path / "tiny disk") as disk:
        if disk is None:
            pytest.skip("needs the right to mount a small disk")
        yield disk
