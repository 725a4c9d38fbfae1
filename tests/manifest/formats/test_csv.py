"""CSV of labels and of boxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import csv
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]
HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_labels_as_aws_takes_them(tmp_path: Path) -> None:
    text = '\ufeffa.jpg,cat, dog ,,cat\r\n\r\ns3://bucket/b.jpg,"a, b"\r\nimages/c.png\r\n'
    path = written(tmp_path / "x.csv", text)
    assert csv.recognise(path)
    dataset = csv.read(path)
    assert dataset.entries == (
        Entry("a.jpg", ("cat", "dog"), line=1),
        Entry("s3://bucket/b.jpg", ("a, b",), line=3),
        Entry("images/c.png", line=4),
    )
    assert dataset.labels == ("cat", "dog", "a, b")


@pytest.mark.parametrize("header", ["image,label", "filename,class", "Image,Label 1,Label 2"])
def test_a_row_that_names_the_columns_is_no_image(header: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", f"{header}\na.jpg,cat\n")
    assert csv.recognise(path)
    assert [e.source_ref for e in csv.read(path).entries] == ["a.jpg"]


def test_boxes_negatives_and_columns_in_another_order(tmp_path: Path) -> None:
    rows = "a.jpg,96,64,cat,1,2,31.5,42\nb.jpg,96,64,,,,,\na.jpg,96,64,dog,0,0,9,9\nc.jpg,,,cat,0,0,500,9\n"
    dataset = csv.read(written(tmp_path / "x.csv", HEADER + rows))
    assert dataset.entries == (
        Entry("a.jpg", (), (Box("cat", 1, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64, 2),
        Entry("b.jpg", boxes=(), width=96, height=64, line=3),
        Entry("c.jpg", boxes=(Box("cat", 0, 0, 500, 9),), line=5),
    )
    other = "class,id,filename,xmin,xmax,ymin,ymax,width,height\ncat,1,a.jpg,1,31,2,42,96,64\n"
    assert csv.read(written(tmp_path / "y.csv", other)).entries[0].boxes == (Box("cat", 1, 2, 30, 40),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a.jpg,cat\na.jpg,dog\n", "ERROR_DUPLICATE_SOURCE_REF"),
        ("../b.jpg,cat\n", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ("/etc/b.jpg,cat\n", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ("s3://bucket,cat\n", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        (",cat\n", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        (HEADER + "a.jpg,96,64,cat,1\n", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (HEADER + "../a.jpg,96,64,cat,1,2,30,40\n", "ERROR_INVALID_SOURCE_REF_FORMAT"),
    ],
)
def test_rows_that_are_no_entry_are_dropped_with_their_reason(text: str, code: str, tmp_path: Path) -> None:
    dropped = csv.read(written(tmp_path / "x.csv", text)).dropped
    assert [p.code for p in dropped] == [code]
    assert dropped[0].line == text.count("\n")
    assert "x.csv" in dropped[0].detail


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a.jpg,96,64,cat,90,0,120,20", "ERROR_INVALID_BOUNDING_BOX"),
        ("a.jpg,96,64,cat,5,5,6,6", "ERROR_BOUNDING_BOX_TOO_SMALL"),
        ("a.jpg,96,64,cat,5,5,x,20", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("a.jpg,96,64,,5,5,20,20", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
    ],
)
def test_a_bad_box_does_not_cost_its_image_the_others(row: str, code: str, tmp_path: Path) -> None:
    text = f"{HEADER}{row}\na.jpg,96,64,cat,1,1,21,21\n"
    entry = csv.read(written(tmp_path / "x.csv", text)).entries[0]
    assert [p.code for p in entry.problems] == [code]
    assert entry.boxes == (Box("cat", 1, 1, 20, 20),)
    assert csv.read(written(tmp_path / "x.csv", f"{HEADER}{row}\n")).entries[0].boxes is None


def test_parts(tmp_path: Path) -> None:
    written(tmp_path / "train/_annotations.csv", HEADER + "a.jpg,96,64,cat,1,1,21,21\n")  # Roboflow
    written(tmp_path / "test/_annotations.csv", HEADER + "a.jpg,96,64,cat,1,1,21,21\n")
    assert csv.recognise(tmp_path)
    assert csv.read(tmp_path).split == {"train/a.jpg": "train", "test/a.jpg": "test"}


@pytest.mark.parametrize("text", ["", "time,value\n1,2\n", '"a.jpg', "\udc80"])
def test_other_tables_are_not_taken_for_images(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert csv.recognise(tmp_path) == text.startswith('"a.jpg')


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("a.jpg,Käfer\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="is not CSV in UTF-8"):
        csv.read(tmp_path / "x.csv")


LABELS = [Entry("sub/a.jpg", ("cat", "x, y", 'with "quotes"')), Entry("b.png"), Entry("c.jpg", ("cat",))]
BOXED = [
    Entry("sub/a.jpg", (), (Box("cat", 1.25, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64),
    Entry("b.png", boxes=(), width=96, height=64),
]


@pytest.mark.parametrize("target", ["out", "out/x.csv"])
@pytest.mark.parametrize("entries", [LABELS, BOXED])
def test_what_is_written_is_read_as_it_was(
    entries: list[Entry], target: str, tmp_path: Path, dataset_in: MakeDataset
) -> None:
    dataset = dataset_in(tmp_path / "in", entries)
    assert csv.write(dataset, tmp_path / target) == ()
    again = csv.read(tmp_path / target)
    assert [(e.source_ref, e.labels, e.boxes, e.width) for e in again.entries] == [
        (e.source_ref, e.labels, e.boxes, e.width) for e in dataset.entries
    ]
    assert again.open("b.png") == dataset.open("b.png")


def test_a_split_is_kept(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", LABELS, split={"b.png": "test", "c.jpg": "train", "sub/a.jpg": "train"})
    csv.write(dataset, tmp_path / "out")
    assert csv.read(tmp_path / "out").split == dataset.split


def test_images_on_s3_stay_there(tmp_path: Path) -> None:
    def nowhere(ref: str) -> bytes:
        raise FileNotFoundError(ref)

    dataset = Dataset((Entry("s3://bucket/a.jpg", ("cat",)),), ("cat",), nowhere)
    assert csv.write(dataset, tmp_path / "x.csv") == ()
    assert (tmp_path / "x.csv").read_text() == "s3://bucket/a.jpg,cat\n"


def test_what_csv_cannot_hold_is_told(tmp_path: Path, dataset_in: MakeDataset) -> None:
    lost = csv.write(dataset_in(tmp_path / "in", [*LABELS, *BOXED[:1]][2:]), tmp_path / "a")
    assert ["its labels of the whole image" in p.detail for p in lost] == [True]
    lost = csv.write(dataset_in(tmp_path / "in", [Entry("a.jpg", (" cat",)), LABELS[2]]), tmp_path / "b")
    assert ["space around a name" in p.detail for p in lost] == [True]
