"""Rekognition's evaluation files: the summary, and the manifest snapshots of what was tested and trained on.

Key spellings and nesting are AWS's (see the guide's pages on the summary file and the evaluation manifest snapshot).
The outcome flags in a testing snapshot reproduce the summary exactly; `recompute` does it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from customlabels.vision.counts import Counts, mean
from customlabels.vision.evaluation import Evaluation
from customlabels.vision.outcomes import Corners, Item, Outcome
from customlabels.vision.samples import Sample

PREFIX = "rekognition-custom-labels"
TRAINING_JOB = f"{PREFIX}-training-job"
EVALUATION_JOB = f"{PREFIX}-evaluation-job"
DETAILS = f"{PREFIX}-evaluation-details"

_FLAGS = {
    Outcome.TRUE_POSITIVE: "is-true-positive",
    Outcome.TRUE_NEGATIVE: "is-true-negative",
    Outcome.FALSE_POSITIVE: "is-false-positive",
    Outcome.FALSE_NEGATIVE: "is-false-negative",
}


def summary(
    evaluation: Evaluation, *, project_version_arn: str, training_images: int, ended: datetime
) -> dict[str, Any]:
    """The content of `EvaluationResultSummary-<project>-<version>.json`.

    Labels come best F1 first, those without test images last. Cells of the confusion matrix that are 0 are left out.
    `ended` is an aware time.
    """
    aggregate: dict[str, Any] = {}
    if evaluation.confusion is not None:
        names = [result.label for result in evaluation.labels]
        aggregate["ConfusionMatrix"] = [
            {"GroundTruthLabel": true, "PredictedLabel": predicted, "Value": value}
            for true, row in zip(names, evaluation.confusion, strict=True)
            for predicted, value in zip(names, row, strict=True)
            if value
        ]
    if evaluation.task == "detection":
        aggregate["AveragePrecision"] = evaluation.average_precision
        aggregate["AverageRecall"] = evaluation.average_recall
    aggregate |= {"F1Score": evaluation.f1, "Precision": evaluation.precision, "Recall": evaluation.recall}
    return {
        "Version": 1,
        "AggregatedEvaluationResults": aggregate,
        "EvaluationDetails": {
            "EvaluationEndTimestamp": _timestamp(ended),
            "Labels": [result.label for result in evaluation.labels],
            "NumberOfTestingImages": evaluation.outcomes.images,
            "NumberOfTrainingImages": training_images,
            "ProjectVersionArn": project_version_arn,
        },
        "LabelEvaluationResults": [
            {
                "Label": result.label,
                "NumberOfTestingImages": result.test_images,
                "Metrics": {
                    "F1Score": result.f1,
                    "Precision": result.precision,
                    "Recall": result.recall,
                    "Threshold": result.threshold,
                },
            }
            for result in sorted(evaluation.labels, key=lambda r: (-r.f1, r.test_images == 0))
        ],
    }


def snapshot_testing(
    samples: Sequence[Sample], labels: Sequence[str], evaluation: Evaluation, *, created: datetime
) -> Iterator[str]:
    """Lines of `TestingGroundTruth-<project>-<version>.json`, without line ends.

    `samples` are the evaluated images in order, `created` an aware time. Raises ValueError where their numbers differ.
    """
    if len(samples) != evaluation.outcomes.images:
        raise ValueError(f"{len(samples)} images are given, but {evaluation.outcomes.images} were evaluated.")
    for number, (sample, items) in enumerate(zip(samples, evaluation.outcomes, strict=True), start=1):
        line = _truth(sample, labels, created, number)
        if evaluation.task == "detection":
            line |= _predicted_boxes(sample, items, labels, created)
        else:
            line |= _predicted_labels(items, labels, created)
        yield json.dumps(line)


def snapshot_training(samples: Iterable[Sample], labels: Sequence[str], *, created: datetime) -> Iterator[str]:
    """Lines of `TrainingGroundTruth-<project>-<version>.json`, without line ends: the truth that was learned from."""
    for number, sample in enumerate(samples, start=1):
        yield json.dumps(_truth(sample, labels, created, number))


@dataclass(frozen=True)
class Recomputed:
    """What the flags of a testing snapshot add up to: counts by label, and means over the labels it carries."""

    labels: Mapping[str, Counts]
    precision: float
    recall: float
    f1: float


def recompute(lines: Iterable[str]) -> Recomputed:
    """Counts and scores from nothing but the outcome flags of a testing snapshot's lines."""
    tallies: dict[str, Counter[Outcome]] = {}
    for line in lines:
        for label, details in _details(json.loads(line)):
            tally = tallies.setdefault(label, Counter())
            tally.update(outcome for outcome, flag in _FLAGS.items() if details and details[flag])
    labels = {
        label: Counts(tally[Outcome.TRUE_POSITIVE], tally[Outcome.FALSE_POSITIVE], tally[Outcome.FALSE_NEGATIVE])
        for label, tally in tallies.items()
    }
    tested = [counts for counts in labels.values() if counts.positives]
    return Recomputed(
        labels, mean(c.precision for c in tested), mean(c.recall for c in tested), mean(c.f1 for c in tested)
    )


def _details(line: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, bool] | None]]:
    """Each label that a line mentions, with the flags of each of its outcomes (None for a mere mention)."""
    for key, metadata in line.items():
        if not (key.startswith(f"{PREFIX}-evaluation") and key.endswith("-metadata")):
            continue
        if "class-name" in metadata:
            yield metadata["class-name"], metadata[DETAILS]
            continue
        names = metadata["class-map"]
        yield from ((name, None) for name in names.values())
        annotations = line[key.removesuffix("-metadata")]["annotations"]
        for annotation, object_ in zip(annotations, metadata["objects"], strict=True):
            yield names[str(annotation["class_id"])], object_[DETAILS]


def _truth(sample: Sample, labels: Sequence[str], created: datetime, number: int) -> dict[str, Any]:
    """source-ref, image number and the ground truth under AWS's own keys."""
    line: dict[str, Any] = {"source-ref": sample.source_ref, f"{PREFIX}-object-id": number}
    key = f"{PREFIX}-training"
    if sample.truth is None:
        carried = [label for label, present in zip(labels, sample.labels, strict=True) if present]
        for n, label in enumerate(carried):
            line[f"{key}-{n}"] = 1
            line[f"{key}-{n}-metadata"] = _label_metadata(label, 1.0, TRAINING_JOB, "yes", created)
        return line
    boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in sample.truth.boxes.tolist()]
    classes = sample.truth.classes.tolist()
    objects: list[dict[str, Any]] = [{"confidence": 1.0} for _ in boxes]
    line[f"{key}-0"] = _annotations(sample, classes, boxes)
    line[f"{key}-0-metadata"] = _box_metadata(objects, labels, 1.0, TRAINING_JOB, "yes", created)
    return line


def _predicted_labels(items: Sequence[Item], labels: Sequence[str], created: datetime) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for n, item in enumerate(items):
        metadata = _label_metadata(labels[item.label], item.confidence, EVALUATION_JOB, "no", created)
        line[f"{PREFIX}-evaluation-{n}"] = 1
        line[f"{PREFIX}-evaluation-{n}-metadata"] = metadata | {DETAILS: _evaluation_details(item.outcome)}
    return line


def _predicted_boxes(sample: Sample, items: Sequence[Item], labels: Sequence[str], created: datetime) -> dict[str, Any]:
    """A true box that no prediction matched is stood for by itself, with confidence 0."""
    boxes = [box for item in items if (box := _whole(item.predicted) or item.truth)]
    objects = [{"confidence": item.confidence, DETAILS: _evaluation_details(item.outcome)} for item in items]
    best = max((item.confidence for item in items), default=0.0)
    return {
        f"{PREFIX}-evaluation": _annotations(sample, [item.label for item in items], boxes),
        f"{PREFIX}-evaluation-metadata": _box_metadata(objects, labels, best, EVALUATION_JOB, "no", created),
    }


def _annotations(sample: Sample, classes: Sequence[int], boxes: Sequence[Corners]) -> dict[str, Any]:
    return {
        "image_size": [{"width": sample.width, "height": sample.height, "depth": 3}],
        "annotations": [
            {
                "class_id": class_id,
                "left": _number(x0),
                "top": _number(y0),
                "width": _number(x1 - x0),
                "height": _number(y1 - y0),
            }
            for class_id, (x0, y0, x1, y1) in zip(classes, boxes, strict=True)
        ],
    }


def _label_metadata(label: str, confidence: float, job: str, by_hand: str, created: datetime) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "job-name": job,
        "class-name": label,
        "human-annotated": by_hand,
        "creation-date": _timestamp(created),
        "type": "groundtruth/image-classification",
    }


def _box_metadata(
    objects: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    confidence: float,
    job: str,
    by_hand: str,
    created: datetime,
) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "job-name": job,
        "class-map": {str(i): label for i, label in enumerate(labels)},
        "human-annotated": by_hand,
        "creation-date": _timestamp(created),
        "type": "groundtruth/object-detection",
        "objects": list(objects),
    }


def _evaluation_details(outcome: Outcome) -> dict[str, Any]:
    return {
        "version": 1,
        "ground-truth-labelling-jobs": [TRAINING_JOB],
        **{flag: outcome is kind for kind, flag in _FLAGS.items()},
        "is-present-in-ground-truth": outcome in (Outcome.TRUE_POSITIVE, Outcome.FALSE_NEGATIVE),
    }


def _whole(box: Corners | None) -> Corners | None:
    """A predicted box in whole pixels, at least one wide and high."""
    if box is None:
        return None
    x0, y0, x1, y1 = map(round, box)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _number(value: float) -> int | float:
    """Pixels as labelling tools write them: an integer where it is one."""
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _timestamp(moment: datetime) -> str:
    """UTC with microseconds and no zone, as AWS writes it. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone: pass an aware datetime.")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
