"""A test set's truth against a model's answers: per label the assumed threshold, precision, recall and F1.

Counts are of boxes in detection and of (image, label) pairs in classification. The assumed threshold of a label is
the highest of those with its best F1 on the test set. Aggregates are unweighted means over the labels that the test
set carries (macro averages); the aggregate F1 is the mean of the labels' F1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customlabels.vision.counts import mean
from customlabels.vision.curves import Sweep
from customlabels.vision.evaluation import Evaluation, LabelResult, Task
from customlabels.vision.intervals import f1_interval, mean_interval
from customlabels.vision.matching import match
from customlabels.vision.outcomes import Outcome, Outcomes
from customlabels.vision.predictions import Boxed

__all__ = ["Evaluation", "LabelResult", "Task", "evaluate_classification", "evaluate_detection"]


def evaluate_detection(
    labels: Sequence[str],
    truths: Sequence[Boxed],
    predictions: Sequence[Boxed],
    thresholds: Mapping[str, float] | None = None,
) -> Evaluation:
    """Scores of predicted boxes, one Boxed an image; predictions are to be unfiltered (all confidences, after NMS).

    `thresholds` by label, in [0, 1], take the place of those with the best F1 on this set.
    Raises ValueError where labels repeat, the numbers of images differ, a class is no index of `labels` or a score
    is not in [0, 1].
    """
    _check_labels(labels)
    if len(truths) != len(predictions):
        raise ValueError(f"{len(truths)} images with true boxes, but {len(predictions)} with predictions.")
    true = _Columns.of(truths, len(labels))
    predicted = _Columns.of(predictions, len(labels))
    _check_confidences(predicted.scores)
    found = match(truths, predictions)
    first_true = np.cumsum([0, *map(len, truths)])
    owner = np.where(found >= 0, found + first_true[predicted.image], -1)  # among the true boxes of all images
    carried = np.unique(np.stack([true.image, true.classes], 1), axis=0)[:, 1]
    test_images = np.bincount(carried, minlength=len(labels))
    positives = np.bincount(true.classes, minlength=len(labels))
    ends = np.cumsum(np.bincount(predicted.classes, minlength=len(labels)))
    by_label = np.split(np.argsort(predicted.classes, kind="stable"), ends[:-1])
    results = [
        _label_result(
            label,
            int(test_images[i]),
            Sweep.of(predicted.scores[by_label[i]], owner[by_label[i]] >= 0, int(positives[i])),
            "detection",
            None if thresholds is None else thresholds[label],
        )
        for i, label in enumerate(labels)
    ]
    used = np.array([result.threshold for result in results])
    return _evaluation("detection", results, _box_outcomes(len(truths), true, predicted, owner, used))


def evaluate_classification(
    labels: Sequence[str],
    truths: NDArray[np.bool_],
    confidences: NDArray[np.floating[Any]],
    thresholds: Mapping[str, float] | None = None,
) -> Evaluation:
    """Scores of independent confidences (N, L) in [0, 1] against which labels each image carries (N, L).

    `thresholds` by label, in [0, 1], take the place of those with the best F1 on this set.
    Raises ValueError where labels repeat, the shapes disagree or a confidence is not in [0, 1].
    """
    _check_labels(labels)
    truths = np.asarray(truths, dtype=bool)
    if truths.ndim != 2 or truths.shape != confidences.shape or truths.shape[1] != len(labels):
        raise ValueError(
            f"Truths {truths.shape} and confidences {confidences.shape} must both be (images, {len(labels)} labels)."
        )
    _check_confidences(confidences)
    positives = truths.sum(0)
    results = [
        _label_result(
            label,
            int(positives[i]),
            Sweep.of(confidences[:, i], truths[:, i], int(positives[i])),
            "classification",
            None if thresholds is None else thresholds[label],
        )
        for i, label in enumerate(labels)
    ]
    certain: NDArray[np.float64] = confidences.astype(np.float64)
    above = certain >= np.array([result.threshold for result in results])
    outcome = np.select(
        [truths & above, ~truths & above, truths],
        [Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE, Outcome.FALSE_NEGATIVE],
        Outcome.TRUE_NEGATIVE,
    )
    outcomes = Outcomes(
        per_image=np.full(len(truths), len(labels), dtype=np.int64),
        label=np.tile(np.arange(len(labels), dtype=np.int64), len(truths)),
        outcome=outcome.astype(np.int64).ravel(),
        confidence=certain.ravel(),
    )
    return _evaluation("classification", results, outcomes, confusion=_confusion(truths, certain))


@dataclass(frozen=True)
class _Columns:
    """The boxes of all images one after another, and the image of each."""

    image: NDArray[np.int64]
    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, images: Sequence[Boxed], labels: int) -> _Columns:
        image = np.repeat(np.arange(len(images)), np.array([len(boxed) for boxed in images], dtype=np.int64))
        boxes = np.concatenate([np.zeros((0, 4)), *(boxed.boxes for boxed in images)], dtype=np.float64)
        classes = np.concatenate([np.zeros(0, dtype=np.int64), *(boxed.classes for boxed in images)])
        scores = np.concatenate([np.zeros(0), *(boxed.scores for boxed in images)], dtype=np.float64)
        if len(classes) and not 0 <= classes.min() <= classes.max() < labels:
            raise ValueError(f"Classes {classes.min()} to {classes.max()} must be indices of the {labels} labels.")
        # A hundredth of a pixel is plenty to show, and keeps the file small; matching used the boxes as they are.
        return cls(image, np.round(boxes, 2), classes, scores)


def _label_result(
    label: str, test_images: int, sweep: Sweep, task: Task, threshold: float | None = None
) -> LabelResult:
    threshold = sweep.best_threshold() if threshold is None else threshold
    counts = sweep.counts_at(threshold)
    return LabelResult(
        label=label,
        test_images=test_images,
        tp=counts.tp,
        fp=counts.fp,
        fn=counts.fn,
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        f1_interval=f1_interval(counts),
        threshold=threshold,
        curve=sweep.curve(threshold),
        average_precision=sweep.average_precision() if task == "detection" else None,
        highest_recall=sweep.highest_recall() if task == "detection" else None,
    )


def _evaluation(
    task: Task,
    results: Sequence[LabelResult],
    outcomes: Outcomes,
    confusion: tuple[tuple[float, ...], ...] | None = None,
) -> Evaluation:
    tested = [result for result in results if result.test_images]
    areas = [r.average_precision for r in tested if r.average_precision is not None]
    recalls = [r.highest_recall for r in tested if r.highest_recall is not None]
    return Evaluation(
        task=task,
        labels=tuple(results),
        precision=mean(result.precision for result in tested),
        recall=mean(result.recall for result in tested),
        f1=mean(result.f1 for result in tested),
        f1_interval=mean_interval([result.f1 for result in tested], [result.f1_interval for result in tested]),
        average_precision=mean(areas) if task == "detection" else None,
        average_recall=mean(recalls) if task == "detection" else None,
        confusion=confusion,
        outcomes=outcomes,
    )


def _box_outcomes(
    images: int, true: _Columns, predicted: _Columns, owner: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> Outcomes:
    """Every prediction above its threshold or on a true box, and every true box that no prediction is on."""
    above = predicted.scores >= thresholds[predicted.classes]
    kept = np.flatnonzero(above | (owner >= 0))
    missed = np.setdiff1d(np.arange(len(true.image)), owner)
    outcome = np.select(
        [above[kept] & (owner[kept] >= 0), above[kept]],
        [Outcome.TRUE_POSITIVE, Outcome.FALSE_POSITIVE],
        Outcome.FALSE_NEGATIVE,
    )
    nothing = np.full((len(missed), 4), np.nan)
    truth = np.full((len(kept), 4), np.nan)
    truth[owner[kept] >= 0] = true.boxes[owner[kept][owner[kept] >= 0]]
    image = np.concatenate([predicted.image[kept], true.image[missed]])
    confidence = np.concatenate([predicted.scores[kept], np.zeros(len(missed))])
    order = np.lexsort((-confidence, image))
    return Outcomes(
        per_image=np.bincount(image, minlength=images).astype(np.int64),
        label=np.concatenate([predicted.classes[kept], true.classes[missed]])[order],
        outcome=np.concatenate([outcome, np.full(len(missed), Outcome.FALSE_NEGATIVE)]).astype(np.int64)[order],
        confidence=confidence[order],
        predicted=np.concatenate([predicted.boxes[kept], nothing])[order],
        truth=np.concatenate([truth, true.boxes[missed]])[order],
    )


def _confusion(truths: NDArray[np.bool_], confidences: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """Rows of true labels; an image with several counts once for each of them. A row without images is all 0."""
    labels = truths.shape[1]
    image, true = np.nonzero(truths)
    top = confidences.argmax(1)[image]
    counts = np.zeros((labels, labels))
    np.add.at(counts, (true, top), 1)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    return tuple(tuple(row) for row in shares.tolist())


def _check_labels(labels: Sequence[str]) -> None:
    if not labels or len(set(labels)) < len(labels):
        raise ValueError(f"Labels must be one or more different names, not {list(labels)}.")


def _check_confidences(values: NDArray[np.floating[Any]]) -> None:
    if len(values) and not (np.min(values) >= 0 and np.max(values) <= 1):
        raise ValueError("Confidences must be numbers in [0, 1].")
