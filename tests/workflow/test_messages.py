"""What is wrong with a request is shown by a dry run, once, cleanly."""

import pytest


def complaint(project, *arguments, config=None):
    code, text = project.snakemake("-n", *arguments, config=config, check=False)
    assert code != 0, text
    assert "Traceback" not in text
    assert "in <module>" not in text
    return text


def test_a_missing_raw_folder(empty):
    text = complaint(empty)
    assert text.count("raw folder") == 1
    assert "PreStain" in text


def test_a_file_instead_of_a_folder(empty):
    (empty.folder / "raw").write_text("")
    assert "not a folder" in complaint(empty)


def test_an_empty_raw_folder(empty):
    (empty.folder / "raw").mkdir()
    assert "empty" in complaint(empty)


def test_loose_files_without_sample_folders(empty, put_raw):
    put_raw("CD070_PreStain_DAPI.tif")
    text = complaint(empty)
    assert "CD070_PreStain_DAPI.tif" in text
    assert "one folder" in text


def test_sample_folders_without_images(empty):
    (empty.folder / "raw" / "CD070").mkdir(parents=True)
    assert "CD070" in complaint(empty)


def test_loose_files_beside_sample_folders_are_a_warning(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif", "loose.tif")
    code, text = empty.snakemake("-n")
    assert code == 0
    assert "loose.tif" in text


def test_of_a_damaged_photograph_the_reader_of_tiffs_says_nothing(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif")
    # An offset to the first page that lies beyond the file's end.
    (empty.folder / "raw/A/A_pre_DAPI.tif").write_bytes(b"II*\0\xff\xff\xff\x0f" + bytes(100))
    _, text = empty.snakemake("-n")
    assert "tifffile" not in text


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("A_pre_post_Cy5.tif", "AMBIGUOUS"),
        ("A_image_Cy5.tif", "NO STAIN MARKER"),
        ("preCy5.tif", "NO UNDERSCORE"),
        ("A_pre_.tif", "EMPTY DYE"),
    ],
)
def test_a_bad_name_is_a_warning_and_the_other_pairs_go_on(empty, put_raw, name, word):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif", f"A/{name}")
    code, text = empty.snakemake("-n")
    assert code == 0
    assert word in text
    assert name in text
    assert "align_boundary" in text


def test_strict_lists_every_missing_pair_once(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif", "A/A_pre_Cy5.tif")
    put_raw("B/B_pre_DAPI.tif", "B/B_post_DAPI.tif", "B/B_2_post_DAPI.tif")
    text = complaint(empty, config={"samples": ["A", "B", "C"], "dyes": ["DAPI", "Cy5", "dapi"]})
    for part in ("no such sample", "post", "B_2_post_DAPI.tif", "strict_dyes: false", "dapi"):
        assert part in text, part
    assert text.count("strict_dyes: false") == 1


def test_a_dye_with_an_underscore_is_told(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif")
    text = complaint(empty, config={"dyes": ["Sybr_Gold"]})
    assert "Sybr_Gold" in text
    assert "underscore" in text


def test_lenient_skips_and_lists(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif", "A/A_pre_Cy5.tif")
    code, text = empty.snakemake("-n", config={"strict_dyes": False})
    assert code == 0
    assert "Skipped" in text
    assert "A / Cy5" in text


def test_one_target_is_checked_the_same_way(empty, put_raw):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif", "A/A_pre_Cy5.tif")
    lenient = {"strict_dyes": False}
    target = "processed/A/Cy5/tiff/04_difference_difference.tiff"
    text = complaint(empty, target, config=lenient)
    assert "A / Cy5 cannot be run" in text
    good = "processed/A/DAPI/tiff/04_difference_difference.tiff"
    assert empty.snakemake("-n", good, config=lenient)[0] == 0
    assert "A / Cy5" in complaint(empty, target, config={})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"params": {"boundry_width": 3}}, ["boundry_width", "boundary_width"]),
        ({"params": {"pad": -5}}, ["pad", "-5"]),
        ({"params": {"scale_percentile": 120}}, ["scale_percentile", "100"]),
        ({"checkpoint_format": "png"}, ["checkpoint_format", "png"]),
        ({"sample": ["A"]}, ["sample", "samples"]),
        ({"samples": ["../A"]}, ["../A"]),
    ],
)
def test_a_bad_configuration_is_refused(empty, put_raw, config, words):
    put_raw("A/A_pre_DAPI.tif", "A/A_post_DAPI.tif")
    text = complaint(empty, config=config)
    for word in words:
        assert word in text
