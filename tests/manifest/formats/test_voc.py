"""Pascal VOC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import voc
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]

OBJECT = """<object><name> cat </name><pose>Left</pose><difficult>1</difficult>
  <bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"""


def xml(*objects: str, filename: str = "a.jpg", size: tuple[int, int] | None = (96, 64)) -> str:
    frame = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>" if size else ""
    return f"<annotation><filename>{filename}</filename>{frame}{''.join(objects)}</annotation>"


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_an_annotated_image_a_negative_and_an_unlabeled_one(tmp_path: Path) -> None:
    put(tmp_path, a_jpg="1", b_jpg="2", c_jpg="3")
    put(tmp_path, a_xml=xml(OBJECT.format(1, 2, 31.5, 42)), b_xml=xml(filename="b.jpg"))
    assert voc.recognise(tmp_path)
    dataset = voc.read(tmp_path)
    assert dataset.entries == (
        Entry("a.jpg", (), (Box("cat", 1, 2, 30.5, 40),), 96, 64, 1),
        Entry("b.jpg", boxes=(), width=96, height=64, line=2),
        Entry("c.jpg", line=3),
    )
    assert dataset.labels == ("cat",)


@pytest.mark.parametrize(
    ("annotation", "image", "filename"),
    [
        ("a.xml", "a.jpg", "a.jpg"),
        ("Annotations/a.xml", "JPEGImages/a.jpg", "a.jpg"),
        ("Annotations/sub/a.xml", "JPEGImages/sub/a.jpg", "a.jpg"),
        ("annotations/a.xml", "images/a.jpg", "a.jpg"),
        ("train/a.xml", "train/a.png", "a.png"),
        ("annotations/a.xml", "images/a.jpg", "renamed-since"),
        ("a.xml", "a.JPG", "a"),
        ("a.xml", "images/b.jpg", "images\\b.jpg"),
    ],
)
def test_images_are_found_where_tools_put_them(annotation: str, image: str, filename: str, tmp_path: Path) -> None:
    for name, text in ((annotation, xml(filename=filename)), (image, "pixels")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    dataset = voc.read(tmp_path)
    assert [(e.source_ref, e.boxes) for e in dataset.entries] == [(image, ())]


def test_parts_come_from_image_sets_or_folders(tmp_path: Path) -> None:
    for stem in "ab":
        put(tmp_path, **{f"Annotations__{stem}_xml": xml(filename=f"{stem}.jpg"), f"JPEGImages__{stem}_jpg": "x"})
    put(tmp_path, ImageSets__Main__train_txt="a\n", ImageSets__Main__val_txt="b\n")
    assert voc.read(tmp_path).split == {"JPEGImages/a.jpg": "train", "JPEGImages/b.jpg": "test"}
    other = tmp_path / "other"
    put(other, train__a_xml=xml(), train__a_jpg="x", test__b_xml=xml(filename="b.jpg"), test__b_jpg="x")
    assert voc.read(other).split == {"train/a.jpg": "train", "test/b.jpg": "test"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<annotation><object>", "cannot be read as XML"),
        ("", "cannot be read as XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + xml().replace("a.jpg", "&b;"), "document types are not allowed"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + xml(), "document types are not allowed"),
    ],
)
def test_broken_and_dangerous_xml_is_an_error_of_its_image(text: str, words: str, tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x", a_xml=text, lonely_xml=text)
    dataset = voc.read(tmp_path)
    assert dataset.entries[0].has_errors
    assert dataset.entries[0].boxes is None
    assert words in dataset.entries[0].problems[0].detail
    assert [p.detail.partition(" ")[0] for p in dataset.dropped] == ["lonely.xml"]


def test_an_entity_in_another_encoding_is_refused_too(tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x")
    (tmp_path / "a.xml").write_bytes(('<!DOCTYPE a [<!ENTITY b "c">]>' + xml()).encode("utf-16"))
    assert "document types" in voc.read(tmp_path).entries[0].problems[0].detail


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        ("../../a.jpg", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ("/etc/passwd", "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ("missing.jpg", "ERROR_INVALID_IMAGE"),
    ],
)
def test_annotations_without_an_image_below_are_dropped(filename: str, code: str, tmp_path: Path) -> None:
    put(tmp_path, x_xml=xml(filename=filename))
    dataset = voc.read(tmp_path)
    assert (dataset.entries, [p.code for p in dataset.dropped]) == ((), [code])


def test_two_files_for_one_image(tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x", a_xml=xml(), b_xml=xml())
    assert [p.code for p in voc.read(tmp_path).dropped] == ["ERROR_DUPLICATE_SOURCE_REF"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (OBJECT.format(0, 0, 99, 20), "ERROR_INVALID_BOUNDING_BOX"),
        (OBJECT.format(30, 0, 20, 20), "ERROR_INVALID_BOUNDING_BOX"),
        (OBJECT.format(5, 5, 6, 6), "ERROR_BOUNDING_BOX_TOO_SMALL"),
        (OBJECT.format(5, "nan", 20, 20), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        ("<object><name>cat</name></object>", "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (OBJECT.format(5, 5, 20, 20).replace("cat", ""), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
    ],
)
def test_a_bad_box_does_not_cost_its_image_the_others(bad: str, code: str, tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x", a_xml=xml(bad, OBJECT.format(1, 1, 21, 21)))
    entry = voc.read(tmp_path).entries[0]
    assert [p.code for p in entry.problems] == [code]
    assert entry.boxes == (Box("cat", 1, 1, 20, 20),)
    put(tmp_path, a_xml=xml(bad))
    assert voc.read(tmp_path).entries[0].boxes is None


@pytest.mark.parametrize("size", [None, (0, 0)])
def test_without_a_size_boxes_are_kept_until_the_image_is_seen(size: tuple[int, int] | None, tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x", a_xml=xml(OBJECT.format(0, 0, 9999, 20), size=size))
    entry = voc.read(tmp_path).entries[0]
    assert (entry.width, entry.boxes) == (None, (Box("cat", 0, 0, 9999, 20),))


def test_a_folder_without_xml(tmp_path: Path) -> None:
    put(tmp_path, a_jpg="x")
    assert not voc.recognise(tmp_path)
    with pytest.raises(DatasetError, match=r"files named \*\.xml were looked for"):
        voc.read(tmp_path)


BOXED = [
    Entry("JPEGImages/a.jpg", (), (Box("Katze <&> 猫", 1.25, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64),
    Entry("JPEGImages/sub/a.png", boxes=(), width=96, height=64),
]


def test_what_is_written_is_read_as_it_was(tmp_path: Path, dataset_in: MakeDataset) -> None:
    split = {"JPEGImages/a.jpg": "train", "JPEGImages/sub/a.png": "test"}
    dataset = dataset_in(tmp_path / "in", BOXED, split=split)
    assert voc.write(dataset, tmp_path / "out") == ()
    again = voc.read(tmp_path / "out")
    assert (again.entries, again.labels, again.split) == (dataset.entries, dataset.labels, split)
    assert again.open("JPEGImages/a.jpg") == dataset.open("JPEGImages/a.jpg")


def test_images_that_differ_in_their_extension_only_get_their_own_annotations(
    tmp_path: Path, dataset_in: MakeDataset
) -> None:
    boxes = [(Box("cat", 0, 0, side, side),) for side in (10, 20)]
    entries = [Entry("a.jpg", boxes=boxes[0], width=96, height=64), Entry("a.png", boxes=boxes[1], width=96, height=64)]
    voc.write(dataset_in(tmp_path / "in", entries), tmp_path / "out")
    assert {e.source_ref: e.boxes for e in voc.read(tmp_path / "out").entries} == {
        "JPEGImages/a.jpg": boxes[0],
        "JPEGImages/a-2.png": boxes[1],
    }


@pytest.mark.parametrize("label", ["a\0b", "bell\a", " cat", "a\rb"])
def test_labels_that_xml_cannot_hold_are_refused(label: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", [Entry("a.jpg", boxes=(Box(label, 0, 0, 9, 9),))])
    with pytest.raises(DatasetError, match="has characters that XML cannot hold"):
        voc.write(dataset, tmp_path / "out")
