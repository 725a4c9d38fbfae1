"""Labels say what kind of model it is to be, and which images it can learn from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.problems import problem
from customlabels.manifest.task import choose_task, labels_of, task_data

LABEL = Entry("label.jpg", ("logo",), width=200, height=100)
BOX = Entry("box.jpg", boxes=(Box("logo", 10, 10, 50, 50),), width=200, height=100)
BOTH = replace(BOX, labels=("scene",))
NEGATIVE = Entry("negative.jpg", boxes=(), width=200, height=100)
BLANK = Entry("blank.jpg")
BROKEN = replace(BOX, problems=(problem("ERROR_INVALID_IMAGE"),))


# checklist: H15
@pytest.mark.parametrize(
    ("train", "test", "task"),
    [
        ([LABEL], [LABEL], "classification"),
        ([BOX], [BOX], "detection"),
        ([LABEL], [BOX], "detection"),  # logos
        ([BOX, LABEL, LABEL], [], "classification"),
        ([BOX, BOX, LABEL], [], "detection"),
        ([BOX, LABEL], [], "detection"),  # a tie
        ([BOX, LABEL, BLANK, BLANK], [], "detection"),
        ([BOX, BROKEN, LABEL, LABEL], [], "classification"),  # only usable lines count
        ([LABEL], [BROKEN], "classification"),
        ([LABEL, NEGATIVE, NEGATIVE], [NEGATIVE], "classification"),
    ],
)
def test_the_labelling_chooses_the_task(train: list[Entry], test: list[Entry], task: str) -> None:
    assert choose_task(train, test) == task


# checklist: H15
def test_classification_learns_from_labels_only() -> None:
    data = task_data([LABEL, BOX, BOTH, NEGATIVE, BLANK], task="classification")
    assert data.train == (LABEL, replace(BOTH, boxes=None))
    assert [(p.code, p.detail.split()[0]) for p in data.unusable] == [
        ("WARNING_OTHER_USE_CASE", "box.jpg"),
        ("WARNING_OTHER_USE_CASE", "negative.jpg"),
        ("WARNING_UNANNOTATED_RECORD", "blank.jpg"),
    ]


def test_detection_learns_from_boxes_and_from_images_without_any() -> None:
    data = task_data([LABEL, BOTH, NEGATIVE, BROKEN], [BOX], task="detection")
    assert [e.source_ref for e in data.train] == ["label.jpg", "box.jpg", "negative.jpg"]
    assert data.train[1].labels == ()
    assert data.train[2].boxes == ()
    assert [p.code for p in data.unusable] == ["ERROR_INVALID_IMAGE"]


def test_a_logo_that_fills_its_picture_is_one_box() -> None:
    data = task_data([LABEL, replace(LABEL, labels=("other",))], [BOX])
    assert data.task == "detection"
    assert data.train[0].boxes == (Box("logo", 0, 0, 200, 100),)
    assert labels_of(data.train) == ("logo", "other")
    assert data.unusable == ()


def test_a_label_that_is_never_a_box_is_no_logo_among_boxes() -> None:
    data = task_data([BOX, replace(LABEL, labels=("scene",))], [BOX])
    assert labels_of(data.train) == ("logo",)
    assert [p.code for p in data.unusable] == ["WARNING_OTHER_USE_CASE"]


def test_without_boxes_in_the_test_set_labels_stay_labels() -> None:
    data = task_data([BOX, BOX, LABEL], [])
    assert [e.boxes for e in data.train] == [BOX.boxes, BOX.boxes]
    assert task_data([replace(LABEL, width=None)], [BOX]).unusable[0].detail.startswith("label.jpg has no known size")


def test_a_picture_without_any_label_is_not_said_to_have_boxes() -> None:
    data = task_data([Entry("a.png", ("cat",)), Entry("b.png", boxes=())], task="classification")
    assert [found.detail for found in data.unusable] == ["b.png has no label."]
