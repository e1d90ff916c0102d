import subprocess
import sys

import pytest

import exo2micro.storage as storage

HEAVY = ("numpy", "astropy", "tifffile", "cv2", "imagecodecs", "pandas")


def test_importing_storage_loads_no_image_library():
    code = "import sys, exo2micro.storage; from exo2micro.storage import read_record;"
    code += f"print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert loaded.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    for name in storage.__all__:
        assert callable(getattr(storage, name))
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = storage.nothing_such
