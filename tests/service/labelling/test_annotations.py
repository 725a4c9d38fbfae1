"""New labels and boxes on Ground Truth lines, which keep all else that they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from customlabels.manifest.entry import Box, Entry
from customlabels.service.errors import InvalidParameterException
from customlabels.service.labelling.annotations import new_entry, read_entry, relabelled, with_boxes, with_labels

from ..manifests import ABOUT, boxed, plain, ref, tagged

NOTE = {"note": "taken at noon", "weather": {"sun": 1}}
"""Attributes that are nobody's labels."""
BOX = Box("dog", 1, 2, 30, 40)


def entry(line: str) -> Entry:
    return read_entry(line)


def labels_of(found: Entry) -> list[str]:
    return [*found.labels, *(f"[{box.label}]" for box in found.boxes or ())]


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (plain("a.png"), ["cat"]),
        (plain("a.png"), ["cat", "dog", "cat"]),
        (tagged("a.png", "cat", "dog"), ["dog"]),
        (tagged("a.png", "cat"), ["dog"]),
        (tagged("a.png", "cat"), []),
        (boxed("a.png", "cat", "dog"), ["indoors"]),
    ],
)
def test_an_entry_has_the_labels_that_it_is_given_and_keeps_the_rest(line: str, labels: list[str]) -> None:
    before = entry(json.dumps(json.loads(line) | NOTE))
    after = with_labels(before, labels)
    assert after.labels == tuple(dict.fromkeys(labels))
    assert after.boxes == before.boxes
    assert {name: after.attributes[name] for name in NOTE} == NOTE


def test_what_an_image_has_already_stays_to_the_letter() -> None:
    before = entry(tagged("a.png", "cat", "dog"))
    after = with_labels(before, ["cat", "bird"])
    assert after.attributes["label0-metadata"] == ABOUT | {
        "class-name": "cat",
        "type": "groundtruth/image-classification",
    }
    assert "label1" not in after.attributes
    assert with_labels(before, ["cat", "dog"]) is before


@pytest.mark.parametrize(
    "name",
    [
        "source-ref",
        "BB",
        "cl-metadata",
        "cl-errors",
        "x-metadata",
        "errors",
        "label-0",
        "<img src=x onerror=alert(1)>",
        "子犬 🐶",
        "a" * 256,
        'quo"te\\',
        "note",
        "rekognition-custom-labels-object-id",
    ],
)
def test_any_name_can_be_a_label(name: str) -> None:
    line = json.dumps(json.loads(plain("a.png")) | NOTE)
    for given in ([name], ["x", name], [name, "BB", "x", "source-ref"]):
        found = with_labels(entry(line), given)
        assert found.labels == tuple(dict.fromkeys(given))
        assert not found.has_errors
        assert {key: found.attributes[key] for key in NOTE} == NOTE
    box = with_boxes(entry(line), [Box(name, 1, 2, 30, 40)], 640, 480)
    assert labels_of(with_labels(box, [name, "indoors"])) == [name, "indoors", f"[{name}]"]


@pytest.mark.parametrize("name", ["", " ", "\t\n", "a" * 257, "a\0b", "\ud800"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterException):
        with_labels(entry(plain("a.png")), [name])
    with pytest.raises(InvalidParameterException):
        with_boxes(entry(plain("a.png")), [Box(name, 1, 2, 30, 40)], 640, 480)
    with pytest.raises(InvalidParameterException):
        new_entry(ref("a.png"), [name])


def test_boxes_take_the_place_of_boxes_and_labels_stay() -> None:
    line = json.loads(boxed("a.png", "cat", "cat")) | json.loads(tagged("a.png", "indoors")) | NOTE
    after = with_boxes(entry(json.dumps(line)), [BOX, BOX], 640, 480)
    assert labels_of(after) == ["indoors", "[dog]", "[dog]"]
    assert (after.width, after.height) == (640, 480)
    assert {name: after.attributes[name] for name in NOTE} == NOTE
    none = with_boxes(after, [], 640, 480)
    assert none.boxes == ()  # somebody looked
    assert not none.has_errors


def test_names_that_are_taken_on_the_line_are_not_taken_again() -> None:
    """An attribute is named after its label when it is made, and keeps that name when the label has another."""
    once = with_labels(entry(plain("a.png")), ["cat"])
    renamed = relabelled(once, "cat", "dog")
    both = with_labels(renamed, ["dog", "cat"])
    assert both.labels == ("dog", "cat")
    assert both.attributes["cat-metadata"]["class-name"] == "dog"
    odd = {"cat": "no pair", "bird-metadata": 1, "BB": [1]}
    found = with_boxes(with_labels(entry(json.dumps(json.loads(plain("a.png")) | odd)), ["cat", "bird"]), [BOX], 99, 99)
    assert labels_of(found) == ["cat", "bird", "[dog]"]
    assert {name: found.attributes[name] for name in odd} == odd


@pytest.mark.parametrize(
    ("line", "new", "expected"),
    [
        (tagged("a.png", "cat", "dog"), "puma", ["puma", "dog"]),
        (tagged("a.png", "cat", "dog"), "dog", ["dog"]),
        (tagged("a.png", "cat", "dog"), None, ["dog"]),
        (tagged("a.png", "cat", "cat"), "puma", ["puma"]),
        (boxed("a.png", "cat", "dog", "cat"), "puma", ["[puma]", "[dog]", "[puma]"]),
        (boxed("a.png", "cat", "dog", "cat"), "dog", ["[dog]", "[dog]", "[dog]"]),
        (boxed("a.png", "cat", "dog", "cat"), None, ["[dog]"]),
        (
            json.dumps(json.loads(boxed("a.png", "cat")) | json.loads(tagged("a.png", "cat"))),
            "dog",
            ["dog", "[dog]"],
        ),
        (tagged("a.png", "bird"), "puma", ["bird"]),
    ],
)
def test_a_label_is_renamed_or_taken_away_wherever_it_is(line: str, new: str | None, expected: list[str]) -> None:
    found = relabelled(entry(line), "cat", new)
    assert labels_of(found) == expected
    assert not [problem for problem in found.problems if problem.code == "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE"]


DETECTED = {"type": "groundtruth/object-detection", "class-map": {"0": "cat", "1": "dog"}}


@pytest.mark.parametrize(
    "attribute",
    [
        {"BB": 1, "BB-metadata": DETECTED},
        {"BB": {"annotations": "none"}, "BB-metadata": DETECTED},
        {"BB": {"annotations": ["x", {"class_id": 0}]}, "BB-metadata": DETECTED | {"objects": 7}},
        {"BB": {"annotations": [{"class_id": 0}]}, "BB-metadata": DETECTED | {"objects": []}},
        {"BB": {}, "BB-metadata": DETECTED | {"class-map": {"0": "cat", "1": 7}}},
        {"many": [0, 1], "many-metadata": {"type": "groundtruth/image-classification-multilabel"}
         | {"class-map": {"0": "cat", "1": "dog"}, "confidence-map": {"0": 1, "1": 1}}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("new", ["puma", None])
def test_labels_are_renamed_on_lines_with_errors_too(attribute: dict[str, Any], new: str | None) -> None:
    before = entry(json.dumps({"source-ref": ref("a.png"), **attribute}))
    after = json.dumps(relabelled(before, "cat", new).attributes)
    assert '"cat"' not in after
    assert ('"puma"' in after) == (new is not None)


def test_an_entry_with_an_unusable_label_can_be_corrected() -> None:
    line = json.dumps(json.loads(boxed("a.png", "x" * 300)) | json.loads(tagged("a.png", "cat")))
    found = relabelled(with_labels(entry(line), ["cat", "dog"]), "cat", "puma")
    assert found.labels == ("puma", "dog")
    assert with_boxes(found, [BOX], 640, 480).has_errors is False


def test_a_line_that_grew_by_its_errors_can_be_read_but_not_made_longer() -> None:
    long = plain("a.png", note="ü" * 99_900)
    found = entry(long[:-1] + ', "cl-metadata": {"is_labeled": false}, "cl-errors": [' + '"x",' * 50 + '"x"]}')
    with pytest.raises(InvalidParameterException, match="100,000"):
        with_labels(found, ["x" * 200])
