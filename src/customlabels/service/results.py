"""What a trained model is worth, for people who look at it: evaluation, test images, and two models compared."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Row

from customlabels.service.access.caller import Caller
from customlabels.service.errors import InvalidParameterException, ResourceNotReadyException
from customlabels.service.service import Service
from customlabels.service.versions import permitted
from customlabels.store.models import NoSuchModel
from customlabels.vision.evaluation import Evaluation
from customlabels.vision.outcomes import Corners, Item, Outcome

_SHORT = {
    Outcome.TRUE_POSITIVE: "TP",
    Outcome.FALSE_POSITIVE: "FP",
    Outcome.FALSE_NEGATIVE: "FN",
    Outcome.TRUE_NEGATIVE: "TN",
}
_SAME_PLACE = 0.5
"""Intersection over union from which a box of another label is taken for the same object."""


@dataclass(frozen=True)
class Tested:
    """A model's evaluation, and the images that it was tested on, in the order of its outcomes."""

    evaluation: Evaluation
    source_refs: Sequence[str]
    facts: Mapping[str, Any]
    losses: Sequence[Sequence[float]]

    @property
    def images(self) -> Iterator[tuple[str, list[Item]]]:
        return zip(self.source_refs, self.evaluation.outcomes, strict=True)


def progress(service: Service, caller: Caller, arn: str) -> dict[str, Any]:
    """Where a training is. Raises AccessDenied, ResourceNotFound."""
    with service.database.read() as connection:
        row = permitted(connection, caller, "DescribeProjectVersions", arn)
    known = row.progress or {}
    return {
        "Status": row.status,
        "StatusMessage": row.status_message,
        "Phase": known.get("Phase", "waiting"),
        "Fraction": known.get("Fraction", 0.0),
        "SecondsLeft": known.get("SecondsLeft"),
        "Losses": known.get("Losses", []),
        "Began": row.created / 1000,
    }


def evaluation(service: Service, caller: Caller, arn: str) -> dict[str, Any]:
    """Scores of a model and of each label with its curve, the confusions, and how it was trained.

    Raises AccessDenied, ResourceNotFound, ResourceNotReady.
    """
    tested = _tested(service, caller, arn)
    found = tested.evaluation
    names = [result.label for result in found.labels]
    return {
        "Task": found.task,
        "F1": found.f1,
        "F1Interval": list(found.f1_interval),
        "Precision": found.precision,
        "Recall": found.recall,
        "AveragePrecision": found.average_precision,
        "AverageRecall": found.average_recall,
        "Labels": [
            {
                "Label": result.label,
                "TestImages": result.test_images,
                "TP": result.tp,
                "FP": result.fp,
                "FN": result.fn,
                "Precision": result.precision,
                "Recall": result.recall,
                "F1": result.f1,
                "F1Interval": list(result.f1_interval),
                "Threshold": result.threshold,
                "AveragePrecision": result.average_precision,
                "Curve": {
                    "Thresholds": result.curve.thresholds,
                    "Precision": result.curve.precision,
                    "Recall": result.curve.recall,
                    "F1": result.curve.f1,
                },
            }
            for result in found.labels
        ],
        "Confusion": _confusion(tested, names),
        "TrainingImages": tested.facts["training_images"],
        "TestImages": tested.facts["test_images"],
        "Facts": {
            name: tested.facts.get(name) for name in ("effort", "seed", "backbone", "frame", "method", "versions")
        },
        "Losses": tested.losses,
    }


def test_images(service: Service, caller: Caller, arn: str) -> list[dict[str, Any]]:
    """The test images of a model, each with what became of every prediction and truth.

    Confidences are in percent, boxes are corners x0, y0, x1, y1 in pixels. Raises AccessDenied, ResourceNotFound,
    ResourceNotReady.
    """
    tested = _tested(service, caller, arn)
    names = [result.label for result in tested.evaluation.labels]
    return [
        {
            "SourceRef": source_ref,
            "Items": [
                {
                    "Label": names[item.label],
                    "Outcome": _SHORT[item.outcome],
                    "Confidence": 100 * item.confidence,
                    "Predicted": item.predicted,
                    "Truth": item.truth,
                }
                for item in items
            ],
        }
        for source_ref, items in tested.images
    ]


def compare(service: Service, caller: Caller, first: str, second: str) -> dict[str, Any]:
    """Two models of the same task on the test images that both were tested on.

    Raises AccessDenied, InvalidParameter where they have no image or task in common, ResourceNotFound,
    ResourceNotReady.
    """
    both = [_tested(service, caller, arn) for arn in (first, second)]
    if both[0].evaluation.task != both[1].evaluation.task:
        raise InvalidParameterException(
            "One model finds objects and the other classifies images: they have no measure."
        )
    items = [dict(tested.images) for tested in both]
    common = [source_ref for source_ref in both[0].source_refs if source_ref in items[1]]
    if not common:
        raise InvalidParameterException(
            "The two models were tested on different images. Train both with the same test dataset to compare them."
        )
    names = [[result.label for result in tested.evaluation.labels] for tested in both]
    counted = [_counts([items[i][ref] for ref in common], names[i]) for i in (0, 1)]
    labels = list(dict.fromkeys((*names[0], *names[1])))
    scores = [[_scores(counts.get(label, Counter())) for label in labels] for counts in counted]
    return {
        "CommonImages": len(common),
        "TestImages": [len(tested.source_refs) for tested in both],
        "F1": [_mean([s["F1"] for s in scores[i] if s["TP"] + s["FN"]]) for i in (0, 1)],
        "Labels": [{"Label": label, "First": scores[0][k], "Second": scores[1][k]} for k, label in enumerate(labels)],
        "Images": [
            {"SourceRef": ref, "First": _wrong(items[0][ref]), "Second": _wrong(items[1][ref])} for ref in common
        ],
    }


def write_model(service: Service, caller: Caller, arn: str, file: IO[bytes]) -> str:
    """Write a model's folder into a file as a ZIP; returns a name for it.

    Raises AccessDenied, ResourceNotFound, ResourceNotReady.
    """
    row, folder = _folder(service, caller, arn)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{row.name}/{path.name}")
    return f"{row.name}.zip"


def _tested(service: Service, caller: Caller, arn: str) -> Tested:
    row, folder = _folder(service, caller, arn)
    found = Evaluation.from_json(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")))
    with (folder / "TestingGroundTruth.json").open(encoding="utf-8") as lines:
        refs = [json.loads(line)["source-ref"] for line in lines]
    facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return Tested(found, refs, facts, (row.progress or {}).get("Losses", []))


def _folder(service: Service, caller: Caller, arn: str) -> tuple[Row[Any], Path]:
    with service.database.read() as connection:
        row = permitted(connection, caller, "DescribeProjectVersions", arn)
    if row.model is None or row.status == "DELETING":
        raise ResourceNotReadyException(f"The model version {row.name} is {row.status}: it has no results.")
    try:
        return row, service.model_folder(row.model)
    except NoSuchModel as error:
        raise ResourceNotReadyException(f"The results of the model version {row.name} are lost. {error}") from error


def _confusion(tested: Tested, names: Sequence[str]) -> dict[str, Any]:
    """Counts: rows are true labels and at last "nothing", columns what was predicted and at last "nothing"."""
    size = len(names)
    counts = [[0] * (size + 1) for _ in range(size + 1)]
    for _, items in tested.images:
        pairs = _pairs_of_boxes(items) if tested.evaluation.task == "detection" else _pairs_of_labels(items)
        for truth, predicted in pairs:
            counts[size if truth is None else truth][size if predicted is None else predicted] += 1
    return {"Labels": list(names), "Counts": counts}


def _pairs_of_boxes(items: Sequence[Item]) -> Iterator[tuple[int | None, int | None]]:
    """Each truth with the prediction at its place, right or wrong."""
    missed = [item for item in items if item.outcome == Outcome.FALSE_NEGATIVE]
    for item in items:
        if item.outcome == Outcome.TRUE_POSITIVE:
            yield item.label, item.label
        elif item.outcome == Outcome.FALSE_POSITIVE:
            near = [other for other in missed if _overlap(other.truth, item.predicted) >= _SAME_PLACE]
            best = max(near, key=lambda other: _overlap(other.truth, item.predicted), default=None)
            if best is not None:
                missed.remove(best)
            yield None if best is None else best.label, item.label
    for item in missed:
        yield item.label, None


def _pairs_of_labels(items: Sequence[Item]) -> Iterator[tuple[int | None, int | None]]:
    """Missed labels of an image are paired with the false ones, the surest first."""
    missed = sorted((i for i in items if i.outcome == Outcome.FALSE_NEGATIVE), key=lambda i: -i.confidence)
    false = sorted((i for i in items if i.outcome == Outcome.FALSE_POSITIVE), key=lambda i: -i.confidence)
    for item in items:
        if item.outcome == Outcome.TRUE_POSITIVE:
            yield item.label, item.label
    for i in range(max(len(missed), len(false))):
        yield missed[i].label if i < len(missed) else None, false[i].label if i < len(false) else None


def _overlap(a: Corners | None, b: Corners | None) -> float:
    if a is None or b is None:
        return 0.0
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (areas - width * height)


def _counts(images: Sequence[Sequence[Item]], names: Sequence[str]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for items in images:
        for item in items:
            counts.setdefault(names[item.label], Counter())[_SHORT[item.outcome]] += 1
    return counts


def _scores(counts: Counter[str]) -> dict[str, Any]:
    tp, fp, fn = counts["TP"], counts["FP"], counts["FN"]
    return {"TP": tp, "FP": fp, "FN": fn, "F1": 2 * tp / (2 * tp + fp + fn) if tp else 0.0}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _wrong(items: Sequence[Item]) -> int:
    return sum(item.outcome in (Outcome.FALSE_POSITIVE, Outcome.FALSE_NEGATIVE) for item in items)
