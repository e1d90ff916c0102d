"""Pairs from a sample sheet."""

import pytest
from request_checks import config_fault, keys

from exo2micro.errors import MissingPairsError
from exo2micro.request import build_request


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
