"""What the viewer's page is told about the batch, and which files make it up."""

import hashlib
from pathlib import Path

from exo2micro.parameters import suffix

FOLDER = "viewer"  # in the output folder
# A pair that fails on the way can be looked at as far as it came: it is described after each of
# these stages, and the page takes the latest.
STAGES = (4, 3, 2)


def describe_batch(request):
    """List the requested pairs and variants, and where each is described.

    Parameters
    ----------
    request : Request
        What the configuration asks for.

    Returns
    -------
    dict
        `id`, by which a browser keeps the marks of this batch apart from those of others, and
        `pairs`. It holds no path of this machine.
    """
    whole = str(Path(request.output_dir).resolve())
    return {
        "id": hashlib.sha256(whole.encode()).hexdigest()[:12],
        "pairs": [
            {
                "sample": pair.sample,
                "dye": pair.dye,
                "variants": [
                    {
                        "suffix": variant.suffix,
                        "name": variant.suffix.lstrip("_") or "defaults",
                        "files": _data_files(request, pair, variant),
                    }
                    for variant in pair.variants
                ],
            }
            for pair in request.pairs
        ],
    }


def viewer_targets(request):
    """List the descriptions of all requested pairs, as paths."""
    return list(
        dict.fromkeys(
            f"{request.output_dir}/{FOLDER}/{name}"
            for pair in request.pairs
            for variant in pair.variants
            for name in _data_files(request, pair, variant)
        )
    )


def _data_files(request, pair, variant):
    """Descriptions of a variant, the fullest first, relative to the viewer's folder."""
    last = request.control.last_stage
    judge = min(last, 3)  # the stage that judges the alignment, see `pair_sources`
    return [
        f"data/{pair.sample}/{pair.dye}/stage{stage}{suffix(variant.values, max(stage, judge))}.js"
        for stage in STAGES
        if stage <= last
    ]
