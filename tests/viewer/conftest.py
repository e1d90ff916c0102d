"""Results of known pixels with a viewer, as the workflow lays them out."""

from types import SimpleNamespace

import numpy as np
import pytest
from browser import ROOT, Server, browser, chromium  # noqa: F401

from exo2micro.request import build_request
from exo2micro.storage import copy_file, tile_windows, write_image, write_script
from exo2micro.viewer import describe_batch, describe_pair, pair_sources

PAD = 20
PAIRS = {("CD 070", "SybrGld"): np.uint8, ("ER#22", "DAPI"): np.uint16}


def known_images(dtype):
    """Images of two pyramid levels whose neighbouring pixels all differ."""
    y, x = np.indices((1300, 1410))
    top = np.iinfo(dtype).max
    post = ((3 * x + 7 * y) % 251 * (top // 255) + 1).astype(dtype)
    pre = ((5 * x + 2 * y) % 239 * 0.37 * (top // 255)).astype(np.float32)
    difference = (post - np.float32(1.3) * pre).astype(np.float32)
    significance = ((x - y) / 97).astype(np.float32)
    significance[:9, :9] = np.nan
    return {
        "01_padded_post": post,
        "02_icp_aligned_pre": pre + np.float32(0.5),
        "03_interior_aligned_pre": pre,
        "04_difference_difference": difference,
        "04_significance": significance,
    }


def known_candidates():
    """Six candidates, the third of which is the most significant."""
    return {
        "id": [1, 2, 3, 4, 5, 6],
        "x_raw": [100.25, 900.5, 640.75, 30.0, 1200.0, 333.3],
        "y_raw": [80.0, 95.5, 700.25, 900.0, 1000.5, 1111.1],
        "area_px": [30, 41, 55, 12, 9, 100],
        "flux": [1000.0, 2000.5, 3000.0, 10.0, 20.0, 30.0],
        "peak_significance": [12.5, 30.25, 88.0, 5.1, 6.2, 7.3],
        "flags": ["", "saturated", "", "off_sample", "", ""],
    }


def write_results(folder):
    """Write the raw files' names, the images and the viewer of two pairs."""
    for sample, dye in PAIRS:
        for stain in ("pre", "post"):
            raw = folder / "raw" / sample / f"{sample}_{stain}_{dye}.tif"
            raw.parent.mkdir(parents=True, exist_ok=True)
            raw.write_bytes(b"never read here")
    output = folder / "my results"
    request = build_request(
        {"raw_dir": str(folder / "raw"), "output_dir": str(output), "params": {"pad": PAD}}
    )
    images = {}
    for pair in request.pairs:
        (variant,) = pair.variants
        images[pair.sample] = known_images(PAIRS[pair.sample, pair.dye])
        write_pair(output, pair, variant.values, images[pair.sample])
    for path in (ROOT / "workflow/viewer").glob("**/*.*"):
        copy_file(path, output / "viewer" / path.relative_to(ROOT / "workflow/viewer"))
    write_script(output / "viewer/data/pairs.js", "Exo.batch = %s;", describe_batch(request))
    return SimpleNamespace(output=output, images=images)


def write_pair(output, pair, values, images):
    sources = pair_sources(values, 4, (1, 2, 3))
    for path in sources["images"]:
        (pixels,) = [v for name, v in images.items() if f"/{name}_pad" in path]
        windows = (np.ascontiguousarray(pixels[w.slices]) for w in tile_windows(pixels.shape))
        target = output / pair.sample / pair.dye / path
        write_image(target, pixels.shape, pixels.dtype, windows)
    description = describe_pair(
        [f"{pair.sample}/{pair.dye}/{path}" for path in sources["images"]],
        {"pad": PAD, "pixel_size_um": [0.5, 0.5]},
        {"verdict": "warn", "reasons": ["Few tiles."], "estimated_accuracy_px": 0.25},
        {"scale_estimate": 1.3, "reasons": []},
        known_candidates(),
    )
    data = output / "viewer/data" / pair.sample / pair.dye / f"stage4_pad{PAD}.js"
    write_script(data, "Exo.receive(%s);", description)


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """The results, in a folder with spaces in its name."""
    return write_results(tmp_path_factory.mktemp("some batch"))


@pytest.fixture(scope="session")
def served(results):
    """Address of the viewer, served by the script that comes with it."""
    server = Server([str(results.output / "viewer/serve.py"), "0"], results.output)
    yield f"{server.address}/viewer/"
    server.close()
