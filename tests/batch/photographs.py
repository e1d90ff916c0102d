"""Small photographs that can be aligned."""

import numpy as np
import tifffile

from exo2micro.synthesis import demo_specs


def draw_photographs(folder, sample="CD070", size=(480, 520)):
    """Draw a pair; gives the folder that holds its two files."""
    demo = {
        "seed": 3,
        "defaults": {"size": list(size)},
        "pairs": [{"sample": sample, "dye": "SybrGld", "rotation_deg": 4, "scale": 1.15}],
    }
    for pair in demo_specs(demo):
        pair.write(folder, threads=1)
    return folder / sample


def lay_out_pairs(folder, photographs):
    """Put two pairs of the same photographs and an unreadable one into a folder; gives it."""
    for sample in ("CD070", "ER22"):
        place = folder / "raw" / sample
        place.mkdir(parents=True)
        for marker in ("PreStain", "PostStain"):
            source = photographs / f"CD070_{marker}_SybrGld.tif"
            (place / f"{sample}_{marker}_SybrGld.tif").hardlink_to(source)
    bad = folder / "raw" / "Bad"
    bad.mkdir()
    tifffile.imwrite(bad / "Bad_pre_DAPI.tif", np.full((90, 80), 9, np.uint8))
    (bad / "Bad_post_DAPI.tif").write_bytes(b"not an image")
    return folder
