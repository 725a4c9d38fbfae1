"""A folder for each label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import folders
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"an image, perhaps")


def labels(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {e.source_ref: e.labels for e in dataset.entries}


def test_the_first_folder_is_the_label(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "cat/deep/er/2.PNG", "dog/3.jpeg", "top.jpg")
    assert folders.recognise(tmp_path)
    dataset = folders.read(tmp_path)
    assert labels(dataset) == {
        "cat/1.jpg": ("cat",),
        "cat/deep/er/2.PNG": ("cat",),
        "dog/3.jpeg": ("dog",),
        "top.jpg": (),
    }
    assert dataset.labels == ("cat", "dog")
    assert dataset.split == {}
    assert dataset.open("dog/3.jpeg") == b"an image, perhaps"


def test_other_files_are_dropped_with_a_reason_and_clutter_without(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "cat/2.webp", "notes.txt", ".git/x.jpg", "cat/.hidden.jpg", "cat/Thumbs.db")
    dataset = folders.read(tmp_path)
    assert list(labels(dataset)) == ["cat/1.jpg"]
    assert [(p.code, p.detail) for p in dataset.dropped] == [
        ("ERROR_INVALID_IMAGE", "notes.txt: not named *.jpg, *.jpeg or *.png"),
        ("ERROR_INVALID_IMAGE", "cat/2.webp: not named *.jpg, *.jpeg or *.png"),
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("train", "test"), {"train": "train", "test": "test"}),
        (("train", "val"), {"train": "train", "val": "test"}),
        (("Train", "valid", "test"), {"Train": "train", "valid": "train", "test": "test"}),
    ],
)
def test_folders_named_for_parts_are_the_split(
    parts: tuple[str, ...], expected: dict[str, str], tmp_path: Path
) -> None:
    put(tmp_path, *(f"{part}/{label}/{part}.jpg" for part in parts for label in ("cat", "dog")))
    dataset = folders.read(tmp_path)
    assert dataset.labels == ("cat", "dog")
    assert dataset.split == {f"{part}/{label}/{part}.jpg": expected[part] for part in parts for label in ("cat", "dog")}


def test_a_single_part_is_no_label(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.jpg", "train/dog/2.jpg")
    dataset = folders.read(tmp_path)
    assert (dataset.labels, set(dataset.split.values())) == (("cat", "dog"), {"train"})


def test_labels_may_be_called_train_and_test(tmp_path: Path) -> None:
    put(tmp_path, "train/1.jpg", "test/2.jpg")
    assert labels(folders.read(tmp_path)) == {"train/1.jpg": ("train",), "test/2.jpg": ("test",)}


def test_nothing_to_read(tmp_path: Path) -> None:
    put(tmp_path, "cat/notes.txt")
    assert not folders.recognise(tmp_path)
    with pytest.raises(DatasetError, match=r"has no images: files named \*\.jpg"):
        folders.read(tmp_path)


def test_what_is_written_is_read_as_it_was(tmp_path: Path, dataset_in: MakeDataset) -> None:
    entries = [Entry("cat/1.jpg", ("cat",)), Entry("cat/deep/2.png", ("cat",)), Entry("top.jpg")]
    dataset = dataset_in(tmp_path / "in", entries)
    assert folders.write(dataset, tmp_path / "out") == ()
    again = folders.read(tmp_path / "out")
    assert labels(again) == labels(dataset)
    assert [again.open(e.source_ref) for e in again.entries] == [dataset.open(e.source_ref) for e in again.entries]


def test_a_split_is_kept(tmp_path: Path, dataset_in: MakeDataset) -> None:
    entries = [Entry("a/1.jpg", ("cat",)), Entry("a/2.jpg", ("cat",)), Entry("s3://bucket/k/3.jpg", ("dog",))]
    dataset = dataset_in(tmp_path / "in", entries, split={"a/2.jpg": "test"})
    assert folders.write(dataset, tmp_path / "out") == ()
    again = folders.read(tmp_path / "out")
    assert labels(again) == {
        "train/cat/a/1.jpg": ("cat",),
        "test/cat/a/2.jpg": ("cat",),
        "train/dog/k/3.jpg": ("dog",),
    }
    assert again.split["test/cat/a/2.jpg"] == "test"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry("a.jpg", ("cat", "dog")), "it has 2 labels"),
        (Entry("a.jpg", ("cat",), boxes=(Box("cat", 0, 0, 9, 9),)), "its boxes"),
        (Entry("a.jpg", ("../up",)), "cannot be the name of a folder"),
        (Entry("a.jpg", ("a/b",)), "cannot be the name of a folder"),
        (Entry("a.jpg", (".hidden",)), "cannot be the name of a folder"),
    ],
)
def test_what_folders_cannot_hold_is_told(entry: Entry, words: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", [entry, Entry("b.jpg", ("cat",))])
    lost = folders.write(dataset, tmp_path / "out")
    assert [p.code for p in lost] == ["WARNING_NOT_WRITTEN"]
    assert words in lost[0].detail
    assert (tmp_path / "out/cat/b.jpg").is_file()
    assert {p.name for p in tmp_path.iterdir()} == {"in", "out"}


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", [Entry("x/1.jpg"), Entry("y/1.jpg"), Entry("y/1.JPG")])
    folders.write(dataset, tmp_path / "out")
    again = folders.read(tmp_path / "out")
    assert len({again.open(e.source_ref) for e in again.entries}) == 3


def test_boxes_alone_are_refused(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", [Entry("a.jpg", boxes=(Box("cat", 0, 0, 9, 9),))])
    with pytest.raises(DatasetError, match="write groundtruth, coco or voc"):
        folders.write(dataset, tmp_path / "out")
