"""Small photographs for batches."""

import faults
import numpy as np
import pytest
import tifffile
from photographs import draw_photographs


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A raw folder with one pair that can be aligned; its files may be linked or copied."""
    return draw_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture
def workplace(tmp_path, monkeypatch, photographs):
    """A working folder, entered, with two pairs of the same photographs and an unreadable one."""
    for sample in ("CD070", "ER22"):
        folder = tmp_path / "raw" / sample
        folder.mkdir(parents=True)
        for marker in ("PreStain", "PostStain"):
            source = photographs / f"CD070_{marker}_SybrGld.tif"
            (folder / f"{sample}_{marker}_SybrGld.tif").hardlink_to(source)
    bad = tmp_path / "raw" / "Bad"
    bad.mkdir()
    tifffile.imwrite(bad / "Bad_pre_DAPI.tif", np.full((90, 80), 9, np.uint8))
    (bad / "Bad_post_DAPI.tif").write_bytes(b"not an image")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 16 MB of its own; where none can be mounted the test is skipped."""
    with faults.tiny_disk(tmp_path / "tiny disk") as disk:
        if disk is None:
            pytest.skip("needs the right to mount a small disk")
        yield disk
