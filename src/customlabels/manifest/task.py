"""What kind of model a dataset asks for, and the entries it can learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from customlabels.manifest.entry import Box, Entry, Problem
from customlabels.manifest.problems import problem
from customlabels.manifest.validate import is_usable

Task = Literal["classification", "detection"]


@dataclass(frozen=True)
class TaskData:
    """The entries a task can use, each with annotations of its kind only, and why each of the others cannot be used.

    Entries for classification have labels and no boxes, those for detection boxes (perhaps none: a negative) and no
    labels. Attributes of lines are not kept: these entries say what is learnt, not what was read.
    """

    task: Task
    train: tuple[Entry, ...]
    test: tuple[Entry, ...]
    unusable: tuple[Problem, ...]


def choose_task(train: Sequence[Entry], test: Sequence[Entry] = ()) -> Task:
    """Detection where the test set has boxes; else what most usable training images have, a tie being detection."""
    if any(entry.boxes for entry in test if is_usable(entry)):
        return "detection"
    usable = [entry for entry in train if is_usable(entry)]
    boxed = sum(bool(entry.boxes) for entry in usable)
    labelled = sum(bool(entry.labels) for entry in usable)
    return "detection" if boxed >= labelled else "classification"


def task_data(train: Sequence[Entry], test: Sequence[Entry] = (), task: Task | None = None) -> TaskData:
    """The usable entries of both sets for a task (default: the one `choose_task` names).

    Where the test set has boxes and training images only have a label, as with logos that fill the picture, the label
    counts as one box around the whole image: always if no training image has a box, else for labels that the boxes of
    the test set have.
    """
    task = task or choose_task(train, test)
    logos: set[str] = set()
    if task == "detection":
        logos = {box.label for entry in test if is_usable(entry) for box in entry.boxes or ()}
        if logos and not any(entry.boxes for entry in train if is_usable(entry)):
            logos.update(label for entry in train for label in entry.labels)
    unusable: list[Problem] = []
    kept_train = [_for_task(entry, task, logos, unusable) for entry in train]
    kept_test = [_for_task(entry, task, set(), unusable) for entry in test]
    return TaskData(
        task,
        tuple(entry for entry in kept_train if entry is not None),
        tuple(entry for entry in kept_test if entry is not None),
        tuple(unusable),
    )


def labels_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The labels that images really carry, in order of appearance."""
    return tuple(dict.fromkeys(label for entry in entries for label in entry.all_labels))


def _for_task(entry: Entry, task: Task, logos: set[str], unusable: list[Problem]) -> Entry | None:
    if not is_usable(entry):
        errors = [p for p in entry.problems if not p.is_warning]
        unusable.extend(errors or [problem("WARNING_UNANNOTATED_RECORD", entry.line, detail=entry.source_ref)])
        return None
    if task == "classification":
        if entry.labels:
            return replace(entry, boxes=None, attributes={})
        reason = "has boxes only, and the model learns labels of whole images" if entry.boxes else "has no label"
        return _unusable(entry, reason, unusable)
    if entry.boxes is not None:
        return replace(entry, labels=(), attributes={})
    labels = [label for label in entry.labels if label in logos]
    if not labels:
        return _unusable(entry, "has labels of the whole image only, and the model learns boxes", unusable)
    if entry.width is None or entry.height is None:
        return _unusable(entry, "has no known size to draw a box around", unusable)
    boxes = tuple(Box(label, 0, 0, entry.width, entry.height) for label in labels)
    return replace(entry, labels=(), boxes=boxes, attributes={})


def _unusable(entry: Entry, reason: str, unusable: list[Problem]) -> Entry | None:
    unusable.append(problem("WARNING_OTHER_USE_CASE", entry.line, detail=f"{entry.source_ref} {reason}."))
    return None
