import pytest

from exo2micro.errors import ConfigError, LayoutError, MissingPairsError
from exo2micro.parameters import resolve
from exo2micro.request import build_request
from exo2micro.targets import FIGURES, checkpoint_path, figure_names, image_names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Working directory with raw photographs of A (D1, D2) and B (D1)."""
    for sample, dye in (("A", "D1"), ("A", "D2"), ("B", "D1")):
        place = tmp_path / "raw" / sample
        place.mkdir(parents=True, exist_ok=True)
        for stain in ("pre", "post"):
            (place / f"{sample}_{stain}_{dye}.tif").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keys(pairs):
    return [(pair.sample, pair.dye) for pair in pairs]


def config_fault(config):
    with pytest.raises(ConfigError) as caught:
        build_request(config)
    return str(caught.value)


def test_defaults(folder):
    request = build_request({})
    assert keys(request.pairs) == [("A", "D1"), ("A", "D2"), ("B", "D1")]
    assert (request.raw_dir, request.output_dir) == ("raw", "processed")
    assert (request.checkpoint_format, request.on_failed_alignment) == ("tiff", "stop")
    assert request.strict_dyes is True
    assert request.demo is None
    assert request.channel("D1") is None
    assert request.messages() == []
    (variant,) = request.pairs[0].variants
    assert (variant.values, variant.suffix) == (resolve(), "")
    assert request.find_pair("A", "D2").pre == "raw/A/A_pre_D2.tif"


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


def test_equal_values_make_one_variant(folder):
    request = build_request({"params": {"boundary_width": [15, "15", 15.0]}})
    assert [v.suffix for v in request.variants] == [""]


def test_the_command_lines_texts_are_understood(folder):
    request = build_request(
        {"strict_dyes": "false", "sample_sheet": "null", "samples": ["A"],
         "params": {"pad": "500", "fine_ecc": "true", "manual_scale": "null"},
         "channel": {"D1": "2", "D2": "auto"}}
    )  # fmt: skip
    assert request.strict_dyes is False
    assert request.variants[0].suffix == "_pad500_fecc1"
    assert [request.channel(dye) for dye in ("D1", "D2", "D3")] == [2, None, None]
    assert build_request({"channel": 1}).channel("D2") == 1
    assert build_request({"channel": "auto"}).channel("D2") is None


def test_folders_are_tidied(folder):
    request = build_request({"raw_dir": "./raw/", "output_dir": "results//x/"})
    assert (request.raw_dir, request.output_dir) == ("raw", "results/x")
    assert request.pairs[0].pre == "raw/A/A_pre_D1.tif"


def test_all_faults_of_a_configuration_are_said_at_once(folder):
    message = config_fault(
        {"sampels": ["A"], "pad": 4, "boundary_widt": 3, "strict_dyes": "maybe", "channel": "red",
         "checkpoint_format": "tif", "on_failed_alignment": "go on", "raw_dir": 3,
         "params": {"padd": 3, "stopit": 0, "scale_step": [], "angle_step": [1, "x"]}}
    )  # fmt: skip
    for said in (
        "Unknown key 'sampels'; did you mean 'samples'?",
        "pad is a parameter and belongs under params: write",
        "pad: 4",
        "Unknown key 'boundary_widt', which is no parameter either; did you mean 'boundary_width'?",
        "Valid keys: raw_dir, output_dir, samples",
        "strict_dyes: 'maybe' cannot be used; expected true or false",
        "channel: 'red' cannot be used; expected auto",
        "checkpoint_format: 'tif' cannot be used; expected tiff, fits or both; did you mean 'tiff'",
        "on_failed_alignment: 'go on' cannot be used; expected stop or keep",
        "raw_dir: 3 cannot be used",
        "params: Unknown parameter 'padd'; did you mean 'pad'?",
        "params: stopit: 0 cannot be used; expected a whole number from 1 to 100000 (default 500)",
        "params: scale_step: an empty list",
        "params: angle_step: 'x' cannot be used",
        "Valid parameters: pad, use_edges",
    ):
        assert said in message, said


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"samples": []}, "names nothing"),
        ({"samples": None}, "names nothing"),
        ({"dyes": [True]}, "put it in quotes"),
        ({"samples": [1.5]}, "put it in quotes"),
        ({"samples": ["A", "B", "A"]}, "'A' is listed more than once"),
        ({"samples": ["../A"]}, "holds '/'"),
        ({"samples": [".."]}, "begins with '.'"),
        ({"samples": ["A\nB"]}, "line break"),
        ({"samples": ["-A"]}, "begins with '-'"),
        ({"samples": ["A{x}"]}, "holds '{'"),
        ({"samples": [" A"]}, "begins or ends with a blank"),
        ({"samples": ["A\\B"]}, "holds '\\'"),
        ({"dyes": ["D/1"]}, "holds '/'"),
        ({"output_dir": "out/{sample}"}, "cannot be used by Snakemake"),
        ({"raw_dir": ""}, "expected the path of a folder"),
        ({"params": [1]}, "expected a mapping"),
        ({"demo": 3}, "expected a mapping, or null"),
        ({"channel": -1}, "expected auto"),
        ({"channel": True}, "expected auto"),
        ({"params": {"scale_min": [0.9, 1.4]}}, "scale_min (1.4) is above scale_max (1.15)"),
    ],
)
def test_wrong_values_are_refused(folder, config, said):
    assert said in config_fault(config)


def test_dyes_with_underscores_are_told_so(folder):
    with pytest.raises(MissingPairsError, match="found as 'D1'"):
        build_request({"dyes": ["My_D1"]})


def test_strict_stops_and_lenient_skips(folder):
    with pytest.raises(MissingPairsError, match="1 of 4"):
        build_request({"samples": ["A", "B"], "dyes": ["D1", "D2"]})
    request = build_request(
        {"samples": ["A", "B"], "dyes": ["D1", "D2"], "strict_dyes": False,
         "params": {"pad": [0, 10]}}
    )  # fmt: skip
    assert keys(request.pairs) == [("A", "D1"), ("A", "D2"), ("B", "D1")]
    assert [skipped[:2] for skipped in request.skipped] == [("B", "D2")]
    (message,) = request.messages()
    assert message.startswith("Skipped: 1 requested pair(s)\n  B / D2: no such dye")
    rows = request.expected_summary_rows()
    assert len(rows) == 8
    assert [row["variant"] for row in rows[-2:]] == ["_pad0", "_pad10"]
    assert all(row["sample"] == "B" and row["dye"] == "D2" for row in rows[-2:])
    assert rows[-1]["status"].startswith("skipped: no such dye")
    with pytest.raises(MissingPairsError, match="B / D2 cannot be run: no such dye"):
        request.find_pair("B", "D2")


def test_pairs_that_are_not_requested_can_still_be_asked_for(folder):
    request = build_request({"samples": ["A"], "dyes": ["D1"]})
    assert request.find_pair("B", "D1").post == "raw/B/B_post_D1.tif"


def test_warnings_are_among_the_messages(folder):
    (folder / "raw" / "A" / "overview.tif").touch()
    (folder / "raw" / "stray.tif").touch()
    messages = build_request({"channel": {"d1": 2}}).messages()
    assert any("stray.tif" in message for message in messages)
    assert any(message.startswith("NO UNDERSCORE: A/overview.tif") for message in messages)
    assert any("no sample has the dye 'd1'" in message for message in messages)


def test_layout_faults_come_through(folder):
    with pytest.raises(LayoutError, match="does not exist"):
        build_request({"raw_dir": "rwa"})


def test_results_in_the_raw_folder_are_no_sample(folder):
    (folder / "raw" / "processed" / "A").mkdir(parents=True)
    assert build_request({"output_dir": "raw/processed"}).messages() == []


def sheet(folder, text):
    (folder / "sheet.tsv").write_text(text, encoding="utf-8")
    return {"sample_sheet": "sheet.tsv"}


HEADER = "sample\tdye\tpre\tpost"
ROW = "A\tD1\traw/A/A_pre_D1.tif\traw/A/A_post_D1.tif"


def test_sample_sheet(folder):
    text = (
        f"\ufeff{HEADER}\tpad\tmanual_scale\r\n"
        "# a remark\r\n"
        f"{ROW}\t\tnone\r\n"
        "\r\n"
        'B\tD 9\t./raw/A/A_pre_D1.tif\t"raw/B/B_post_D1.tif"\t300\t1.2\r\n'
        "\t\t\t\t\t\r\n"
    )
    config = {**sheet(folder, text), "raw_dir": "nowhere", "params": {"pad": [100, 200]}}
    request = build_request(config)
    assert keys(request.pairs) == [("A", "D1"), ("B", "D 9")]
    assert request.pairs[1].pre == "raw/A/A_pre_D1.tif"
    assert request.pairs[1].overrides == {"pad": 300, "manual_scale": 1.2}
    assert [v.suffix for v in request.pairs[0].variants] == ["_pad100", "_pad200"]
    assert [v.suffix for v in request.pairs[1].variants] == ["_pad300_msc1.2"]
    assert keys(build_request({**config, "samples": ["B"]}).pairs) == [("B", "D 9")]


def test_sample_sheet_missing_files_are_missing_pairs(folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "x.tif").touch()
    text = f"{HEADER}\n{ROW}\nB\tD1\tx.tif\traw/B\nB\tD2\traw/gone.tif\traw/A/A_post_D1.tif\n"
    (folder / "deep" / "sheet.tsv").write_text(text)
    config = {"sample_sheet": "deep/sheet.tsv"}
    with pytest.raises(MissingPairsError) as caught:
        build_request(config)
    message = str(caught.value)
    assert (
        "  B / D1: row 3: pre file x.tif does not exist (paths are taken from the working "
        "directory: write deep/x.tif); post file raw/B is not a file" in message
    )
    assert "  B / D2: row 4: pre file raw/gone.tif does not exist" in message
    assert "correct the sample sheet" in message
    request = build_request({**config, "strict_dyes": False})
    assert keys(request.pairs) == [("A", "D1")]
    assert len(request.skipped) == 2
    planned = build_request(config | {"samples": ["B"], "dyes": ["D2"]}, planned=["raw/gone.tif"])
    assert planned.pairs[0].pre == "raw/gone.tif"
    with pytest.raises(MissingPairsError, match=r"no such sample in deep/sheet\.tsv"):
        build_request({**config, "samples": ["Z"]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty; its first row must name the columns"),
        (HEADER, "it has no rows"),
        ("sample\tdye\tpre\n" + "A\tD\tx", "column(s) missing: post; there are sample, dye, pre"),
        ("sample,dye,pre,post\nA,D,x,y", "not parted by tabs"),
        (f"{HEADER}\tboundary_widht\n{ROW}\t3", "'boundary_widht' is neither one of ours nor a"),
        (f"{HEADER}\tboundary_widht\n{ROW}\t3", "did you mean 'boundary_width'?"),
        (f"{HEADER}\tpad\tpad\n{ROW}\t3\t3", "column 'pad' stands there twice"),
        (f"{HEADER}\t\n{ROW}\t3", "column 5 has no name"),
        (f"{HEADER}\n{ROW}\n{ROW}", "row 3: A / D1 stands in row 2 already"),
        (f"{HEADER}\nA\t\tx\ty", "row 2: dye is empty"),
        (f"{HEADER}\nA\tD1\tx", "row 2: post is empty"),
        (f"{HEADER}\n{ROW}\textra", "row 2: 5 cells, but the header has 4 columns"),
        (f"{HEADER}\nA/B\tD1\tx\ty", "row 2: sample 'A/B' holds '/'"),
        (f"{HEADER}\n..\tD1\tx\ty", "row 2: sample '..' begins with '.'"),
        (f"{HEADER}\nA\t.\tx\ty", "row 2: dye '.' begins with '.'"),
        (f"{HEADER}\nA\tD_1\tx\ty", "row 2: dye 'D_1' holds an underscore"),
        (f"{HEADER}\nA{{x}}\tD\tx\ty", "row 2: sample 'A{x}' holds '{'"),
        (f"{HEADER}\nA\tD\tx{{1}}\ty", "row 2: Snakemake cannot use a file with { or }"),
        (f"{HEADER}\nA\tD\tx\tx", "row 2: pre and post are the same file, x"),
        (f"{HEADER}\tpad\n{ROW}\t-3", "row 2: pad: '-3' cannot be used; expected a whole number"),
        (
            f"{HEADER}\tscale_min\n{ROW}\t1.3",
            "A / D1: scale_min (1.3) is",
        ),
    ],
)
def test_sample_sheet_faults_name_the_row(folder, text, said):
    assert said in config_fault(sheet(folder, text))


def test_sample_sheet_that_cannot_be_read(folder):
    assert "cannot be read: No such file" in config_fault({"sample_sheet": "none.tsv"})
    (folder / "table.xlsx").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    assert "is not plain text" in config_fault({"sample_sheet": "table.xlsx"})


def test_many_pairs_and_many_missing_ones(folder):
    planned = [
        f"raw/S{sample:03}/{stain}_D{dye}.tif"
        for sample in range(500)
        for dye in range(10)
        for stain in ("pre", "post")
    ]
    request = build_request({"samples": [f"S{n:03}" for n in range(500)]}, planned)
    assert len(request.targets()) == 5000 * 22
    samples = [f"T{n:03}" for n in range(500)]
    with pytest.raises(MissingPairsError, match="5000 of 5000"):
        build_request({"samples": samples, "dyes": [f"D{n}" for n in range(10)]}, planned)


def test_a_target_by_name_is_checked(folder):
    request = build_request({})
    request.check_target("processed/A/D2/tiff/04_difference_difference.tiff")
    request.check_target("all")
    request.check_target("elsewhere/X/Y/z.tiff")
    with pytest.raises(MissingPairsError, match="B / D2 cannot be run"):
        request.check_target("processed/B/D2/tiff/04_difference_difference.tiff")
