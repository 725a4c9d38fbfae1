"""Formats are told apart by themselves, and what one writes it reads again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.problems import DatasetError
from customlabels.manifest.read import FORMATS, read_dataset, recognise, write_dataset
from customlabels.manifest.task import labels_of

MakeDataset = Callable[..., Dataset]

LABELLED = [Entry("a.jpg", ("cat",)), Entry("b.png", ("dog",)), Entry("c.jpg", ("cat",))]
BOXED = [
    Entry("a.jpg", (), (Box("cat", 1, 2, 30, 40),), 96, 64),
    Entry("b.png", boxes=(), width=96, height=64),
]
ENTRIES = {format: LABELLED if format in ("folders", "csv") else BOXED for format in FORMATS}


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_is_recognised(format: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    dataset = dataset_in(tmp_path / "in", ENTRIES[format])
    target = tmp_path / ("in" if format == "groundtruth" else "out")
    assert write_dataset(dataset, target, format) == ()
    assert recognise(target) == format
    again = read_dataset(target)
    assert sorted(e.all_labels for e in again.entries) == sorted(e.all_labels for e in dataset.entries)
    assert all(again.open(e.source_ref) for e in again.entries)
    assert again.dropped == ()
    assert read_dataset(str(target), format).entries == again.entries


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
def test_any_format_becomes_any_other(first: str, second: str, tmp_path: Path, dataset_in: MakeDataset) -> None:
    write_dataset(dataset_in(tmp_path / "in", ENTRIES[first]), tmp_path / "one", first)
    source = read_dataset(tmp_path / "one", first)
    if any(e.boxes for e in source.entries) != (ENTRIES[second] is BOXED) and second not in ("groundtruth", "csv"):
        with pytest.raises(DatasetError, match="write groundtruth"):
            write_dataset(source, tmp_path / "two", second)
        return
    assert write_dataset(source, tmp_path / "two", second) == ()
    again = read_dataset(tmp_path / "two", second)
    assert sorted((e.labels, e.boxes or ()) for e in again.entries) == sorted(
        (e.labels, e.boxes or ()) for e in source.entries
    )
    assert sorted(again.open(e.source_ref) for e in again.entries) == sorted(
        source.open(e.source_ref) for e in source.entries
    )


def test_when_nothing_fits_the_error_names_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(DatasetError, match="none of the formats") as caught:
        read_dataset(tmp_path)
    assert all(f"  {format}: " in str(caught.value) for format in FORMATS)
    with pytest.raises(DatasetError, match=r"absent does not exist"):
        read_dataset(tmp_path / "absent")
    with pytest.raises(DatasetError, match=r"absent does not exist"):
        read_dataset(tmp_path / "absent", "coco")
    with pytest.raises(DatasetError, match="no format 'tfrecord'; there are groundtruth, folders, coco"):
        read_dataset(tmp_path, "tfrecord")
    with pytest.raises(DatasetError, match="no format 'tfrecord'"):
        write_dataset(Dataset((), (), lambda ref: b""), tmp_path, "tfrecord")


@pytest.mark.parametrize("format", ["coco", "voc", "yolo", "csv", "folders"])
def test_a_format_that_is_named_and_does_not_fit_says_so(format: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(DatasetError, match=r"looked for|has no COCO|has no CSV"):
        read_dataset(tmp_path, format)


number = st.integers(0, 40).map(lambda n: n / 4)
side = st.integers(8, 160).map(lambda n: n / 4)
plain = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
box = st.builds(Box, plain, number, number, side, side)
boxed = st.lists(st.lists(box, max_size=4).map(tuple), min_size=1, max_size=4)
labelled = st.lists(st.lists(plain, max_size=3, unique=True).map(tuple), min_size=1, max_size=4)


def opener(picture: Callable[..., bytes]) -> Callable[[str], bytes]:
    return lambda ref: picture(96, 64, "PNG")


@given(boxed, st.sampled_from(["groundtruth", "coco", "voc", "yolo", "csv"]))
def test_boxes_survive_every_format_for_boxes(
    picture: Callable[..., bytes], all_boxes: list[tuple[Box, ...]], format: str
) -> None:
    entries = tuple(Entry(f"{i}.png", boxes=boxes, width=96, height=64) for i, boxes in enumerate(all_boxes))
    dataset = Dataset(entries, labels_of(entries), opener(picture))
    with tempfile.TemporaryDirectory() as folder:
        assert write_dataset(dataset, folder, format) == ()
        again = read_dataset(folder, format)
    assert {Path(e.source_ref).name: e.boxes for e in again.entries} == {e.source_ref: e.boxes for e in entries}
    assert set(again.labels) == set(dataset.labels)
    assert all(not e.has_errors and (e.width, e.height) == (96, 64) for e in again.entries)


@given(labelled, st.sampled_from(["groundtruth", "csv"]))
def test_labels_survive_every_format_for_labels(
    picture: Callable[..., bytes], all_labels: list[tuple[str, ...]], format: str
) -> None:
    entries = tuple(Entry(f"{i}.png", labels) for i, labels in enumerate(all_labels))
    dataset = Dataset(entries, labels_of(entries), opener(picture))
    with tempfile.TemporaryDirectory() as folder:
        assert write_dataset(dataset, folder, format) == ()
        again = read_dataset(folder, format)
    assert {e.source_ref: e.labels for e in again.entries} == {e.source_ref: e.labels for e in entries}
    assert again.labels == dataset.labels


def dataset_or_words(path: Path, format: str) -> Dataset | str:
    try:
        return read_dataset(path, format)
    except DatasetError as error:
        return str(error)


@given(
    st.sampled_from(["x.json", "x.csv", "data.yaml", "a.xml", "a.txt", "classes.txt", "x.manifest"]),
    st.one_of(
        st.binary(max_size=60),
        st.text(st.sampled_from('{}[]":,<>/!&;- \n01.axnamesimagesfilename'), max_size=60).map(str.encode),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=4) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["images", "annotations", "categories", "id", "file_name", "bbox", "names", "train"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    ),
    st.sampled_from(FORMATS),
)
def test_no_file_makes_a_reader_fail_but_with_words(
    picture: Callable[..., bytes], name: str, data: bytes, format: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.png").write_bytes(picture(96, 64))
        (Path(folder) / name).write_bytes(data)
        for source in (Path(folder), Path(folder) / name):
            if source.is_dir() or format in ("groundtruth", "coco", "csv"):
                result = dataset_or_words(source, format)
                assert str(source) in result if isinstance(result, str) else result.labels is not None
        assert recognise(folder) in FORMATS
