"""How fast the viewer opens and moves on a full-size pair, in a real Chromium.

    python tests/benchmarks/viewer.py /scratch/folder [--size 34000 29000]
    python tests/benchmarks/viewer.py /scratch/folder --results /a/batch/processed

Writes images of that size (width, height; some 10 GB at full size) the first time, noise within an
ellipse, and measures, on this machine: the time to read one pyramid from end to end, to make the
page's description of the pair, from opening the page to the whole first view, to a view of single
pixels elsewhere, and the times between frames while the view is moved, at several magnifications.
With `--results` it takes the images and the page of a run instead (`snakemake --cores 2 viewer`);
the time to make the page is then that of its jobs.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from browser import Browser, Server  # noqa: E402

from exo2micro.storage import (  # noqa: E402
    copy_file,
    open_image,
    read_record,
    tile_windows,
    write_image,
    write_script,
)
from exo2micro.viewer import describe_pair, pair_sources  # noqa: E402

PAD = 2000
PAIR = "BIG/DAPI"
VARIANTS = 8  # different tiles of noise, which are repeated
LOADED = (
    "document.body.dataset.ready === '1' && Exo.view.items[0].length === 2 && "
    "Exo.view.items[0].every((item) => item && item.getFullyLoaded())"
)
# Times between frames, ms, while the view flies over the image for some seconds.
PAN = """
const [zoom, done] = arguments;
const { view } = Exo;
view.flyTo(12000, 12000, zoom, true);
setTimeout(() => {
  const times = [];
  let last = performance.now();
  const start = last;
  const step = (now) => {
    times.push(now - last);
    last = now;
    if (now - start < 4000) {
      view.pan(0.05, 0.03);
      requestAnimationFrame(step);
    } else {
      done(times.slice(1));
    }
  };
  requestAnimationFrame(step);
}, 1500);
"""


def main():
    """Write what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=(34000, 29000))
    parser.add_argument("--results", type=Path, help="output_dir of a run with its viewer")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    output = (options.results or options.folder / "processed").resolve()
    report = look_at_run(output) if options.results else draw_and_make(output, options.size)
    page = [path.stat().st_size for path in (output / "viewer").rglob("*") if path.is_file()]
    report["page_mb"] = sum(page) / 1e6
    report.update(measure(output, options.folder))
    print(json.dumps(report, indent=2))


def draw_and_make(output, size):
    """Draw images, make their page; what that took."""
    values = {**defaults(), "pad": PAD}
    images = [f"{PAIR}/{path}" for path in pair_sources(values, 4, (1, 3))["images"]]
    for number, path in enumerate(images):
        if not (output / path).is_file():
            write_noise(output / path, size[::-1], number)
    report = describe_images([output / path for path in images])
    start = time.perf_counter()
    make_page(output, images)
    return {**report, "make_page_s": time.perf_counter() - start}


def look_at_run(output):
    """The images of a run; what its page took."""
    report = describe_images(sorted(output.glob("*/*/tiff/*.tiff")))
    jobs = [read_record(path) for path in output.glob("**/logs/viewer*.json")]
    return {**report, "make_page_s": sum(job["seconds"] for job in jobs)}


def describe_images(paths):
    """Size of the images on disk, and the time to read stage 3's once."""
    aligned = next(path for path in paths if path.name.startswith("03_interior"))
    with open_image(aligned) as image:
        size = list(image.shape[::-1])
    return {
        "size": size,
        "checkpoints_mb": sum(path.stat().st_size for path in paths) / 1e6,
        "read_a_pyramid_s": time_reading(aligned),
    }


def defaults():
    """Default parameters."""
    from exo2micro.parameters import resolve

    return resolve()


def write_noise(path, shape, seed):
    """Write an image of noise within an ellipse; the first one in 8 bit."""
    random = np.random.default_rng(seed)
    dtype = np.dtype(np.uint8 if seed == 0 else np.float32)
    noise = [random.normal(60, 20, (512, 512)).clip(0, 255).astype(dtype) for _ in range(VARIANTS)]

    def tiles():
        for number, window in enumerate(tile_windows(shape)):
            y = (window.y0 + window.y1) / shape[0] - 1
            x = (window.x0 + window.x1) / shape[1] - 1
            inside = (x / 0.8) ** 2 + (y / 0.8) ** 2 < 1
            tile = noise[(number * 5 + number // 7) % VARIANTS]
            yield tile[: window.y1 - window.y0, : window.x1 - window.x0] if inside else None

    write_image(path, shape, dtype, tiles(), threads=2)


def time_reading(path):
    """Seconds to read an image from end to end."""
    start = time.perf_counter()
    with open_image(path) as image:
        for window in tile_windows(image.shape, (512, 2048)):
            image.read(window)
    return time.perf_counter() - start


def make_page(output, images):
    """Write the page and the pair's description, with 20 000 candidates."""
    for path in (ROOT / "workflow/viewer").glob("**/*.*"):
        copy_file(path, output / "viewer" / path.relative_to(ROOT / "workflow/viewer"))
    random = np.random.default_rng(9)
    count = 20_000
    candidates = {
        "id": list(range(1, count + 1)),
        "x_raw": random.uniform(3000, 27000, count).round(3).tolist(),
        "y_raw": random.uniform(3000, 22000, count).round(3).tolist(),
        "area_px": random.integers(5, 200, count).tolist(),
        "flux": random.uniform(10, 1e5, count).round(3).tolist(),
        "peak_significance": random.uniform(5, 90, count).round(3).tolist(),
        "flags": [""] * count,
    }
    description = describe_pair(
        images,
        {"pad": PAD, "pixel_size_um": [0.65, 0.65]},
        {"verdict": "pass", "reasons": [], "estimated_accuracy_px": 0.02},
        {"scale_estimate": 1.1, "reasons": []},
        candidates,
    )
    data = f"data/{PAIR}/stage4.js"
    write_script(output / "viewer" / data, "Exo.receive(%s);", description)
    sample, dye = PAIR.split("/")
    variant = {"suffix": "", "name": "defaults", "files": [data]}
    batch = {"id": "big", "pairs": [{"sample": sample, "dye": dye, "variants": [variant]}]}
    write_script(output / "viewer/data/pairs.js", "Exo.batch = %s;", batch)


def measure(output, downloads):
    """Open the page, move about, and give seconds and milliseconds."""
    server = Server([str(output / "viewer/serve.py"), "0"], output)
    browser = Browser(downloads)
    browser.driver.set_script_timeout(60)
    found = {}
    try:
        start = time.perf_counter()
        browser.driver.get(f"{server.address}/viewer/")
        browser.wait(LOADED)
        found["first_view_s"] = time.perf_counter() - start
        start = time.perf_counter()
        browser.run("Exo.view.flyTo(17000, 14000, 24, true)")
        browser.let_draw()
        browser.wait(LOADED)
        found["to_pixels_s"] = time.perf_counter() - start
        for zoom in (0.1, 0.5, 2):
            times = np.array(browser.driver.execute_async_script(PAN, zoom))
            found[f"frames_at_zoom_{zoom:g}_ms"] = {
                "median": float(np.median(times)),
                "p95": float(np.percentile(times, 95)),
                "longest": float(times.max()),
            }
        found["javascript_heap_mb"] = browser.run("return performance.memory.usedJSHeapSize / 1e6")
        found["complaints"] = browser.complaints()
        browser.driver.save_screenshot(str(downloads / "viewer.png"))
    finally:
        browser.driver.quit()
        server.close()
    return found


if __name__ == "__main__":
    main()
