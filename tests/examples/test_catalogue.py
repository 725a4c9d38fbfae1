"""The example sets: what is promised of them, and where they come from with and without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from customlabels.examples import catalogue, photos
from customlabels.examples.catalogue import EXAMPLES, Ready, UnknownExample, prepare
from customlabels.examples.drawn import Drawing
from customlabels.examples.photos import PUPPIES, PhotoSet, checksums
from customlabels.manifest.groundtruth import Manifest, parse
from customlabels.manifest.task import task_data

DRAWINGS = catalogue._DRAWINGS


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("CUSTOMLABELS_EXAMPLES", raising=False)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Drawing]:
    """Sets of three pictures to learn from and one to test with."""
    drawings = {name: replace(drawing, train=3, test=1) for name, drawing in DRAWINGS.items()}
    monkeypatch.setattr(catalogue, "_DRAWINGS", drawings)
    return drawings


def read(lines: tuple[dict[str, Any], ...]) -> Manifest:
    return parse([json.dumps(line) for line in lines])


def test_there_is_one_example_for_each_kind_of_task() -> None:
    assert {name: example.task for name, example in EXAMPLES.items()} == {
        "puppies": "Object detection",
        "fruit": "Image classification",
        "objects": "Multi-label classification",
        "emblem": "Brand detection",
    }
    for name, example in EXAMPLES.items():
        assert example.name == name
        assert (example.labels, example.images) == (
            DRAWINGS[name].labels,
            DRAWINGS[name].train + DRAWINGS[name].test,
        )


def test_a_name_that_is_none_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownExample) as caught:
        prepare("kittens", tmp_path)
    assert str(caught.value) == "There is no example 'kittens'; there are puppies, fruit, objects, emblem."


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_a_network_the_set_is_drawn(name: str, small: Mapping[str, Drawing], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    ready = prepare(name, tmp_path, lambda done, of: told.append((done, of)))
    assert ready.source.startswith("generated on this machine, because ")
    assert ready.folder.is_relative_to(tmp_path / "examples")
    assert told[-4:] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert ready.test is not None
    assert (len(ready.train), len(ready.test)) == (3, 1)
    for line in (*ready.train, *ready.test):
        with Image.open(ready.folder / line["source-ref"]) as image:
            assert image.format == "JPEG"
    manifest = read((*ready.train, *ready.test))
    assert not manifest.rejected
    assert [entry.problems for entry in manifest.entries] == [()] * 4


def test_a_drawn_set_is_drawn_once(small: Mapping[str, Drawing], tmp_path: Path) -> None:
    first = prepare("fruit", tmp_path)
    picture = first.folder / first.train[0]["source-ref"]
    picture.write_bytes(b"mine")
    assert prepare("fruit", tmp_path) == first
    assert picture.read_bytes() == b"mine"
    assert [path.name for path in (tmp_path / "examples").iterdir()] == [first.folder.name]


def test_a_cache_that_cannot_be_written_is_an_error(small: Mapping[str, Drawing], tmp_path: Path) -> None:
    (tmp_path / "examples").write_text("a file")
    with pytest.raises(OSError, match="examples"):
        prepare("fruit", tmp_path)


def test_the_emblems_are_learnt_from_labels_and_tested_with_boxes(tmp_path: Path) -> None:
    ready = prepare("emblem", tmp_path)
    assert ready.test is not None
    train, test = read(ready.train).entries, read(ready.test).entries
    assert all(entry.labels and entry.boxes is None for entry in train)
    assert all(entry.boxes and not entry.labels for entry in test)
    sizes = []
    for entry in train:
        with Image.open(ready.folder / entry.source_ref) as image:
            sizes.append(image.size)
    sized = [replace(entry, width=w, height=h) for entry, (w, h) in zip(train, sizes, strict=True)]
    data = task_data(sized, test)
    assert (data.task, data.unusable) == ("detection", ())


@pytest.fixture
def two_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pinned set of two pictures takes the puppies' place; gives the folder they can be put in."""
    (data := tmp_path / "data").mkdir()
    sums = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jpg", "b.jpg")}
    (data / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    for part, name in (("train", "a.jpg"), ("test", "b.jpg")):
        (data / f"{part}.manifest").write_text(json.dumps({"source-ref": f"images/{name}"}) + "\n")
    monkeypatch.setattr(PhotoSet, "data", data)
    images = tmp_path / "cache" / "examples" / "puppies" / "images"
    images.mkdir(parents=True)
    for name in sums:
        (images / name).write_text(name)
    return images


def test_photos_that_are_here_are_taken(two_photos: Path, tmp_path: Path) -> None:
    ready = prepare("puppies", tmp_path / "cache")
    assert ready == Ready(
        two_photos.parent,
        ({"source-ref": "images/a.jpg"},),
        ({"source-ref": "images/b.jpg"},),
        f"{two_photos.parent} (the cache)",
    )


def test_a_photo_that_is_spoilt_and_not_to_be_had_again_is_not_taken(
    two_photos: Path, small: Mapping[str, Drawing], tmp_path: Path
) -> None:
    (two_photos / "b.jpg").write_text("spoilt")
    ready = prepare("puppies", tmp_path / "cache")
    assert ready.folder != two_photos.parent
    assert ready.source.startswith(
        "generated on this machine, because the photos are not to be had: http://127.0.0.1:9"
    )


def test_a_download_of_something_else_is_not_taken(
    two_photos: Path, small: Mapping[str, Drawing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (two_photos / "b.jpg").unlink()
    (tmp_path / "b.jpg").write_text("another picture")
    monkeypatch.setenv("CUSTOMLABELS_EXAMPLES_URL", tmp_path.as_uri())
    ready = prepare("puppies", tmp_path / "cache")
    assert "because the photos are not to be had" in ready.source
    assert "has SHA-256" in ready.source
    assert not (two_photos / "b.jpg").exists()


def test_every_pinned_set_has_checksums_and_valid_lines() -> None:
    assert PUPPIES.name in photos.SETS
    for name, pinned in photos.SETS.items():
        assert name in EXAMPLES
        names = {f"images/{photo}" for photo in checksums(pinned.data / "SHA256SUMS")}
        found = []
        for part in ("train", "test"):
            manifest = parse((pinned.data / f"{part}.manifest").read_text().splitlines())
            assert [p for entry in manifest.entries for p in entry.problems] == []
            assert set(manifest.labels) <= set(EXAMPLES[name].labels)
            found += [entry.source_ref for entry in manifest.entries]
        assert sorted(found) == sorted(names)
        assert len(found) == EXAMPLES[name].images
