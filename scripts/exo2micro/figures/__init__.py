"""Figures from small arrays: reduced images, histograms and numbers go in, a Figure comes out.

Each function draws one figure whatever the size and type of the photographs; where something is
missing (no scale, no pixels in common) the figure says so. Nothing here touches files but
`save_figure`. Matplotlib is imported when the first figure is drawn, and never pyplot.
"""

from importlib import import_module

_HOME = {
    "draw_comparison": "comparison",
    "draw_channel_survey": "channel_survey",
    "draw_candidate_histograms": "candidates",
    "draw_candidate_sheet": "candidate_sheet",
    "draw_candidates": "candidates",
    "draw_difference_histogram": "histograms",
    "draw_difference_image": "difference_image",
    "draw_excess_heatmap": "heatmaps",
    "draw_fine_alignment": "fine_alignment",
    "draw_pre_post_heatmap": "heatmaps",
    "draw_pre_post_histograms": "histograms",
    "draw_ratio_histogram": "ratio",
    "draw_registration": "registration",
    "draw_scale_map": "scale_map",
    "count_from": "image_panel",
    "save_figure": "saving",
}

__all__ = [
    "count_from",
    "draw_candidate_histograms",
    "draw_candidate_sheet",
    "draw_candidates",
    "draw_channel_survey",
    "draw_comparison",
    "draw_difference_histogram",
    "draw_difference_image",
    "draw_excess_heatmap",
    "draw_fine_alignment",
    "draw_pre_post_heatmap",
    "draw_pre_post_histograms",
    "draw_ratio_histogram",
    "draw_registration",
    "draw_scale_map",
    "save_figure",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return sorted({*globals(), *_HOME})
