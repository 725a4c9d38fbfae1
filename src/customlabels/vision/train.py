"""From labelled pictures to a model folder: choose the task, split, learn, export, evaluate, write it all down."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from customlabels.imaging.boxes import as_boxes
from customlabels.manifest.content import Part, check_content
from customlabels.manifest.entry import Dataset, Entry, Opener, Problem
from customlabels.manifest.read import read_dataset
from customlabels.manifest.split import split
from customlabels.manifest.task import labels_of, task_data
from customlabels.manifest.validate import Checked, check_images
from customlabels.vision.evaluate import Evaluation, Task, evaluate_classification, evaluate_detection
from customlabels.vision.learned import Learned
from customlabels.vision.model import FORMAT, Model, ModelError
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Monitor, Progress
from customlabels.vision.report import Training, write_report
from customlabels.vision.runtime import RuntimeMissing
from customlabels.vision.samples import Sample
from customlabels.vision.snapshot import snapshot_testing, snapshot_training, summary

Effort = Literal["fast", "balanced", "best"]
TEST_SHARE = 0.2
FILES = {
    "model.json",
    "network.onnx",
    "network.xml",
    "network.bin",
    "evaluation.json",
    "EvaluationResultSummary.json",
    "TrainingGroundTruth.json",
    "TestingGroundTruth.json",
    "report.html",
}
"""All that a model's folder holds."""


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


def train(
    data: Dataset | str | Path,
    out: str | Path | None = None,
    *,
    test: Dataset | str | Path | None = None,
    effort: Effort = "balanced",
    seed: int = 0,
    format: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Model:
    """Learn from labelled pictures, test on others of them, and give the model.

    `data` and `test` are datasets, or paths that `read_dataset` reads (`format` names theirs). Without `test` a fifth
    of the data is held back, each label in proportion, unless the data says itself which images are for testing. The
    model's folder is `out` (a temporary one by default); it appears there complete or not at all. The same data, seed
    (0 to 2**63 - 1) and machine give the same model; on CUDA sums vary in their last digits. Raises TrainingError where
    the data does not allow a training, DatasetError where it cannot be read, RuntimeMissing without torch, Cancelled
    once `cancelled` says so, and FileExistsError where `out` holds something else.
    """
    began = datetime.now(UTC)
    clock = time.monotonic()
    if effort not in get_args(Effort):
        raise TrainingError(f"The effort {effort!r} is unknown: choose one of {', '.join(get_args(Effort))}.")
    if not 0 <= seed < 2**63:
        raise TrainingError(f"The seed is {seed}; it must be from 0 to 2**63 - 1.")
    _require_torch()
    target = None if out is None else _checked_target(Path(out))
    monitor = Monitor(on_progress, cancelled)
    prepared = prepare(_dataset(data, format), None if test is None else _dataset(test, format), seed, monitor)
    learned = _learn(prepared, effort, seed, monitor.span(0.04, 0.9))
    with ExitStack() as stack:
        place = Path(tempfile.mkdtemp(prefix="customlabels-", dir=None if target is None else target.parent))
        stack.callback(shutil.rmtree, place, ignore_errors=True)
        info = _info(prepared, learned, effort, seed, began)
        _export(learned, prepared.task, place)
        monitor.report("exporting", 0.93)
        evaluation = evaluate(Model(place, info), prepared.test, monitor.span(0.93, 0.99))
        info |= {"thresholds": evaluation.thresholds, "seconds": round(time.monotonic() - clock, 3)}
        _write(place, info, evaluation, prepared, learned, began)
        folder = _move(place, target)
        stack.pop_all()
    monitor.report("evaluating", 1.0)
    return Model.load(folder)


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
    chosen = task_data(train_entries, test_entries)
    carried = set(labels_of(chosen.train))
    labels = tuple(label for label in dict.fromkeys((*data.labels, *labels_of(chosen.train))) if label in carried)
    return Prepared(
        chosen.task,
        labels,
        tuple(make_samples(chosen.train, labels, chosen.task, data.open)),
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


def evaluate(
    model: Model,
    samples: Sequence[Sample],
    monitor: Monitor | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Evaluation:
    """The model's answers on `samples`, through the runtime that serves it, against their truth.

    At the `thresholds` given by label, else at those with the best F1 on these very samples.
    """
    monitor = monitor or Monitor()
    predictions = []
    for i, sample in enumerate(samples):
        predictions.append(model.predict(sample.read()))
        monitor.report("evaluating", (i + 1) / len(samples))
    if model.task == "detection":
        truths = [sample.truth for sample in samples if sample.truth is not None]
        found = [p for p in predictions if isinstance(p, Boxed)]
        return evaluate_detection(model.labels, truths, found, thresholds)
    confidences = np.array([p for p in predictions if not isinstance(p, Boxed)])
    carried = np.array([sample.labels for sample in samples])
    return evaluate_classification(model.labels, carried, confidences, thresholds)


def _dataset(data: Dataset | str | Path, format_: str | None) -> Dataset:
    return data if isinstance(data, Dataset) else read_dataset(data, format_)


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


def _require_torch() -> None:
    if find_spec("torch") is None:
        raise RuntimeMissing("Training needs PyTorch: pip install 'customlabels[train]'.")


def _learn(prepared: Prepared, effort: Effort, seed: int, monitor: Monitor) -> Learned:
    if prepared.task == "detection":
        from customlabels.vision.detector import train_detector

        return train_detector(prepared.train, prepared.labels, effort=effort, seed=seed, monitor=monitor)
    from customlabels.vision.classifier import train_classifier

    return train_classifier(prepared.train, prepared.labels, effort=effort, seed=seed, monitor=monitor)


def _export(learned: Learned, task: Task, folder: Path) -> None:
    from customlabels.vision.export import save_network, to_onnx

    outputs = ["boxes", "confidence"] if task == "detection" else ["confidence"]
    save_network(to_onnx(learned.network, learned.frame, outputs), folder)


def _info(prepared: Prepared, learned: Learned, effort: Effort, seed: int, began: datetime) -> dict[str, Any]:
    packages = ["customlabels", "numpy", "pillow", "torch"]
    return {
        "format": FORMAT,
        "task": prepared.task,
        "labels": list(prepared.labels),
        "thresholds": dict.fromkeys(prepared.labels, 0.5),
        "frame": list(learned.frame),
        "backbone": learned.backbone,
        "weights": dict(learned.provenance),
        "effort": effort,
        "seed": seed,
        "began": began.isoformat(timespec="seconds"),
        "training_images": len(prepared.train),
        "test_images": len(prepared.test),
        "unusable_images": len(prepared.unusable),
        "method": dict(learned.notes),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def _write(
    folder: Path, info: dict[str, Any], evaluation: Evaluation, prepared: Prepared, learned: Learned, began: datetime
) -> None:
    ended = datetime.now(UTC)
    name = "customlabels"
    documents = {
        "model.json": info,
        "evaluation.json": evaluation.to_json(),
        "EvaluationResultSummary.json": summary(
            evaluation, project_version_arn="", training_images=len(prepared.train), ended=ended
        ),
    }
    for file, document in documents.items():
        indent = None if file == "evaluation.json" else 1
        (folder / file).write_text(json.dumps(document, indent=indent) + "\n", encoding="utf-8")
    snapshots = {
        "TrainingGroundTruth.json": snapshot_training(prepared.train, prepared.labels, created=ended),
        "TestingGroundTruth.json": snapshot_testing(prepared.test, prepared.labels, evaluation, created=ended),
    }
    for file, lines in snapshots.items():
        with (folder / file).open("w", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines)
    details = {"Effort": info["effort"], "Seed": str(info["seed"]), "Backbone": info["backbone"]}
    training = Training(name, began, info["seconds"], len(prepared.train), len(prepared.labels), details)
    write_report(folder / "report.html", training, evaluation, prepared.test, learned.curve)


def _checked_target(out: Path) -> Path:
    """The place for the model, absolute. What is there is replaced only if it is a model, too."""
    if out.is_dir() and any(out.iterdir()):
        strangers = sorted(file.name for file in out.iterdir() if file.name not in FILES)
        try:
            Model.load(out)
        except ModelError as error:
            raise FileExistsError(f"{out} exists and is not a model: choose another folder, or empty it.") from error
        if strangers:
            raise FileExistsError(f"{out} holds more than a model ({strangers[0]}): choose another folder.")
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file: choose another name for the model's folder.")
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    return out.absolute()


def _move(place: Path, target: Path | None) -> Path:
    """Put the finished folder where it belongs, in one rename."""
    place.chmod(0o755)  # mkdtemp makes it private
    if target is None:
        return place
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix="customlabels-", dir=target.parent))
        os.replace(target, old / "old")
        os.replace(place, target)
        shutil.rmtree(old)
    else:
        os.replace(place, target)
    return target
