"""Files that are made for a request."""

import pytest
from request_checks import config_fault

from exo2micro.errors import MissingPairsError
from exo2micro.parameters import resolve
from exo2micro.request import build_request
from exo2micro.targets import FIGURES, checkpoint_path, figure_names, image_names


def test_targets_of_the_defaults_by_hand(folder):
    request = build_request({"samples": "B"})
    assert request.targets() == [
        "processed/B/D1/tiff/01_padded_post.tiff",
        "processed/B/D1/tiff/01_padded_pre.tiff",
        "processed/B/D1/tiff/02_icp_aligned_pre.tiff",
        "processed/B/D1/tiff/03_interior_aligned_pre.tiff",
        "processed/B/D1/tiff/04_difference_difference.tiff",
        "processed/B/D1/tiff/04_significance.tiff",
        "processed/B/D1/tiff/04_mask.tiff",
        "processed/B/D1/measurements/04_candidates.csv",
        "processed/B/D1/measurements/04_candidates.geojson",
        "processed/B/D1/measurements/04_candidates.json",
        "processed/B/D1/pipeline_output/registration.png",
        "processed/B/D1/pipeline_output/fine_alignment.png",
        "processed/B/D1/pipeline_output/pre_post_heatmap.png",
        "processed/B/D1/pipeline_output/pre_post_histograms.png",
        "processed/B/D1/pipeline_output/difference_histogram.png",
        "processed/B/D1/pipeline_output/excess_heatmap.png",
        "processed/B/D1/pipeline_output/ratio_histogram.png",
        "processed/B/D1/pipeline_output/scale_map.png",
        "processed/B/D1/pipeline_output/candidates.png",
        "processed/B/D1/pipeline_output/candidate_histograms.png",
        "processed/B/D1/pipeline_output/candidate_sheet.png",
        "processed/B/D1/pipeline_output/difference_image.png",
    ]


def test_scales_and_intermediates_add_images_and_figures():
    values = resolve(
        {"scale_percentile": 99.5, "manual_scale": 1.2, "save_all_intermediates": True, "pad": 5}
    )
    assert image_names(values)[2] == "02_icp_aligned_coarse_pre"
    assert image_names(values)[-5:] == [
        "04_difference_difference",
        "04_difference_difference_percentile_p99.5",
        "04_difference_difference_manual",
        "04_significance",
        "04_mask",
    ]
    assert figure_names(values)[-3:] == [
        "difference_image_pad5_sai1_sp99.5_msc1.2",
        "difference_image_percentile_p99.5_pad5_sai1_sp99.5_msc1.2",
        "difference_image_manual_pad5_sai1_sp99.5_msc1.2",
    ]
    path = checkpoint_path("out", "A", "D", "04_difference_difference_manual", values, "fits")
    assert path == "out/A/D/fits/04_difference_difference_manual_pad5_sai1_sp99.5_msc1.2.fits"
    path = checkpoint_path("out", "A", "D", "01_padded_pre", values, "tiff")
    assert path == "out/A/D/tiff/01_padded_pre_pad5.tiff"
    assert set(FIGURES) == {
        "registration", "fine_alignment", "pre_post_heatmap", "excess_heatmap",
        "pre_post_histograms", "difference_histogram", "ratio_histogram", "scale_map",
        "candidates", "candidate_histograms", "candidate_sheet",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kept"), [("all", (1, 2, 3)), ([], ()), ([3, 1], (1, 3)), ("2", (2,)), (3, (3,))]
)
def test_images_of_the_stages_that_are_kept(folder, given, kept):
    request = build_request({"samples": ["B"], "keep_images": given})
    assert request.keep_images == kept
    stages = {name.split("/")[-1][:2] for name in request.targets() if name.endswith(".tiff")}
    assert stages == {"04", *(f"0{stage}" for stage in kept)}


@pytest.mark.parametrize("given", [4, [0], "some", [1, "x"], None])
def test_stages_that_are_none_are_refused(folder, given):
    assert "out of 1, 2 and 3" in config_fault({"keep_images": given})


def test_figures_in_more_formats(folder):
    usual = build_request({"samples": ["B"]})
    assert usual.figure_formats == ("png",)
    request = build_request({"samples": ["B"], "figure_formats": ["SVG", "pdf"]})
    assert request.figure_formats == ("png", "pdf", "svg")
    figures = [path for path in request.targets() if "pipeline_output" in path]
    assert len(figures) == 3 * sum("pipeline_output" in path for path in usual.targets())
    assert "processed/B/D1/pipeline_output/candidates.svg" in figures
    assert "png, pdf, svg" in config_fault({"figure_formats": ["jpg"]})


def test_both_formats(folder):
    targets = build_request({"samples": ["B"], "checkpoint_format": "both"}).targets()
    assert "processed/B/D1/fits/01_padded_pre.fits" in targets
    assert "processed/B/D1/tiff/01_padded_pre.tiff" in targets
    assert len(targets) == len(set(targets)) == 29


def test_lists_make_variants_that_share_files(folder):
    params = {"boundary_width": [15, 20], "scale_percentile": ["none", 50], "pad": 500}
    request = build_request({"samples": ["B"], "params": params})
    variants = request.pairs[0].variants
    assert [v.suffix for v in variants] == [
        "_pad500", "_pad500_sp50", "_pad500_bw20", "_pad500_bw20_sp50",
    ]  # fmt: skip
    assert variants[3].values == resolve({"pad": 500, "boundary_width": 20, "scale_percentile": 50})
    targets = request.targets()
    assert len(targets) == len(set(targets))
    assert sum("01_padded_post" in path for path in targets) == 1
    assert sum("02_icp_aligned_pre" in path for path in targets) == 2
    assert sum("/04_difference_difference_pad" in path for path in targets) == 4
    assert sum("_percentile_p50_" in path and path.endswith(".tiff") for path in targets) == 2
    assert [row["variant"] for row in request.expected_summary_rows()] == [
        v.suffix for v in variants
    ]


def test_a_target_by_name_is_checked(folder):
    request = build_request({})
    request.check_target("processed/A/D2/tiff/04_difference_difference.tiff")
    request.check_target("all")
    request.check_target("elsewhere/X/Y/z.tiff")
    with pytest.raises(MissingPairsError, match="B / D2 cannot be run"):
        request.check_target("processed/B/D2/tiff/04_difference_difference.tiff")
