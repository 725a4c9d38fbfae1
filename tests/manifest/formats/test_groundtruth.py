"""Manifests as files and folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.formats import groundtruth
from customlabels.manifest.groundtruth import API_RULES
from customlabels.manifest.problems import DatasetError

MakeDataset = Callable[..., Dataset]

ENTRIES = [
    Entry("images/a.jpg", ("cat", "small")),
    Entry("images/b.jpg", (), (Box("dog", 1, 2, 30, 40), Box("cat", 0, 0.5, 9, 9)), 96, 64),
    Entry("images/c.png", boxes=(), width=96, height=64),
    Entry("images/d.png"),
]


def facts(dataset: Dataset) -> list[tuple[object, ...]]:
    return [(e.source_ref, e.labels, e.boxes) for e in dataset.entries]


@pytest.mark.parametrize("target", ["in/x.manifest", "in/y.json"])
def test_what_is_written_is_read_as_it_was(target: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", ENTRIES, labels=("unseen", "cat", "dog", "small"))
    assert groundtruth.write(dataset, tmp_path / target) == ()
    assert groundtruth.recognise(tmp_path / target)
    again = groundtruth.read(tmp_path / target)
    assert facts(again) == facts(dataset)
    assert set(again.labels) == set(dataset.labels)
    assert not any(e.has_errors for e in again.entries)
    assert again.open("images/a.jpg") == dataset.open("images/a.jpg")
    second = tmp_path / "in/again.manifest"
    groundtruth.write(again, second)
    assert second.read_bytes() == (tmp_path / target).read_bytes()  # lines that were read are kept


def test_images_elsewhere_are_written_with_their_whole_path(tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", ENTRIES)
    groundtruth.write(dataset, tmp_path / "elsewhere/x.manifest")
    again = groundtruth.read(tmp_path / "elsewhere/x.manifest")
    assert again.entries[0].source_ref == (tmp_path / "in/images/a.jpg").as_posix()
    assert again.open(again.entries[0].source_ref) == dataset.open("images/a.jpg")


def test_a_split_dataset_is_two_files(tmp_path: Path, dataset_in: MakeDataset) -> None:
    split = {"images/a.jpg": "test", "images/b.jpg": "train", "images/c.png": "train", "images/d.png": "test"}
    groundtruth.write(dataset_in(tmp_path / "in", ENTRIES, split=split), tmp_path / "in")
    assert groundtruth.recognise(tmp_path / "in")
    again = groundtruth.read(tmp_path / "in")
    assert again.split == split
    assert len(again) == 4


def test_a_folder_without_a_split_gets_one_file(tmp_path: Path, dataset_in: MakeDataset) -> None:
    groundtruth.write(dataset_in(tmp_path / "in", ENTRIES), tmp_path / "in")
    assert (tmp_path / "in/dataset.manifest").is_file()
    assert groundtruth.read(tmp_path / "in").split == {}


def test_sizes_come_from_the_images_where_they_are_unknown(tmp_path: Path, dataset_in: MakeDataset) -> None:
    boxed = Entry("a.jpg", boxes=(Box("cat", 0, 0, 90, 60),))
    missing = Entry("missing.jpg", boxes=(Box("cat", 0, 0, 90, 60),))
    dataset = dataset_in(tmp_path / "in", [boxed, missing])
    (tmp_path / "in/missing.jpg").unlink()
    lost = groundtruth.write(dataset, tmp_path / "in/x.manifest")
    assert ["missing.jpg" in p.detail for p in lost] == [True]
    line = json.loads((tmp_path / "in/x.manifest").read_text())
    assert line["BB"]["image_size"] == [{"width": 96, "height": 64, "depth": 3}]


def test_an_image_in_both_manifests_is_used_once(tmp_path: Path) -> None:
    for name in ("test", "train"):
        (tmp_path / f"{name}.manifest").write_text('{"source-ref":"a.jpg"}\nnonsense\n')
    dataset = groundtruth.read(tmp_path)
    assert len(dataset) == 1
    assert sorted(p.code for p in dataset.dropped) == [
        "ERROR_DUPLICATE_SOURCE_REF",
        "ERROR_INVALID_JSON_LINE",
        "ERROR_INVALID_JSON_LINE",
    ]


def test_the_rules_of_the_api(tmp_path: Path) -> None:
    (tmp_path / "a.manifest").write_text('{"source-ref":"a.jpg"}\n{"source-ref":"s3://bucket/a.jpg"}\n')
    dataset = groundtruth.read(tmp_path / "a.manifest", API_RULES)
    assert [e.source_ref for e in dataset.entries] == ["s3://bucket/a.jpg"]
    assert [p.code for p in dataset.dropped] == ["ERROR_INVALID_SOURCE_REF_FORMAT"]


@pytest.mark.parametrize("first", ["", "nonsense", '{"images": []}', "[1]", "5"])
def test_other_files_are_no_manifests(first: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(first)
    assert not groundtruth.recognise(tmp_path / "x.json")
    assert not groundtruth.recognise(tmp_path)
    with pytest.raises(DatasetError, match="has no manifest"):
        groundtruth.read(tmp_path)
