import os
import time

import numpy as np
import pytest

import exo2micro
from exo2micro.discovery import (
    classify_raw_files,
    diagnose_raw_layout,
    discover_tasks,
    take_inventory,
)
from exo2micro.errors import ConfigError, LayoutError, MissingPairsError
from exo2micro.raw_names import judge_raw_name


def make(root, *paths):
    """Make empty files."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return str(root)


def names(pairs):
    return [(pair.sample, pair.dye) for pair in pairs]


@pytest.mark.parametrize(
    ("file", "sample", "stain", "dye"),
    [
        ("CD070_PreStain_SybrGld.tif", "CD070", "pre", "SybrGld"),
        ("CD070_PostStain_SybrGld.tif", "CD070", "post", "SybrGld"),
        ("CD070_2024_pre_run3_DAPI.TIFF", "CD070", "pre", "DAPI"),
        ("CD070_2024_post_run3_DAPI.tiff", "CD070", "post", "DAPI"),
        ("PRE_CD070_DAPI.tif", "CD070", "pre", "DAPI"),
        ("CD070PRESTAIN_DAPI.TIF", "CD070", "pre", "DAPI"),
        ("CD070-Pre2-run_DAPI.tif", "CD070", "pre", "DAPI"),
        ("CDpre_DAPI.tif", "CD", "pre", "DAPI"),  # no word of its own, but letters
        ("CD070_prewashed_DAPI.tif", "CD070", "pre", "DAPI"),
        ("CD070_pre_DAPI.ome.tif", "CD070", "pre", "DAPI"),
        ("CD070_pre_DAPI 405.tif", "CD070", "pre", "DAPI 405"),
        # The sample's name is set aside, wherever it stands.
        ("Preston_post_DAPI.tif", "Preston", "post", "DAPI"),
        ("Preston_pre_DAPI.tif", "Preston", "pre", "DAPI"),
        ("preston_poststain_DAPI.tif", "Preston", "post", "DAPI"),
        ("2024 Pre-7 post_DAPI.tif", "Pre-7", "post", "DAPI"),
        ("Post_pre_DAPI.tif", "Post", "pre", "DAPI"),
        ("Pre_DAPI.tif", "P", "pre", "DAPI"),  # P is not the sample's name here
        ("CD0701_post_DAPI.tif", "CD070", "post", "DAPI"),
        # Words of their own count more than letters inside words.
        ("Scan_Preston_post_DAPI.tif", "X1", "post", "DAPI"),
        ("X1_compressed_post_DAPI.tif", "X1", "post", "DAPI"),
        ("X1_postcard_pre_DAPI.tif", "X1", "pre", "DAPI"),
        # The dye is never looked at.
        ("X1_pre_PostRed.tif", "X1", "pre", "PostRed"),
        ("X1_post_PreciousBlue.tif", "X1", "post", "PreciousBlue"),
    ],
)
def test_names_are_understood(file, sample, stain, dye):
    judged = judge_raw_name(file, sample)
    assert (judged.stain, judged.dye, judged.fault) == (stain, dye, "")


@pytest.mark.parametrize(
    ("file", "fault", "rename_to"),
    [
        ("CD070_pre_post_DAPI.tif", "AMBIGUOUS", "'CD070_pre_DAPI.tif' or 'CD070_post_DAPI.tif'"),
        ("CD070_PrePost_DAPI.tif", "AMBIGUOUS", "'CD070_pre_DAPI.tif' or 'CD070_post_DAPI.tif'"),
        ("CD070_DAPI.tif", "NO STAIN MARKER", "'CD070_pre_DAPI.tif' or 'CD070_post_DAPI.tif'"),
        ("CD070_DAPI_pre.tif", "NO STAIN MARKER", "'CD070_pre_DAPI.tif'"),
        ("CD070_PostRed.tif", "NO STAIN MARKER", "'CD070_pre_PostRed.tif'"),
        ("CD070-pre-DAPI.tif", "NO UNDERSCORE", "'CD070-pre_DAPI.tif'"),
        ("overview.tiff", "NO UNDERSCORE", "'CD070_pre_<Dye>.tiff' or 'CD070_post_<Dye>.tiff'"),
        ("CD070_pre_.tif", "EMPTY DYE", "'CD070_pre_<Dye>.tif'"),
        ("CD070_pre_ .tif", "EMPTY DYE", "'CD070_pre_<Dye>.tif'"),
        ("CD070_pre_-x.tif", "UNUSABLE DYE", "begins with '-'"),
        ("CD070_pre_{DAPI}.tif", "UNUSABLE NAME", "{ or }"),
    ],
)
def test_warnings_say_what_to_rename(file, fault, rename_to):
    files = classify_raw_files([file, "CD070_pre_Cy5.tif"], "CD070")
    assert files.dyes == {"Cy5": {"pre": ["CD070_pre_Cy5.tif"], "post": []}}
    (warning,) = files.warnings
    assert warning.startswith(f"{fault}: CD070/{file}: ")
    assert rename_to in warning


@pytest.mark.parametrize("file", ["Preston_DAPI.tif", "Preston_PostRed.tif"])
def test_a_sample_that_begins_like_a_marker_is_none(file):
    assert judge_raw_name(file, "Preston").fault == "NO STAIN MARKER"


def test_proposed_names_are_understood():
    for file in ("CD070_pre_post_DAPI.tif", "CD070_DAPI.tif", "CD070_DAPI_pre.tif", "A-pre-B.tif"):
        advice = judge_raw_name(file, "CD070").advice
        proposed = [part for part in advice.split("'") if part.endswith(".tif")]
        assert proposed
        assert all(not judge_raw_name(name, "CD070").fault for name in proposed)


def test_pairs_are_found_with_their_paths(tmp_path):
    raw = make(
        tmp_path / "raw",
        "CD070/CD070_PreStain_SybrGld.tif",
        "CD070/CD070_PostStain_SybrGld.tif",
        "CD070/CD070_2024_pre_run3_DAPI.TIFF",
        "CD070/CD070_2024_post_run3_DAPI.tiff",
        "CD 71/post_DAPI.tif",
        "CD 71/pre_DAPI.tif",
    )
    pairs = discover_tasks(raw)
    assert names(pairs) == [("CD 71", "DAPI"), ("CD070", "DAPI"), ("CD070", "SybrGld")]
    assert pairs[1].pre == f"{raw}/CD070/CD070_2024_pre_run3_DAPI.TIFF"
    assert pairs[1].post == f"{raw}/CD070/CD070_2024_post_run3_DAPI.tiff"
    assert names(discover_tasks(raw + "/", dyes=["SybrGld"], samples=["CD070"])) == [
        ("CD070", "SybrGld")
    ]


def test_paths_are_short_where_the_raw_folder_is_the_working_directory(tmp_path, monkeypatch):
    make(tmp_path, "A/a_pre_D.tif", "A/a_post_D.tif", "out/A/D/tiff/04_x.tif")
    monkeypatch.chdir(tmp_path)
    found = take_inventory(".", leave_out=["out"])
    assert found.pairs["A", "D"].pre == "A/a_pre_D.tif"
    assert "out" not in found.sample_faults
    assert "out" in take_inventory(".").sample_faults


def test_what_is_no_photograph_is_passed_over(tmp_path):
    raw = tmp_path / "raw"
    make(
        raw,
        "A/a_pre_D.tif",
        "A/a_post_D.tif",
        "A/._a_pre_D.tif",
        "A/.hidden_post_D.tif",
        "A/notes.txt",
        "A/older/a_pre_D.tif",
        "A/folder_pre_E.tif/inside.txt",
        ".trash/a_pre_D.tif",
        "readme.md",
    )
    (raw / "linked").symlink_to(raw / "A")
    (raw / "A" / "loop").symlink_to(raw)
    found = take_inventory(raw)
    assert list(found.pairs) == [("A", "D"), ("linked", "D")]
    assert found.faults == {}
    assert found.warnings == {}


@pytest.mark.parametrize("target", ["gone.tif", "a_post_D.tif"])
def test_broken_links_are_told(tmp_path, target):
    raw = tmp_path / "raw"
    make(raw, "A/a_pre_D.tif")
    (raw / "A" / "a_post_D.tif").symlink_to(target)
    found = take_inventory(raw)
    assert "A/a_post_D.tif" in found.warnings["A"][0]
    assert found.warnings["A"][0].startswith("BROKEN LINK")
    assert found.faults["A", "D"] == "no post file (there is a_pre_D.tif)"


def layout_error(raw):
    with pytest.raises(LayoutError) as caught:
        discover_tasks(raw)
    message = str(caught.value)
    assert "Expected layout:" in message
    assert "CD070_PreStain_SybrGld.tif" in message
    assert diagnose_raw_layout(raw).fault == message == str(diagnose_raw_layout(raw))
    assert not diagnose_raw_layout(raw).ok
    return message


def test_layout_missing(tmp_path):
    message = layout_error(tmp_path / "nowhere")
    assert "does not exist" in message
    assert "raw_dir" in message


def test_layout_not_a_folder(tmp_path):
    make(tmp_path, "raw.tif")
    assert "which is not a folder" in layout_error(tmp_path / "raw.tif")


def test_layout_empty(tmp_path):
    make(tmp_path, "raw/.DS_Store")
    assert "is empty" in layout_error(tmp_path / "raw")
    make(tmp_path, "raw/notes.txt")
    assert "no sample folders and no TIFF, only notes.txt" in layout_error(tmp_path / "raw")


def test_layout_loose_tiffs(tmp_path):
    raw = make(tmp_path / "raw", "CD070_PreStain_DAPI.tif", "CD070_PostStain_DAPI.tif")
    message = layout_error(raw)
    assert "2 TIFF(s) lie loose" in message
    assert "CD070_PostStain_DAPI.tif, CD070_PreStain_DAPI.tif" in message
    assert f"{raw}/CD070/CD070_PostStain_DAPI.tif" in message


def test_layout_no_tiff_in_any_folder(tmp_path):
    raw = make(tmp_path / "raw", "A/a.czi", "B/DAPI/b_pre_DAPI.tif", "loose_pre_D.tif")
    os.makedirs(f"{raw}/C")
    message = layout_error(raw)
    assert "None of the 3 sample folder(s)" in message
    assert "A/ holds no TIFF (only .czi files)" in message
    assert "B/ holds no TIFF itself; they lie one level too deep, in DAPI/: move them up" in message
    assert "; C/ holds no TIFF. " in message
    assert "loose_pre_D.tif" in message


def test_loose_tiffs_beside_sample_folders_are_a_warning(tmp_path):
    raw = make(tmp_path / "raw", "A/a_pre_D.tif", "A/a_post_D.tif", "stray.tif", "B/x.png")
    found = diagnose_raw_layout(raw)
    assert found.fault == ""
    assert names(found.inventory.pairs.values()) == [("A", "D")]
    assert "stray.tif" in found.warnings[0]
    assert "Move each into its sample's folder" in found.warnings[0]
    assert "B/ is passed over; it holds no TIFF (only .png files)" in found.warnings[1]
    assert "A / D" in str(found)
    assert "stray.tif" in str(found)


def missing_message(raw, **request):
    with pytest.raises(MissingPairsError) as caught:
        discover_tasks(raw, **request)
    return str(caught.value)


@pytest.fixture
def faulty(tmp_path):
    return make(
        tmp_path / "raw",
        "A/a_pre_DAPI.tif",
        "A/a_post_DAPI.tif",
        "A/a_pre_Cy5.tif",
        "A/a_post_cy5.tif",
        "B/b_pre_DAPI.tif",
        "B/b2_pre_DAPI.tiff",
        "B/b_post_DAPI.tif",
        "B/b_pre_post_Cy5.tif",
        "C{1}/c_pre_DAPI.tif",
        "C{1}/c_post_DAPI.tif",
        "empty/notes.txt",
    )


def test_every_missing_pair_is_listed_with_its_reason_and_the_ways_out(faulty):
    message = missing_message(faulty)
    lines = message.split("\n")
    assert lines[0].startswith("4 of 5 requested pair(s)")
    assert (
        "  A / Cy5: no post file (there is a_pre_Cy5.tif); a_post_cy5.tif is one for 'cy5' "
        "(dyes are case-sensitive)" in lines
    )
    assert any(line.startswith("  A / cy5: no pre file") for line in lines)
    assert "  B / DAPI: 2 pre files, expected one: b2_pre_DAPI.tiff, b_pre_DAPI.tif" in lines
    assert any(line.startswith("  C{1} / DAPI: the sample folder's name 'C{1}'") for line in lines)
    assert "AMBIGUOUS: B/b_pre_post_Cy5.tif" in message
    for way in ("correct the file names", "other samples or dyes", "strict_dyes: false"):
        assert way in message
    assert "sample_sheet" in message


def test_requested_names_that_do_not_exist(faulty):
    request = {"samples": ["A", "a", "Bb", "012", "empty"], "dyes": ["DAPI", "dapi", "My_Cy5"]}
    lines = missing_message(faulty, **request).split("\n")
    assert lines[0].startswith("14 of 15 ")
    reasons = dict(line.strip().split(": ", 1) for line in lines[1:15])
    assert "no such sample folder" in reasons["a / DAPI"]
    assert "but there is 'A' (names are case-sensitive)" in reasons["a / DAPI"]
    assert "no such dye, but there is 'DAPI' (names are case-sensitive)" in reasons["A / dapi"]
    assert "dyes of this sample: Cy5, DAPI, cy5" in reasons["A / dapi"]
    assert "no such sample folder" in reasons["Bb / DAPI"]
    assert "leading zeros must stand in quotes" in reasons["012 / DAPI"]
    assert reasons["empty / DAPI"] == "its folder holds no TIFF (only .txt files)"
    assert "holds an underscore" in reasons["A / My_Cy5"]
    assert "it would be found as 'Cy5'" in reasons["A / My_Cy5"]


def test_lenient_takes_what_is_there(faulty):
    from exo2micro.selection import select_pairs

    selection = select_pairs(take_inventory(faulty), ["A", "Z"], ["DAPI", "Cy3"], False)
    assert names(selection.pairs) == [("A", "DAPI")]
    assert [(s, d) for s, d, _ in selection.skipped] == [("A", "Cy3"), ("Z", "DAPI"), ("Z", "Cy3")]
    assert "dyes of this sample: Cy5, DAPI, cy5" in selection.skipped[0][2]
    assert names(discover_tasks(faulty, strict_dyes=False)) == [("A", "DAPI")]


def test_a_named_sample_without_any_dye_is_missing(faulty):
    message = missing_message(faulty, samples=["A", "empty", "nobody"])
    assert "  empty / all: its folder holds no TIFF" in message
    assert "  nobody / all: no such sample folder" in message


def test_nothing_found_at_all_is_an_error_in_either_mode(tmp_path):
    raw = make(tmp_path / "raw", "A/one.tif", "A/two.tif")
    for strict in (True, False):
        message = missing_message(raw, strict_dyes=strict)
        assert "No pair of a pre and a post photograph was found" in message
        assert "NO UNDERSCORE: A/one.tif" in message


def test_planned_files_count_as_there(tmp_path):
    raw = str(tmp_path / "raw")
    planned = [f"{raw}/A/A_pre_D.tif", f"{raw}/A/A_post_D.tif", f"{raw}/B/B_post_D.tif"]
    found = take_inventory(raw, planned)
    assert list(found.pairs) == [("A", "D")]
    assert found.pairs["A", "D"].pre == planned[0]
    assert found.faults["B", "D"] == "no pre file (there is B_post_D.tif)"
    make(tmp_path / "raw", "A/A_pre_D.tif", "C/C_pre_E.tif", "C/C_post_E.tif")
    assert list(take_inventory(raw, planned).pairs) == [("A", "D"), ("C", "E")]
    with pytest.raises(ConfigError, match="elsewhere"):
        take_inventory(raw, [tmp_path / "elsewhere" / "A_pre_D.tif"])


def test_thousands_of_pairs_are_found_at_once(tmp_path):
    raw = tmp_path / "raw"
    for sample in range(250):
        folder = raw / f"S{sample:03}"
        folder.mkdir(parents=True)
        for dye in range(10):
            for stain in ("Pre", "Post"):
                (folder / f"S{sample:03}_{stain}Stain_D{dye}.tif").touch()
    start = time.perf_counter()
    assert len(discover_tasks(raw)) == 2500
    # 0.04 s on a laptop; a quarter of the files, a quarter of the 5 s that are allowed.
    assert time.perf_counter() - start < 1.25


def test_survey_names_each_files_signal_channels(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    green = np.zeros((20, 30, 3), np.uint8)
    green[..., 1] = 40
    raw = tmp_path / "raw"
    (raw / "A").mkdir(parents=True)
    tifffile.imwrite(raw / "A" / "a_pre_D.tif", green, photometric="rgb")
    tifffile.imwrite(raw / "A" / "a_post_D.tif", np.full((21, 30), 900, np.uint16))
    make(raw, "B/b_pre_D.tif", "B/b_post_D.tif")
    table = exo2micro.survey_raw_channels(raw)
    assert list(table["stain"]) == ["pre", "post", "pre", "post"]
    first, second, third = (table.iloc[row] for row in (0, 1, 2))
    assert (first["height"], first["width"], first["dtype"]) == (20, 30, "uint8")
    assert first["channel_means"] == (0.0, 40.0, 0.0)
    assert first["channels"] == (1,)
    assert (second["height"], second["dtype"], second["channels"]) == (21, "uint16", (0,))
    assert "b_pre_D.tif" in third["fault"]
    assert first["fault"] == ""
