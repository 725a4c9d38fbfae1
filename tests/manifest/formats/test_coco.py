"""COCO object detection."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import coco
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]

CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 7, "name": "unseen"}, {"id": 3, "name": "dog"}]


def content(images: list[Any], annotations: list[Any]) -> dict[str, Any]:
    return {"info": {}, "images": images, "annotations": annotations, "categories": CATEGORIES}


def image(id: int, name: str) -> dict[str, Any]:
    return {"id": id, "file_name": name, "width": 96, "height": 64}


def annotation(image_id: Any, bbox: Any, category_id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": image_id, "category_id": category_id, "bbox": bbox, **more}


def written(path: Path, value: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def test_a_file(tmp_path: Path) -> None:
    annotations = [
        annotation(2, [1, 2, 30.5, 40], iscrowd=1, segmentation={"counts": [1], "size": [2, 2]}),
        annotation(2, [0, 0, 9, 9], 3),
    ]
    value = content([image(1, "a.jpg"), image(2, "sub/b.jpg")], annotations)
    dataset = coco.read(written(tmp_path / "x.json", value))
    assert dataset.labels == ("cat", "unseen", "dog")  # categories without images are kept
    assert dataset.entries == (
        Entry("a.jpg", boxes=(), width=96, height=64, line=1),  # a negative
        Entry("sub/b.jpg", (), (Box("cat", 1, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64, 2),
    )
    assert dataset.dropped == ()


def test_a_name_that_no_file_can_have_is_an_image_that_is_not_there(tmp_path: Path) -> None:
    names = ["x" * 300 + ".jpg", "a/" * 3000 + "b.jpg", "a.jpg"]
    value = content([image(i, name) for i, name in enumerate(names)], [])
    dataset = coco.read(written(tmp_path / "x.json", value).parent)
    for name in names:
        with pytest.raises(FileNotFoundError, match="no such file"):
            dataset.open(name)


@pytest.mark.parametrize(
    ("file", "images", "parts"),
    [
        ("instances.json", "", None),
        ("instances.json", "images", None),
        ("annotations/instances_default.json", "images", None),
        ("annotations/instances_val2017.json", "val2017", "test"),
        ("annotations/instances_train2017.json", "train2017", "train"),
        ("annotations/instances_train2017.json", "images/train2017", "train"),
        ("train/_annotations.coco.json", "train", "train"),
        ("test/_annotations.coco.json", "test", "test"),
    ],
)
def test_images_are_found_where_tools_put_them(file: str, images: str, parts: str | None, tmp_path: Path) -> None:
    path = written(tmp_path / file, content([image(1, "a.jpg")], []))
    (tmp_path / images).mkdir(parents=True, exist_ok=True)
    (tmp_path / images / "a.jpg").write_bytes(b"pixels")
    assert coco.recognise(path)
    assert coco.recognise(tmp_path)
    for source in (path, tmp_path):
        dataset = coco.read(source)
        assert dataset.open(dataset.entries[0].source_ref) == b"pixels"
    assert dataset.split == ({dataset.entries[0].source_ref: parts} if parts else {})


@pytest.mark.parametrize(
    ("images", "annotations", "code", "words"),
    [
        ([image(1, "../a.jpg")], [], "ERROR_INVALID_SOURCE_REF_FORMAT", "leads out of the folder"),
        ([image(1, "/etc/a.jpg")], [], "ERROR_INVALID_SOURCE_REF_FORMAT", "leads out of the folder"),
        ([{"id": 1}], [], "ERROR_MISSING_SOURCE_REF", "needs an id and a file_name"),
        (["a.jpg"], [], "ERROR_MISSING_SOURCE_REF", "needs an id and a file_name"),
        ([image(1, "a.jpg"), image(2, "a.jpg")], [], "ERROR_DUPLICATE_SOURCE_REF", "more than once"),
        ([], [annotation(5, [0, 0, 9, 9])], "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT", "belongs to no image"),
        ([], [None], "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT", "belongs to no image"),
    ],
)
def test_what_cannot_be_an_entry_is_dropped_with_its_reason(
    images: list[Any], annotations: list[Any], code: str, words: str, tmp_path: Path
) -> None:
    dropped = coco.read(written(tmp_path / "x.json", content(images, annotations))).dropped
    assert [p.code for p in dropped] == [code]
    assert words in dropped[0].detail


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (annotation(1, [90, 0, 20, 20]), "ERROR_INVALID_BOUNDING_BOX"),
        (annotation(1, [5, 5, 1, 1]), "ERROR_BOUNDING_BOX_TOO_SMALL"),
        (annotation(1, [0, 0, 9]), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (annotation(1, [0, 0, 9, "9"]), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (annotation(1, [0, 0, 9, float("inf")]), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (annotation(1, [0, 0, 9, 9], 99), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
        (annotation(1, [0, 0, 9, 9], [1]), "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"),
    ],
)
def test_a_bad_box_does_not_cost_its_image_the_others(bad: dict[str, Any], code: str, tmp_path: Path) -> None:
    good = annotation(1, [1, 1, 20, 20])
    entry = coco.read(written(tmp_path / "x.json", content([image(1, "a.jpg")], [bad, good]))).entries[0]
    assert [p.code for p in entry.problems] == [code]
    assert entry.boxes == (Box("cat", 1, 1, 20, 20),)
    alone = coco.read(written(tmp_path / "x.json", content([image(1, "a.jpg")], [bad]))).entries[0]
    assert alone.boxes is None  # it is unknown what is there: no negative
    assert alone.has_errors


def test_a_box_may_be_outside_by_a_rounding(tmp_path: Path) -> None:
    value = content([image(1, "a.jpg")], [annotation(1, [-0.5, 0, 97, 64.4])])
    assert coco.read(written(tmp_path / "x.json", value)).entries[0].boxes == (Box("cat", 0, 0, 96, 64),)


@pytest.mark.parametrize(
    "text", ["", "[]", "nonsense", '{"images": []}', "[" * 50_000, '{"images": 1, "file_name": 2}']
)
def test_a_file_that_is_not_coco(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DatasetError, match=r"x\.json is not"):
        coco.read(tmp_path / "x.json")


def test_a_folder_without_coco(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x"}')
    assert not coco.recognise(tmp_path)
    with pytest.raises(DatasetError, match="has no COCO annotations"):
        coco.read(tmp_path)


BOXED = [
    Entry("sub/a.jpg", (), (Box("cat", 1.25, 2, 30.5, 40), Box("dog", 0, 0, 9, 9)), 96, 64),
    Entry("b.png", boxes=(), width=96, height=64),
]


@pytest.mark.parametrize("target", ["out", "out/x.json"])
def test_what_is_written_is_read_as_it_was(target: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", BOXED, labels=("dog", "cat", "unseen"))
    assert coco.write(dataset, tmp_path / target) == ()
    again = coco.read(tmp_path / target)
    assert (again.entries, again.labels) == (dataset.entries, dataset.labels)
    assert again.open("sub/a.jpg") == dataset.open("sub/a.jpg")


def test_a_split_is_kept(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", BOXED, split={"b.png": "test", "sub/a.jpg": "train"})
    coco.write(dataset, tmp_path / "out")
    again = coco.read(tmp_path / "out")
    assert again.split == {"test/b.png": "test", "train/sub/a.jpg": "train"}
    assert again.open("test/b.png") == dataset.open("b.png")


def test_what_coco_cannot_hold_is_told(tmp_path: Path, dataset_in: MakeDataset) -> None:
    entries = [*BOXED, Entry("c.jpg", ("scene",)), Entry("d.jpg")]
    lost = coco.write(dataset_in(tmp_path / "in", entries), tmp_path / "out")
    assert [p.detail.partition(":")[0] for p in lost] == ["c.jpg", "d.jpg"]
    (tmp_path / "in/b.png").unlink()
    lost = coco.write(dataset_in(tmp_path / "in", BOXED[:1]), tmp_path / "out2")
    assert lost == ()


def test_an_image_that_cannot_be_read_is_told(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", BOXED)
    (tmp_path / "in/b.png").unlink()
    lost = coco.write(dataset, tmp_path / "out")
    assert [p.code for p in lost] == ["WARNING_NOT_WRITTEN"]
    assert "b.png: no such file" in lost[0].detail
    assert [e.source_ref for e in coco.read(tmp_path / "out").entries] == ["sub/a.jpg"]


def test_a_dataset_without_boxes_is_refused(tmp_path: Path, dataset_in: MakeDataset) -> None:
    with pytest.raises(DatasetError, match="none of the 1 images has any; write groundtruth, folders or csv"):
        coco.write(dataset_in(tmp_path / "in", [Entry("c.jpg", ("scene",))]), tmp_path / "out")
