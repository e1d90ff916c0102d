"""Small photographs that can be aligned."""

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
