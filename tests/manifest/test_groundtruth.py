"""Manifest lines: what is understood, every error with its place, and that nothing a file holds makes reading fail."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.groundtruth import API_RULES, FILE_RULES, Rejected, Rules, parse, parse_line, read
from customlabels.manifest.lines import write_line
from customlabels.manifest.problems import MESSAGES

SUNRISE: dict[str, Any] = {
    "source-ref": "s3://bucket/images/sunrise.png",
    "testdataset-classification_Sunrise": 1,
    "testdataset-classification_Sunrise-metadata": {
        "confidence": 1,
        "job-name": "labeling-job/testdataset-classification_Sunrise",
        "class-name": "Sunrise",
        "human-annotated": "yes",
        "creation-date": "2020-03-06T17:46:39.176",
        "type": "groundtruth/image-classification",
    },
}
ECHO: dict[str, Any] = {
    "source-ref": "s3://bucket/images/IMG_1186.png",
    "bounding-box": {
        "image_size": [{"width": 640, "height": 480, "depth": 3}],
        "annotations": [
            {"class_id": 1, "top": 251, "left": 399, "width": 155, "height": 101},
            {"class_id": 0, "top": 65, "left": 86, "width": 220, "height": 334},
        ],
    },
    "bounding-box-metadata": {
        "objects": [{"confidence": 1}, {"confidence": 1}],
        "class-map": {"0": "Echo", "1": "Echo Dot"},
        "type": "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": "2013-11-18T02:53:27",
        "job-name": "my job",
    },
}
MULTILABEL: dict[str, Any] = {
    "source-ref": "s3://bucket/a.jpg",
    "job": [1, 8],
    "job-metadata": {
        "class-map": {"1": "dog", "8": "cat"},
        "confidence-map": {"1": 0.9, "8": 0.7},
        "human-annotated": "yes",
        "creation-date": "2020-01-01T00:00:00",
        "job-name": "labeling-job/job",
        "type": "groundtruth/image-classification-multilabel",
    },
}


def changed(line: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """A copy of a line with the value at a path replaced."""
    out = copy.deepcopy(line)
    place: Any = out
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return out


def without(line: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """A copy of a line that lacks the value at a path."""
    out = copy.deepcopy(line)
    place: Any = out
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return out


def entry(line: dict[str, Any], rules: Rules = FILE_RULES) -> Entry:
    result = parse_line(json.dumps(line), 7, rules)
    assert isinstance(result, Entry)
    return result


def found(result: Entry) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(p.code, p.location) for p in result.problems]


def many_boxes(n: int) -> dict[str, Any]:
    boxes = [{"class_id": 0, "top": 0, "left": 0, "width": 20, "height": 20}] * n
    line = changed(ECHO, "bounding-box", "annotations", to=boxes)
    return changed(line, "bounding-box-metadata", "objects", to=[{"confidence": 1}] * n)


def one_box(**sides: float) -> dict[str, Any]:
    line = changed(ECHO, "bounding-box", "annotations", to=[{"class_id": 0, **sides}])
    return changed(line, "bounding-box-metadata", "objects", to=[{"confidence": 1}])


def test_an_image_level_line() -> None:
    result = entry(SUNRISE)
    assert result == Entry(
        "s3://bucket/images/sunrise.png",
        labels=("Sunrise",),
        line=7,
        attributes={k: v for k, v in SUNRISE.items() if k != "source-ref"},
    )


def test_several_attributes_are_several_labels() -> None:
    line = dict(SUNRISE)
    line["sport1"] = 0  # the value is ignored
    line["sport1-metadata"] = {**SUNRISE["testdataset-classification_Sunrise-metadata"], "class-name": "Surfing"}
    assert entry(line).labels == ("Sunrise", "Surfing")


def test_a_bounding_box_line() -> None:
    result = entry(ECHO)
    assert result.boxes == (Box("Echo Dot", 399, 251, 155, 101), Box("Echo", 86, 65, 220, 334))
    assert (result.width, result.height, result.labels, result.problems) == (640, 480, (), ())


def test_labels_and_boxes_may_be_on_one_line() -> None:
    result = entry({**SUNRISE, **ECHO})
    assert result.labels == ("Sunrise",)
    assert result.boxes is not None
    assert len(result.boxes) == 2


def test_a_line_with_only_a_source_ref_is_an_unlabeled_image() -> None:
    result = entry({"source-ref": "s3://bucket/a.jpg"})
    assert not result.is_labeled
    assert not result.has_errors
    assert found(result) == [("WARNING_UNANNOTATED_RECORD", ())]


def test_a_box_line_without_boxes_is_a_negative() -> None:
    result = entry(many_boxes(0))
    assert result.boxes == ()
    assert not result.has_errors
    assert set(found(result)) == {
        ("WARNING_NO_ATTRIBUTE_ANNOTATIONS", ("bounding-box",)),
        ("WARNING_NO_ANNOTATIONS", ()),
    }


CLASS = "testdataset-classification_Sunrise"
META = CLASS + "-metadata"
BOX, BOX_META = "bounding-box", "bounding-box-metadata"
BAD_FORMAT = "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"
BAD_METADATA = "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT"
NO_VALID = ("ERROR_NO_VALID_LABEL_ATTRIBUTES", ())

LINE_ERRORS: dict[str, tuple[dict[str, Any], list[tuple[str, tuple[str | int, ...]]]]] = {
    "no metadata twin": (without(SUNRISE, META), [("ERROR_NO_LABEL_ATTRIBUTES", ())]),
    "no attribute for metadata": (without(SUNRISE, CLASS), [("ERROR_NO_LABEL_ATTRIBUTES", ())]),
    "value is no integer": (changed(SUNRISE, CLASS, to="one"), [(BAD_FORMAT, (CLASS,))]),
    "value is true": (changed(SUNRISE, CLASS, to=True), [(BAD_FORMAT, (CLASS,))]),
    "metadata is no object": (changed(SUNRISE, META, to=[]), [(BAD_METADATA, (META,))]),
    "no type": (without(SUNRISE, META, "type"), [(BAD_METADATA, (META,))]),
    "no class-name": (without(SUNRISE, META, "class-name"), [(BAD_METADATA, (META,))]),
    "no confidence": (without(SUNRISE, META, "confidence"), [(BAD_METADATA, (META,))]),
    "no human-annotated": (without(SUNRISE, META, "human-annotated"), [(BAD_METADATA, (META,))]),
    "no creation-date": (without(SUNRISE, META, "creation-date"), [(BAD_METADATA, (META,))]),
    "wrong type": (
        changed(SUNRISE, META, "type", to="groundtruth/wrongtype"),
        [("ERROR_UNSUPPORTED_USE_CASE_TYPE", (META,)), NO_VALID],
    ),
    "label too long": (
        changed(SUNRISE, META, "class-name", to="x" * 257),
        [("ERROR_INVALID_LABEL_NAME_LENGTH", (META,)), NO_VALID],
    ),
    "boxes are no object": (changed(ECHO, BOX, to=3), [(BAD_FORMAT, (BOX,))]),
    "no image_size": (without(ECHO, BOX, "image_size"), [(BAD_FORMAT, (BOX,))]),
    "two image_sizes": (changed(ECHO, BOX, "image_size", to=[{}, {}]), [(BAD_FORMAT, (BOX,))]),
    "no depth": (without(ECHO, BOX, "image_size", 0, "depth"), [(BAD_FORMAT, (BOX,))]),
    "width is text": (changed(ECHO, BOX, "image_size", 0, "width", to="640"), [(BAD_FORMAT, (BOX,))]),
    "no annotations": (without(ECHO, BOX, "annotations"), [(BAD_FORMAT, (BOX,))]),
    "no class_id": (without(ECHO, BOX, "annotations", 0, "class_id"), [(BAD_FORMAT, (BOX,))]),
    "a side is endless": (changed(ECHO, BOX, "annotations", 0, "top", to=10**400), [(BAD_FORMAT, (BOX,))]),
    "no class-map": (without(ECHO, BOX_META, "class-map"), [(BAD_METADATA, (BOX_META,))]),
    "no objects": (without(ECHO, BOX_META, "objects"), [(BAD_METADATA, (BOX_META,))]),
    "fewer objects than boxes": (
        changed(ECHO, BOX_META, "objects", to=[{"confidence": 1}]),
        [("ERROR_MISSING_BOUNDING_BOX_CONFIDENCE", (BOX_META,))],
    ),
    "an object without confidence": (
        changed(ECHO, BOX_META, "objects", 1, to={}),
        [("ERROR_MISSING_BOUNDING_BOX_CONFIDENCE", (BOX_META,))],
    ),
    "class not in the map": (
        changed(ECHO, BOX_META, "class-map", to={"0": "Echo"}),
        [("ERROR_MISSING_CLASS_MAP_ID", (BOX_META,))],
    ),
    "51 boxes": (many_boxes(51), [("ERROR_TOO_MANY_BOUNDING_BOXES", (BOX,))]),
    "image too small": (
        changed(ECHO, BOX, "image_size", 0, "height", to=63),
        [("ERROR_INVALID_IMAGE_DIMENSION", ())],
    ),
    "image too large": (changed(ECHO, BOX, "image_size", 0, "width", to=4097), [("ERROR_INVALID_IMAGE_DIMENSION", ())]),
    "only box off frame": (
        one_box(left=600, top=0, width=41, height=50),
        [("ERROR_INVALID_BOUNDING_BOX", (BOX, "annotations", 0)), ("ERROR_NO_VALID_ANNOTATIONS", (BOX,))],
    ),
    "only box too small": (
        one_box(left=600, top=0, width=1, height=1),
        [("ERROR_BOUNDING_BOX_TOO_SMALL", (BOX, "annotations", 0)), ("ERROR_NO_VALID_ANNOTATIONS", (BOX,))],
    ),
}


@pytest.mark.parametrize("case", LINE_ERRORS)
def test_a_line_that_cannot_be_used_says_why_and_where(case: str) -> None:
    line, expected = LINE_ERRORS[case]
    result = entry(line)
    assert found(result) == expected
    assert not result.is_labeled
    assert result.boxes is None  # unknown, which is not the same as a negative
    assert all(p.line == 7 for p in result.problems)


def test_a_line_may_have_fifty_boxes_and_the_limit_can_be_lifted() -> None:
    assert found(entry(many_boxes(50))) == []
    assert found(entry(many_boxes(51), Rules(max_boxes=None))) == []


@pytest.mark.parametrize(
    ("sides", "code"),
    [
        ({"left": -1, "top": 0, "width": 50, "height": 50}, "ERROR_INVALID_BOUNDING_BOX"),
        ({"left": 0, "top": -1, "width": 50, "height": 50}, "ERROR_INVALID_BOUNDING_BOX"),
        ({"left": 600, "top": 0, "width": 41, "height": 50}, "ERROR_INVALID_BOUNDING_BOX"),
        ({"left": 0, "top": 440, "width": 50, "height": 41}, "ERROR_INVALID_BOUNDING_BOX"),
        ({"left": 50, "top": 50, "width": -20, "height": 30}, "ERROR_INVALID_BOUNDING_BOX"),
        ({"left": 5, "top": 5, "width": 1, "height": 1}, "ERROR_BOUNDING_BOX_TOO_SMALL"),
        ({"left": 5, "top": 5, "width": 0, "height": 9}, "ERROR_BOUNDING_BOX_TOO_SMALL"),
        ({"left": 5, "top": 5, "width": 2, "height": 1}, None),
        ({"left": 0, "top": 0, "width": 640, "height": 480}, None),
        ({"left": 0.5, "top": 0.25, "width": 10.5, "height": 20.75}, None),
    ],
)
def test_a_bad_box_does_not_cost_its_line(sides: dict[str, float], code: str | None) -> None:
    line = changed(ECHO, BOX, "annotations", 0, to={"class_id": 0, **sides})
    result = entry(line)
    assert found(result) == ([(code, (BOX, "annotations", 0))] if code else [])
    assert result.boxes is not None
    assert len(result.boxes) == (1 if code else 2)
    assert result.boxes[-1] == Box("Echo", 86, 65, 220, 334)


@pytest.mark.parametrize(("size", "usable"), [(3, True), (2, False)])
def test_a_box_must_be_there_after_large_images_are_scaled_down(size: int, usable: bool) -> None:
    line = one_box(left=5, top=5, width=size, height=size)
    line = changed(line, BOX, "image_size", 0, to={"width": 2560, "height": 1920, "depth": 3})
    assert entry(line).is_labeled == usable  # 2560 becomes 1280: 2 pixels become 1


def test_the_precedence_group_hides_all_other_findings() -> None:
    line = changed(ECHO, BOX, "annotations", 0, "left", to=-5)  # a box off the frame
    bad_class = without(SUNRISE, META, "class-name")
    assert found(entry({**bad_class, **line})) == [(BAD_METADATA, (META,))]


def test_a_bad_attribute_does_not_cost_the_other() -> None:
    line = {**ECHO, **changed(SUNRISE, META, "type", to="groundtruth/wrongtype")}
    result = entry(line)
    assert found(result) == [("ERROR_UNSUPPORTED_USE_CASE_TYPE", (META,))]
    assert result.labels == ()
    assert result.boxes is not None
    assert result.problems[0].message == (
        f"The use case type of the {META} label attribute metadata is unsupported. Check the type field."
    )


def test_raw_multilabel_is_converted_for_files_and_refused_by_the_api() -> None:
    result = entry(MULTILABEL)
    assert result.labels == ("dog", "cat")
    assert result.problems == ()
    assert result.attributes["job1-metadata"]["class-name"] == "cat"
    assert result.attributes["job1-metadata"]["confidence"] == 0.7
    assert found(entry(MULTILABEL, API_RULES)) == [("ERROR_UNSUPPORTED_USE_CASE_TYPE", ("job-metadata",)), NO_VALID]


def test_what_aws_own_multilabel_script_writes_is_accepted() -> None:
    metadata = {**SUNRISE[META], "type": "groundtruth/image-classification-multilabel"}
    assert entry({"source-ref": "s3://bucket/a.jpg", "job0": 1, "job0-metadata": metadata}, API_RULES).labels == (
        "Sunrise",
    )


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("job",), [1, "x"], BAD_FORMAT),
        (("job",), [1, 2], "ERROR_MISSING_CLASS_MAP_ID"),
        (("job-metadata", "class-map"), 5, BAD_METADATA),
    ],
)
def test_bad_multilabel_lines_are_reported(path: tuple[str, ...], value: Any, code: str) -> None:
    assert [c for c, _ in found(entry(changed(MULTILABEL, *path, to=value)))] == [code]


def test_findings_of_an_earlier_validation_are_removed() -> None:
    line = {
        **ECHO,
        "errors": [{"code": "X"}],
        "warnings": [],
        "cl-errors": [],
        "cl-metadata": {"is_labeled": False},
        "rekognition-custom-labels-object-id": 3,
    }
    line = changed(line, BOX, "errors", to=[])
    line = changed(line, BOX_META, "errors", to=[])
    line = changed(line, BOX, "annotations", 0, "errors", to=[])
    assert entry(line) == entry(ECHO)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", "ERROR_INVALID_JSON_LINE"),
        ('{"source-ref": "s3://bucket/a.jpg"', "ERROR_INVALID_JSON_LINE"),
        ("[1, 2]", "ERROR_INVALID_JSON_LINE"),
        ('{"source-ref": "s3://bucket/a.jpg", "x": NaN}', "ERROR_INVALID_JSON_LINE"),
        ('{"source-ref": "s3://bucket/a.jpg", "x": "\\ud800"}', "ERROR_INVALID_JSON_LINE"),
        (b'{"source-ref": "s3://bucket/\xff.jpg"}', "ERROR_INVALID_JSON_LINE"),
        ("[" * 50_000, "ERROR_INVALID_JSON_LINE"),
        ('{"source-ref": "s3://bucket/a.jpg", "x": "' + "a" * 100_000 + '"}', "ERROR_INVALID_JSON_LINE"),
        ('{"a": 1}', "ERROR_MISSING_SOURCE_REF"),
        ('{"source-ref": 5}', "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ('{"source-ref": ""}', "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ('{"source-ref": "s3://bucket"}', "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ('{"source-ref": "s3://bucket/"}', "ERROR_INVALID_SOURCE_REF_FORMAT"),
        ('{"source-ref": "https://example.com/a.jpg"}', "ERROR_INVALID_SOURCE_REF_FORMAT"),
    ],
)
def test_a_line_of_which_there_is_no_entry_is_kept_with_its_reason(text: str | bytes, code: str) -> None:
    result = parse_line(text, 3)
    assert isinstance(result, Rejected)
    assert (result.problem.code, result.problem.line, result.problem.message) == (code, 3, MESSAGES[code])


def test_a_source_ref_may_be_a_path_except_for_the_api() -> None:
    assert isinstance(parse_line('{"source-ref": "images/a.jpg"}'), Entry)
    assert isinstance(parse_line('{"source-ref": "images/a.jpg"}', rules=API_RULES), Rejected)


def test_a_manifest_keeps_its_good_lines_whatever_the_others_are() -> None:
    lines = [SUNRISE, ECHO, {**SUNRISE, "again": 1}, {"x": 1}, {"source-ref": "s3://bucket/last.jpg"}]
    text = "\ufeff" + "\r\n".join(json.dumps(line) for line in lines[:3]) + "\n\nnonsense\n"
    text += "\n".join(json.dumps(line) for line in lines[3:])
    manifest = parse(text.encode().splitlines(keepends=True))
    assert [(e.source_ref[-11:], e.line) for e in manifest.entries] == [
        ("sunrise.png", 1),
        ("MG_1186.png", 2),
        ("et/last.jpg", 7),
    ]
    assert [(r.problem.code, r.problem.line) for r in manifest.rejected] == [
        ("ERROR_DUPLICATE_SOURCE_REF", 3),
        ("ERROR_INVALID_JSON_LINE", 5),
        ("ERROR_MISSING_SOURCE_REF", 6),
    ]
    assert manifest.labels == ("Sunrise", "Echo", "Echo Dot")
    assert manifest.lines == 7


def test_a_label_separator_inside_a_line_does_not_end_it(tmp_path: Path) -> None:
    line = changed(SUNRISE, META, "class-name", to="two\u2028lines")
    (tmp_path / "a.manifest").write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")
    assert read(tmp_path / "a.manifest").labels == ("two\u2028lines",)


def test_images_are_found_from_the_manifest(tmp_path: Path) -> None:
    for name in ("images/a.jpg", "bucket/b.jpg", "keys/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    lines = ["images/a.jpg", "s3://bucket/b.jpg", "s3://bucket/keys/c.jpg", "s3://bucket/../../etc/passwd"]
    (tmp_path / "m.manifest").write_text("\n".join(json.dumps({"source-ref": ref}) for ref in lines))
    dataset = read(tmp_path / "m.manifest")
    assert [dataset.open(e.source_ref) for e in dataset.entries[:3]] == [
        b"images/a.jpg",
        b"bucket/b.jpg",
        b"keys/c.jpg",
    ]
    with pytest.raises(FileNotFoundError, match="etc/passwd: no such file"):
        dataset.open(lines[3])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (key,)
            yield from ((key, *rest) for rest in places(inner))


@given(st.one_of(st.text(), st.binary(), json_values.map(json.dumps)))
def test_no_text_makes_reading_fail(text: str | bytes) -> None:
    assert isinstance(parse_line(text), Entry | Rejected)


@given(st.sampled_from([SUNRISE, ECHO, MULTILABEL, {**SUNRISE, **ECHO}]), st.data())
def test_no_value_anywhere_in_a_line_makes_reading_or_writing_fail(line: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(list(places(line))))
    broken = changed(line, *place, to=data.draw(json_values))
    for rules in (FILE_RULES, API_RULES):
        result = parse_line(json.dumps(broken), 1, rules)
        if isinstance(result, Entry):
            assert result.is_labeled or result.boxes == () or result.problems
            for style in (None, "errors", "cl-errors"):
                json.loads(write_line(result, findings=style))


@given(st.sampled_from([SUNRISE, ECHO, {**SUNRISE, **ECHO}]), st.data())
def test_a_line_that_is_read_and_written_again_has_lost_nothing(line: dict[str, Any], data: st.DataObject) -> None:
    extra = data.draw(
        st.dictionaries(
            st.text(max_size=8).filter(lambda k: not k.startswith("cl-")), json_values.filter(_is_plain), max_size=3
        )
    )
    extra = {k: v for k, v in extra.items() if k not in ("errors", "warnings") and k not in line}
    whole = {**line, **extra}
    first = entry(whole)
    assert json.loads(write_line(first)) == whole
    assert entry(json.loads(write_line(first))) == first


def _is_plain(value: Any) -> bool:
    """Whether a value is JSON (no NaN) and has no key that belongs to the service."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return not any(key in text for key in ("errors", "warnings", "cl-"))


def test_the_predictions_in_a_testing_snapshot_are_no_labels() -> None:
    line = {
        "source-ref": "s3://bucket/a.jpg",
        "rekognition-custom-labels-training-0": 1,
        "rekognition-custom-labels-training-0-metadata": {
            "confidence": 1.0,
            "class-name": "cat",
            "human-annotated": "yes",
            "creation-date": "2026-01-01T00:00:00",
            "type": "groundtruth/image-classification",
        },
        "rekognition-custom-labels-evaluation-0": 1,
        "rekognition-custom-labels-evaluation-0-metadata": {
            "confidence": 0.9,
            "class-name": "dog",
            "human-annotated": "no",
            "creation-date": "2026-01-01T00:00:00",
            "type": "groundtruth/image-classification",
        },
    }
    entry = parse_line(json.dumps(line), 1)
    assert isinstance(entry, Entry)
    assert entry.labels == ("cat",)
