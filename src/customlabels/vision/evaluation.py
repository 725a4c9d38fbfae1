"""What an evaluation says, and its form as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from customlabels.vision.counts import Counts
from customlabels.vision.curves import Curve
from customlabels.vision.intervals import Interval
from customlabels.vision.outcomes import Outcomes

Task = Literal["classification", "detection"]


@dataclass(frozen=True)
class LabelResult:
    """One label's scores at its assumed `threshold` in [0, 1], the counts they rest on and a 95 % interval of F1.

    `test_images` carry the label; with none of them all scores are 0. `average_precision` (area under the curve at
    IoU 0.5) and `highest_recall` (at any confidence) are None in classification.
    """

    label: str
    test_images: int
    tp: int
    fp: int
    fn: int
    precision: float
    recall: float
    f1: float
    f1_interval: Interval
    threshold: float
    curve: Curve
    average_precision: float | None = None
    highest_recall: float | None = None

    @property
    def counts(self) -> Counts:
        return Counts(self.tp, self.fp, self.fn)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of a model on a test set: `labels` in the model's order, and their means.

    `average_precision` and `average_recall` are mAP and mAR of detection at IoU 0.5. `confusion` (classification) holds
    for each true label, a row, the share of its images whose most confident label is each label. `outcomes` are in
    the order of the images that were given.
    """

    task: Task
    labels: tuple[LabelResult, ...]
    precision: float
    recall: float
    f1: float
    f1_interval: Interval
    average_precision: float | None
    average_recall: float | None
    confusion: tuple[tuple[float, ...], ...] | None
    outcomes: Outcomes

    @property
    def thresholds(self) -> dict[str, float]:
        """Assumed threshold in [0, 1] by label."""
        return {result.label: result.threshold for result in self.labels}

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; `from_json` gives the same evaluation back."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"labels": [asdict(result) for result in self.labels], "outcomes": self.outcomes.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Evaluation:
        """What `to_json` gave, also after a way through a file. Raises KeyError and TypeError for anything else."""
        labels = tuple(
            LabelResult(
                **item
                | {
                    "f1_interval": _interval(item["f1_interval"]),
                    "curve": Curve(**{name: tuple(values) for name, values in item["curve"].items()}),
                }
            )
            for item in data["labels"]
        )
        confusion = data["confusion"]
        return cls(
            **data
            | {
                "labels": labels,
                "f1_interval": _interval(data["f1_interval"]),
                "confusion": None if confusion is None else tuple(map(tuple, confusion)),
                "outcomes": Outcomes.from_json(data["outcomes"]),
            }
        )


def _interval(values: Sequence[float]) -> Interval:
    low, high = values
    return low, high
