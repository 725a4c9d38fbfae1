"""Lines as the console writes them, and findings at the place where AWS puts them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.groundtruth import API_RULES, Rules, parse_line
from customlabels.manifest.lines import write_line
from customlabels.manifest.problems import MESSAGES, problem

CREATED = datetime(2013, 11, 18, 2, 53, 27, 123456, UTC)


def read(line: str) -> Entry:
    result = parse_line(line, rules=Rules(max_boxes=None))
    assert isinstance(result, Entry)
    return result


def test_a_label_is_written_as_the_console_does() -> None:
    line = write_line(Entry("s3://bucket/a.jpg", ("camellia",)), CREATED)
    assert json.loads(line) == {
        "source-ref": "s3://bucket/a.jpg",
        "camellia": 1,
        "camellia-metadata": {
            "confidence": 1,
            "job-name": "labeling-job/camellia",
            "class-name": "camellia",
            "human-annotated": "yes",
            "creation-date": "2013-11-18T02:53:27.123Z",
            "type": "groundtruth/image-classification",
        },
    }
    assert "\n" not in line
    assert ": " not in line


def test_boxes_are_written_as_the_console_does() -> None:
    boxes = (Box("cat", 1, 2, 30, 40), Box("dog", 5.5, 6, 7, 8), Box("cat", 0, 0, 64, 64))
    assert json.loads(write_line(Entry("a.jpg", (), boxes, 640, 480), CREATED)) == {
        "source-ref": "a.jpg",
        "BB": {
            "image_size": [{"width": 640, "height": 480, "depth": 3}],
            "annotations": [
                {"class_id": 0, "left": 1, "top": 2, "width": 30, "height": 40},
                {"class_id": 1, "left": 5.5, "top": 6, "width": 7, "height": 8},
                {"class_id": 0, "left": 0, "top": 0, "width": 64, "height": 64},
            ],
        },
        "BB-metadata": {
            "objects": [{"confidence": 1}] * 3,
            "class-map": {"0": "cat", "1": "dog"},
            "type": "groundtruth/object-detection",
            "human-annotated": "yes",
            "creation-date": "2013-11-18T02:53:27.123Z",
            "job-name": "labeling-job/BB",
        },
    }


def test_boxes_need_the_size_of_the_image() -> None:
    with pytest.raises(ValueError, match=r"a\.jpg: Ground Truth boxes need the size"):
        write_line(Entry("a.jpg", boxes=()))


LINE: dict[str, Any] = {
    "source-ref": "s3://b-1/a.jpg",
    "BB": {"image_size": [{}], "annotations": [{"class_id": 0}, {"class_id": 1}]},
    "BB-metadata": {"type": "x"},
    "sunset": 1,
}


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ((), ()),
        (("BB",), ("BB",)),
        (("BB-metadata",), ("BB-metadata",)),
        (("BB", "annotations", 1), ("BB", "annotations", 1)),
        (("BB", "annotations", 9), ("BB",)),  # no such annotation
        (("sunset",), ()),  # a number holds no findings
        (("elsewhere", 3), ()),
    ],
)
def test_a_finding_is_in_the_deepest_object_on_the_way_to_it(
    location: tuple[str | int, ...], place: tuple[str | int, ...]
) -> None:
    found = problem("ERROR_INVALID_BOUNDING_BOX", 1, location)
    attributes = {k: v for k, v in LINE.items() if k != "source-ref"}
    written = json.loads(
        write_line(Entry("s3://b-1/a.jpg", attributes=attributes, problems=(found,)), findings="errors")
    )
    target = written
    for step in place:
        target = target[step]
    assert target.pop("errors") == [{"code": found.code, "message": "The bounding box has off frame values."}]
    assert written == LINE  # and nowhere else


def test_validation_manifests_have_warnings_and_listed_entries_have_none() -> None:
    found = (problem("WARNING_UNANNOTATED_RECORD"), problem("ERROR_NO_LABEL_ATTRIBUTES"))
    entry = Entry("a.jpg", problems=found)
    warning, error = ({"code": p.code, "message": p.message} for p in found)
    assert json.loads(write_line(entry, findings="errors")) == {
        "source-ref": "a.jpg",
        "warnings": [warning],
        "errors": [error],
    }
    assert json.loads(write_line(entry, findings="cl-errors")) == {
        "source-ref": "a.jpg",
        "cl-errors": [error],
        "cl-metadata": {"is_labeled": False},
    }
    assert set(json.loads(write_line(entry))) == {"source-ref"}


label = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["BB", "source-ref", "errors", "cl", "cl-1", "a-metadata", "a", "label-0"]
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    width, height = draw(st.integers(64, 4096)), draw(st.integers(64, 4096))
    if max(width, height) > 20 * min(width, height):
        width = height
    number = st.integers(2, 60).map(lambda n: n / 4 if n > 16 else float(n))
    box = st.builds(Box, label, number, number, st.integers(5, 40).map(float), st.integers(5, 40).map(float))
    labels = tuple(dict.fromkeys(draw(st.lists(label, max_size=4))))
    boxes = draw(st.none() | st.lists(box, max_size=5).map(tuple))
    inside = tuple(b for b in boxes if b.left + b.width <= width and b.top + b.height <= height) if boxes else boxes
    return Entry("s3://bucket/" + draw(st.text(min_size=1, max_size=20)), labels, inside, width, height)


@given(entries())
def test_what_is_written_is_read_as_it_was(entry: Entry) -> None:
    again = read(write_line(entry))
    assert (again.source_ref, again.labels, again.boxes) == (entry.source_ref, entry.labels, entry.boxes)
    if entry.boxes is not None:
        assert (again.width, again.height) == (entry.width, entry.height)
    assert not again.has_errors
    strict = parse_line(write_line(entry), rules=API_RULES)
    assert isinstance(strict, Entry)
    assert not strict.has_errors


def test_every_code_has_words() -> None:
    assert all(words and code.startswith(("ERROR_", "WARNING_")) for code, words in MESSAGES.items())
