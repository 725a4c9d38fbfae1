"""ListDatasetLabels."""

from __future__ import annotations

from typing import Any

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.errors import AccessDeniedException
from customlabels.service.labels import list_dataset_labels
from customlabels.service.service import Service

from .manifests import boxed, changed, label_counts, made, plain, stats, tagged


# checklist: E14
def test_images_are_counted_not_boxes(service: Service, caller: Caller) -> None:
    lines = [
        boxed("a.png", "cat", "cat", "dog"),
        tagged("b.png", "cat"),
        boxed("c.png", "cat", declared=["never"], label=1, **_label("cat")),
        plain("d.png"),
    ]
    arn = made(service, caller, lines)
    assert list_dataset_labels(service, caller, dataset_arn=arn) == {
        "DatasetLabelDescriptions": [
            {"LabelName": "cat", "LabelStats": {"EntryCount": 3, "BoundingBoxCount": 2}},
            {"LabelName": "dog", "LabelStats": {"EntryCount": 1, "BoundingBoxCount": 1}},
            {"LabelName": "never", "LabelStats": {"EntryCount": 0}},
        ]
    }


def _label(name: str) -> dict[str, Any]:
    about = {"class-name": name, "confidence": 1, "human-annotated": "yes", "creation-date": "2026-01-01"}
    return {"label-metadata": about | {"type": "groundtruth/image-classification"}}


def test_labels_come_in_the_order_in_which_they_first_appeared(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [tagged("a.png", "z", "m"), tagged("b.png", "a"), tagged("c.png", "Z")])
    assert list(label_counts(service, caller, arn)) == ["z", "m", "a", "Z"]
    changed(service, caller, arn, [tagged("a.png", "z"), tagged("d.png", "0"), tagged("e.png", "m")])
    assert list(label_counts(service, caller, arn)) == ["z", "m", "a", "Z", "0"]
    changed(service, caller, arn, [tagged("c.png", "a")])
    changed(service, caller, arn, [tagged("c.png", "Z")])  # it was gone in between
    assert list(label_counts(service, caller, arn)) == ["z", "m", "a", "0", "Z"]


def test_labels_that_only_an_invalid_annotation_names_are_declared(service: Service, caller: Caller) -> None:
    arn = made(service, caller, [boxed("a.png", off=1), tagged("b.png", "cat")])
    assert label_counts(service, caller, arn) == {"off": (0, 0), "cat": (1, 0)}
    assert stats(service, caller, arn)[3] == 2


# checklist: E11, E15
@pytest.mark.parametrize("size", [1, 3, 100, None])
def test_pages_hold_every_label_once(service: Service, caller: Caller, size: int | None) -> None:
    names = [f"label {number}" for number in range(101)]
    arn = made(service, caller, [boxed("a.png", *names[:7], declared=names)])
    if size == 1:
        names = names[:7]
        arn = made(service, caller, [boxed("a.png", *names)])
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = list_dataset_labels(service, caller, dataset_arn=arn, max_results=size, next_token=token)
        assert len(page["DatasetLabelDescriptions"]) <= (size or 100)
        found += [item["LabelName"] for item in page["DatasetLabelDescriptions"]]
        token = page.get("NextToken")
    assert found == names
    assert stats(service, caller, arn)[3] == len(names)


def test_permission_is_asked_for(service: Service, caller: Caller) -> None:
    arn = made(service, caller, None)
    allowed = Caller(service.account, "who", (Statement("Allow", ("rekognition:ListDatasetLabels",), (arn,)),))
    denied = Caller(service.account, "who", (Statement("Allow", ("rekognition:ListDatasetEntries",), (arn,)),))
    assert list_dataset_labels(service, allowed, dataset_arn=arn) == {"DatasetLabelDescriptions": []}
    with pytest.raises(AccessDeniedException):
        list_dataset_labels(service, denied, dataset_arn=arn)
