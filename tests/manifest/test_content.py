"""Checks of whole manifests and the validation files of a training."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from customlabels.manifest.content import (
    Part,
    Verdict,
    check_content,
    check_dataset,
    count_lines,
    manifest_summary,
    validation_manifest,
)
from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.groundtruth import API_RULES, parse
from customlabels.manifest.lines import write_line
from customlabels.manifest.problems import problem


def labelled(*labels: str, start: int = 0) -> list[str]:
    return [write_line(Entry(f"s3://bucket/{i}.jpg", (label,))) for i, label in enumerate(labels, start)]


def boxed(*labels: str, start: int = 0, bad: int = 0, unused: str = "") -> list[str]:
    """Lines with a box of each label; the first `bad` have a second box, off the frame."""
    lines = []
    for i, label in enumerate(labels):
        boxes = (Box(label, 0, 0, 50, 50), *((Box(label, 90, 90, 50, 50),) if i < bad else ()))
        entry = Entry(f"s3://bucket/{start + i}.jpg", boxes=boxes, width=100, height=100)
        lines.append(write_line(entry, class_map=(unused,) if unused else ()))
    return lines


NEGATIVE = write_line(Entry("s3://bucket/negative.jpg", boxes=(), width=100, height=100))
UNLABELED = '{"source-ref":"s3://bucket/unlabeled.jpg"}'
INVALID = '{"source-ref":"s3://bucket/invalid.jpg","x":1}'
REJECTED = '{"x":1}'


def part(lines: Sequence[str]) -> Part:
    manifest = parse(lines, API_RULES)
    return Part(manifest.entries, manifest.rejected, manifest.lines)


def codes(verdict: Verdict) -> tuple[list[str], list[str], list[str]]:
    training, testing, both = verdict.training, verdict.testing, verdict.problems
    return [p.code for p in training], [p.code for p in testing], [p.code for p in both]


def test_lines_are_counted_once_each() -> None:
    lines = [*boxed("a", "b", bad=1), INVALID, UNLABELED, NEGATIVE, REJECTED, "", *labelled("c", start=9), "no json"]
    counts = count_lines(part(lines))
    assert (counts.total, counts.valid, counts.invalid, counts.ignored) == (9, 3, 3, 3)
    assert counts.error_lines == (1, 3, 6, 9)  # line 1 is valid all the same: one of its boxes is


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        (labelled(*"aabb"), labelled(*"ab"), ([], [], [])),
        (labelled(*"aabb"), labelled("a"), ([], [], [])),  # half of the labels
        ([*labelled(*"aabb"), INVALID], labelled(*"ab"), ([], [], [])),  # 20 %
        ([*labelled(*"abb"), INVALID], labelled(*"ab"), (["ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"], [], [])),
        (labelled(*"aabb"), [*labelled("a"), REJECTED], ([], ["ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"], [])),
        (labelled(*"aabb") + [UNLABELED] * 3, labelled(*"ab"), (["ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"], [], [])),
        (labelled(*"aaaa"), labelled("a"), (["ERROR_MANIFEST_TOO_FEW_LABELS"], [], [])),
        (boxed(*"aaaa"), boxed("a"), ([], [], [])),
        ([UNLABELED], labelled("a"), (["ERROR_MANIFEST_TOO_FEW_LABELS"], [], [])),
        (labelled(*"aabb"), [UNLABELED], ([], ["ERROR_MANIFEST_TOO_FEW_LABELS"], ["ERROR_INSUFFICIENT_LABEL_OVERLAP"])),
        (
            labelled(*map(str, range(251))),
            labelled(*map(str, range(200))),
            (["ERROR_MANIFEST_TOO_MANY_LABELS"], [], []),
        ),
        (labelled(*"abcde"), labelled(*"abz"), ([], [], ["ERROR_INSUFFICIENT_LABEL_OVERLAP"])),
        (boxed(*"ab", unused="z"), boxed(*"xy", unused="z", start=5), ([], [], ["ERROR_INSUFFICIENT_LABEL_OVERLAP"])),
        (labelled(*"abc") + boxed("x", start=9), labelled(*"abx"), ([], [], [])),
        (boxed(*"abc", unused="x"), boxed("a", unused="b"), ([], [], ["ERROR_INSUFFICIENT_USABLE_LABEL_OVERLAP"])),
    ],
)
def test_terminal_content_errors(train: list[str], test: list[str], expected: tuple[list[str], ...]) -> None:
    verdict = check_content(part(train), part(test))
    assert codes(verdict) == expected
    assert bool(verdict.message) == any(expected)


def test_labels_of_the_other_kind_are_not_usable() -> None:
    train = boxed(*"xxx") + labelled(*"ab", start=5)  # detection: a and b are on no box
    verdict = check_content(part(train), part(boxed("x") + labelled(*"ab", start=5)))
    assert (verdict.task, codes(verdict)) == ("detection", ([], [], []))
    train = boxed("x", "y") + labelled("a", "a", "a", start=5)  # classification, and one label is left
    verdict = check_content(part(train), part(labelled("a", "x", "y")))
    assert codes(verdict)[0] == ["ERROR_MANIFEST_TOO_FEW_USABLE_LABELS"]
    assert verdict.testing_use_case == "IMAGE_LEVEL_LABELS"


def test_logos_that_fill_their_pictures_are_usable_for_detection() -> None:
    logos = [Entry(f"s3://bucket/{i}.jpg", ("a",), width=100, height=100, line=i + 1) for i in range(3)]
    verdict = check_content(Part(logos), part(boxed("a", start=5)))
    assert (verdict.task, codes(verdict)) == ("detection", ([], [], []))


def test_images_must_be_in_one_bucket() -> None:
    lines = [*labelled(*"aabb"), write_line(Entry("s3://elsewhere/1.jpg", ("a",)))]
    assert codes(check_content(part(lines), part(labelled(*"ab"))))[0] == ["ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS"]
    assert [p.code for p in check_dataset(parse(lines))] == ["ERROR_IMAGES_IN_MULTIPLE_S3_BUCKETS"]


# checklist: G03, G04
@pytest.mark.parametrize(("good", "bad", "expected"), [(8, 2, []), (8, 3, ["ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST"])])
def test_the_bad_lines_of_an_automatic_split_count_against_all_lines(good: int, bad: int, expected: list[str]) -> None:
    lines = labelled(*"ab" * (good // 2))
    verdict = check_content(part([*lines[2:], *[REJECTED] * bad]), part(lines[:2]), auto_split=True)
    assert codes(verdict) == (expected, [], [])


def test_an_automatic_split_needs_two_images_of_each_label() -> None:
    verdict = check_content(part(labelled(*"aaab")), part(labelled("a", start=7)), auto_split=True)
    assert codes(verdict) == ([], [], ["ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_AUTOSPLIT"])
    assert "b" in verdict.problems[0].detail


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([*labelled(*"aaaa"), REJECTED], []),
        ([*labelled(*"aaa"), REJECTED], ["ERROR_TOO_MANY_RECORDS_IN_ERROR"]),
        ([*labelled(*"aaa"), INVALID], []),  # kept, with its error
        (labelled(*map(str, range(251))), ["ERROR_MANIFEST_TOO_MANY_LABELS"]),
        ([], []),
    ],
)
def test_what_keeps_a_manifest_from_being_a_dataset(lines: list[str], expected: list[str]) -> None:
    assert [p.code for p in check_dataset(parse(lines))] == expected


def test_the_manifest_summary_is_the_documented_one() -> None:
    training, testing = part([*labelled(*"ab"), INVALID]), part([*labelled(*"ab"), "", UNLABELED])
    summary = manifest_summary(training, testing, check_content(training, testing))
    assert json.loads(json.dumps(summary)) == {
        "statistics": {
            "training": {
                "use_case": "IMAGE_LEVEL_LABELS",
                "total_json_lines": 3,
                "valid_json_lines": 2,
                "invalid_json_lines": 1,
                "ignored_json_lines": 0,
                "error_json_line_indices": [3],
                "errors": [
                    {
                        "code": "ERROR_TOO_MANY_INVALID_ROWS_IN_MANIFEST",
                        "message": "The manifest file contains too many invalid rows.",
                    }
                ],
            },
            "testing": {
                "use_case": "NOT_DETERMINED",
                "total_json_lines": 4,
                "valid_json_lines": 2,
                "invalid_json_lines": 0,
                "ignored_json_lines": 2,
                "error_json_line_indices": [],
                "errors": [],
            },
        },
        "errors": [],
    }


def test_errors_of_both_manifests_are_on_the_top_level() -> None:
    training, testing = part(labelled(*"abcde")), part(labelled(*"az"))
    summary = manifest_summary(training, testing, check_content(training, testing))
    message = "Less than 50% label overlap between the training and testing manifest files."
    assert summary["errors"] == [{"code": "ERROR_INSUFFICIENT_LABEL_OVERLAP", "message": message}]


def test_a_validation_manifest_has_the_same_lines_with_findings() -> None:
    lines = [*boxed("a", bad=1), "", REJECTED, UNLABELED, "no json", *labelled("b", start=7)]
    written = list(validation_manifest(part(lines)))
    assert len(written) == len(lines)
    first, blank, rejected, unlabeled, broken, last = [json.loads(line or "{}") for line in written]
    off_frame = {"code": "ERROR_INVALID_BOUNDING_BOX", "message": "The bounding box has off frame values."}
    assert first["BB"]["annotations"][1].pop("errors") == [off_frame]
    assert blank == {}
    assert first == json.loads(lines[0])
    assert rejected == {
        "x": 1,
        "errors": [{"code": "ERROR_MISSING_SOURCE_REF", "message": "The source-ref key is missing."}],
    }
    assert unlabeled["warnings"] == [{"code": "WARNING_UNANNOTATED_RECORD", "message": "Record is unannotated."}]
    assert broken == {
        "errors": [{"code": "ERROR_INVALID_JSON_LINE", "message": "The JSON Line has an invalid format."}]
    }
    assert last == json.loads(lines[5])
    again = parse([line for line in written if line], API_RULES)  # and it can be fixed and used again
    assert [e.source_ref for e in again.entries] == [
        "s3://bucket/0.jpg",
        "s3://bucket/unlabeled.jpg",
        "s3://bucket/7.jpg",
    ]


def test_entries_need_their_own_line_numbers() -> None:
    with pytest.raises(ValueError, match="same line number"):
        list(validation_manifest(Part([Entry("a"), Entry("b")])))


def test_an_image_error_makes_a_line_invalid() -> None:
    good = Entry("s3://bucket/a.jpg", ("a",), line=1)
    bad = Entry("s3://bucket/b.jpg", ("a",), line=2, problems=(problem("ERROR_INVALID_IMAGE", 2),))
    counts = count_lines(Part([good, bad]))
    assert (counts.valid, counts.invalid, counts.error_lines) == (1, 1, (2,))
