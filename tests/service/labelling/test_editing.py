"""Labels, boxes and images that are changed in the console: seen by the API at once, or not done at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from customlabels.service import datasets
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.access.users import add_account
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from customlabels.service.labelling.editing import assign_labels, draw_boxes, remove_images
from customlabels.service.service import Service

from ..manifests import asked, boxed, changed, described, keys, label_counts, listed, made, plain, ref, stats, tagged

Change = Callable[[Service, Caller, str], None]


def drawing(key: str, *boxes: dict[str, Any], width: int = 640, height: int = 480) -> dict[str, Any]:
    return {"SourceRef": ref(key), "Width": width, "Height": height, "Boxes": list(boxes)}


def box(label: str = "cat", left: int = 10, top: int = 20, width: int = 30, height: int = 40) -> dict[str, Any]:
    return {"Label": label, "Left": left, "Top": top, "Width": width, "Height": height}


# checklist: K07, K18
def test_labels_are_given_to_many_images_and_taken_away(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain("a.png"), tagged("b.png", "cat"), boxed("c.png", "cat"), plain("d.png")])
    before = described(service, caller, arn)["LastUpdatedTimestamp"]
    assign_labels(service, caller, arn, [ref(key) for key in ("c.png", "a.png", "b.png")], ["dog", "cat"])
    assert keys(service, caller, arn) == ["a.png", "b.png", "c.png", "d.png"]
    assert label_counts(service, caller, arn) == {"cat": (3, 1), "dog": (3, 0)}
    assert stats(service, caller, arn) == (4, 3, 0, 2)
    assign_labels(service, caller, arn, [ref("a.png"), ref("c.png")], ["bird"], ["cat", "dog", "none"])
    assert label_counts(service, caller, arn) == {"cat": (2, 1), "dog": (1, 0), "bird": (2, 0)}
    description = described(service, caller, arn)
    assert description["Status"] == "UPDATE_COMPLETE"
    assert description["LastUpdatedTimestamp"] >= before


# checklist: K09, K10
def test_boxes_are_saved_as_integer_pixels_in_ground_truth_format(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain("a.png", note="kept"), boxed("b.png", "cat", "dog")])
    draw_boxes(service, caller, arn, [drawing("b.png"), drawing("a.png", box(), box("dog", 0, 0, 640, 480))])
    first, second = listed(service, caller, arn)
    assert first["BB"] == {
        "image_size": [{"width": 640, "height": 480, "depth": 3}],
        "annotations": [
            {"class_id": 0, "left": 10, "top": 20, "width": 30, "height": 40},
            {"class_id": 1, "left": 0, "top": 0, "width": 640, "height": 480},
        ],
    }
    assert first["BB-metadata"]["class-map"] == {"0": "cat", "1": "dog"}
    assert first["BB-metadata"]["objects"] == [{"confidence": 1}] * 2
    assert first["note"] == "kept"
    assert second["BB"]["annotations"] == []
    assert label_counts(service, caller, arn) == {"cat": (1, 1), "dog": (1, 1)}
    assert changed(service, caller, arn, [json.dumps(first)])["Status"] == "UPDATE_COMPLETE"  # and the API takes it
    assert stats(service, caller, arn) == (2, 1, 0, 2)


def test_images_are_taken_out(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [tagged("a.png", "cat"), boxed("b.png", "dog", off=1), plain("c.png")])
    remove_images(service, caller, arn, [ref("b.png"), ref("c.png"), ref("b.png")])
    assert keys(service, caller, arn) == ["a.png"]
    assert stats(service, caller, arn) == (1, 1, 0, 1)
    assert label_counts(service, caller, arn) == {"cat": (1, 0)}


def test_an_image_with_errors_is_mended(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain("a.png", x=1), boxed("b.png", "cat", off=2)])
    assert stats(service, caller, arn)[2] == 2
    assign_labels(service, caller, arn, [ref("a.png")], ["cat"])
    draw_boxes(service, caller, arn, [drawing("b.png", box())])
    assert stats(service, caller, arn) == (2, 2, 0, 1)
    assert listed(service, caller, arn, contains_labels=["cat"])[0]["x"] == 1


REFUSED: list[tuple[Change, str]] = [
    (lambda s, c, arn: assign_labels(s, c, arn, [], ["cat"]), "1 to 1,000"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref(str(i)) for i in range(1001)], ["cat"]), "1001 images"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref("a.png"), ref("none.png")], ["cat"]), "no image .*none.png"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref("a.png")], ["a\0b"]), "NUL"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref("a.png")], ["  "]), "blanks"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref("a.png")], ["x" * 257]), "257 characters"),
    (lambda s, c, arn: assign_labels(s, c, arn, [ref("a.png")], [f"l{i}" for i in range(251)]), "too many labels"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", box("a\0b"))]), "NUL"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", box(" "))]), "blanks"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", *[box()] * 51)]), "51 boxes; at most 50"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", box(width=631))]), "not inside the image of 640"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", box(top=-1))]), "not inside"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png", box(width=1, height=1))]), "too small"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png"), drawing("a.png")]), "named 2 times"),
    (lambda s, c, arn: draw_boxes(s, c, arn, [drawing("a.png"), drawing("none.png", box())]), "no image"),
    (lambda s, c, arn: remove_images(s, c, arn, [ref("a.png"), ref("none.png")]), "no image"),
]


def test_what_cannot_be_is_refused_as_a_whole(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [tagged("a.png", "cat")])
    before = described(service, caller, arn), listed(service, caller, arn)
    for change, words in REFUSED:
        with pytest.raises(InvalidParameterException, match=words):
            change(service, caller, arn)
        assert (described(service, caller, arn), listed(service, caller, arn)) == before, words


def test_fifty_boxes_are_fine(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain("a.png")])
    draw_boxes(service, caller, arn, [drawing("a.png", *[box(left=i) for i in range(50)])])
    assert len(listed(service, caller, arn)[0]["BB"]["annotations"]) == 50


CHANGES: list[Change] = [
    lambda service, caller, arn: assign_labels(service, caller, arn, [ref("a.png")], ["cat"]),
    lambda service, caller, arn: draw_boxes(service, caller, arn, [drawing("a.png", box())]),
    lambda service, caller, arn: remove_images(service, caller, arn, [ref("a.png")]),
]


def test_a_dataset_in_work_is_left_alone(service: Service, caller: Caller) -> None:
    deleted = made(service, caller, [plain("a.png")])
    created = asked(service, caller, [plain("a.png")])
    datasets.delete_dataset(service, caller, dataset_arn=deleted)
    for change in CHANGES:
        with pytest.raises(ResourceInUseException, match="CREATE_IN_PROGRESS"):
            change(service, caller, created)
        with pytest.raises(ResourceInUseException, match="DELETE_IN_PROGRESS"):
            change(service, caller, deleted)


def test_the_right_to_update_entries_is_asked_for(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [plain("a.png")])
    looking = Caller(service.account, "eve", (Statement("Allow", ("rekognition:List*", "s3:*"), ("*",)),))
    stranger = Caller.administrator(add_account(service.database, "others"))
    for change in CHANGES:
        with pytest.raises(AccessDeniedException, match="UpdateDatasetEntries"):
            change(service, looking, arn)
        with pytest.raises(ResourceNotFoundException):
            change(service, stranger, arn)
    assert stats(service, caller, arn) == (1, 0, 0, 0)
