"""Small photographs for batches."""

import os
import subprocess

import numpy as np
import pytest
import tifffile

from exo2micro.synthesis import demo_specs


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A raw folder with one pair that can be aligned; its files may be linked or copied."""
    folder = tmp_path_factory.mktemp("photographs")
    demo = {
        "seed": 3,
        "defaults": {"size": [480, 520]},
        "pairs": [{"sample": "CD070", "dye": "SybrGld", "rotation_deg": 4, "scale": 1.15}],
    }
    for pair in demo_specs(demo):
        pair.write(folder, threads=1)
    return folder / "CD070"


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
    folder = tmp_path / "tiny disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
