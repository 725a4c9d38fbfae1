"""What a training learns from and is tested on: images checked, divided, and turned into the trainer's samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from customlabels.imaging.boxes import as_boxes
from customlabels.manifest.content import Part, check_content
from customlabels.manifest.entry import Dataset, Entry, Opener, Problem
from customlabels.manifest.split import split
from customlabels.manifest.task import TaskData, labels_of, task_data
from customlabels.manifest.validate import Checked, check_images
from customlabels.vision.evaluate import Task
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample

TEST_SHARE = 0.2


class TrainingError(ValueError):
    """The data or the settings do not allow a training; the text says what to change."""


@dataclass(frozen=True)
class Prepared:
    """What a training learns from and is tested on. `unusable` says of each image left out why."""

    task: Task
    labels: tuple[str, ...]
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]
    unusable: tuple[Problem, ...]


def prepare(data: Dataset, test: Dataset | None, seed: int, monitor: Monitor | None = None) -> Prepared:
    """Check every image, divide into training and test, choose the task. Raises TrainingError."""
    monitor = monitor or Monitor()
    halves = 1 if test is None else 2
    checked = _check(data, monitor.span(0.0, 0.04 / halves))
    test_opener = data.open
    if test is not None:
        train_entries: Sequence[Entry] = checked.entries
        test_entries: Sequence[Entry] = _check(test, monitor.span(0.02, 0.04)).entries
        test_opener = test.open
    elif "test" in data.split.values():
        train_entries = [entry for entry in checked.entries if data.split.get(entry.source_ref) != "test"]
        test_entries = [entry for entry in checked.entries if data.split.get(entry.source_ref) == "test"]
    else:
        train_entries, test_entries = split(checked.usable, TEST_SHARE, seed, checked.fingerprint)
        usable = {id(entry) for entry in checked.usable}  # the others count among the training lines, as bad ones
        train_entries = [*train_entries, *(entry for entry in checked.entries if id(entry) not in usable)]
    _refuse_bad_content(train_entries, test_entries, auto_split=test is None and "test" not in data.split.values())
    return prepared(task_data(train_entries, test_entries), data.labels, data.open, test_opener)


def prepared(chosen: TaskData, declared: Sequence[str], opener: Opener, test_opener: Opener) -> Prepared:
    """What to learn from, of entries whose images were checked. Labels come in the order in which they are declared."""
    carried = set(labels_of(chosen.train))
    labels = tuple(label for label in dict.fromkeys((*declared, *labels_of(chosen.train))) if label in carried)
    return Prepared(
        chosen.task,
        labels,
        tuple(make_samples(chosen.train, labels, chosen.task, opener)),
        tuple(make_samples(chosen.test, labels, chosen.task, test_opener)),
        chosen.unusable,
    )


def make_samples(entries: Sequence[Entry], labels: Sequence[str], task: Task, opener: Opener) -> list[Sample]:
    """Usable entries, as `task_data` gives them, in the trainer's terms; labels that are not in `labels` left out."""
    index = {label: i for i, label in enumerate(labels)}
    samples = []
    for entry in entries:
        assert entry.width is not None
        assert entry.height is not None
        truth = _truth(entry, index) if task == "detection" else None
        present = np.zeros(len(labels), dtype=bool)
        present[[index[label] for label in entry.all_labels if label in index]] = True
        samples.append(
            Sample(
                entry.source_ref,
                lambda ref=entry.source_ref: opener(ref),  # type: ignore[misc]
                entry.width,
                entry.height,
                present,
                truth,
            )
        )
    return samples


def _truth(entry: Entry, index: dict[str, int]) -> Boxed:
    boxes = [box for box in entry.boxes or () if box.label in index]
    classes = np.array([index[box.label] for box in boxes], dtype=np.int64)
    return Boxed(as_boxes([box.corners for box in boxes]), classes, np.ones(len(boxes), dtype=np.float32))


def _check(data: Dataset, monitor: Monitor) -> Checked:
    return check_images(
        data.entries, data.open, progress=lambda done, total: monitor.report("reading", done / max(1, total))
    )


def _refuse_bad_content(train: Sequence[Entry], test: Sequence[Entry], auto_split: bool) -> None:
    if not train:
        raise TrainingError("The training dataset is empty.")
    verdict = check_content(Part(train), Part(test), auto_split)
    found = dict.fromkeys((*verdict.training, *verdict.testing, *verdict.problems))
    if found:
        reasons = " ".join(f"{p.message} ({p.detail})" if p.detail else p.message for p in found)
        first = next((p for entry in (*train, *test) for p in entry.problems if not p.is_warning), None)
        example = f" The first error is: {first.message} {first.detail}" if first else ""
        raise TrainingError(f"{reasons}{example} `customlabels inspect` lists every error.")
