"""What became of every prediction and every truth of a test set, image by image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Corners = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright image."""


class Outcome(IntEnum):
    """Truth and prediction compared, at the label's threshold."""

    TRUE_POSITIVE = 0
    FALSE_POSITIVE = 1
    FALSE_NEGATIVE = 2
    TRUE_NEGATIVE = 3

    @property
    def words(self) -> str:
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Item:
    """One outcome: `label` is an index, `confidence` in [0, 1].

    A false negative carries the confidence and box of the below-threshold prediction that matched it; confidence 0
    and no predicted box where there is none. Boxes are None in classification, and where there is no such box.
    """

    label: int
    outcome: Outcome
    confidence: float
    predicted: Corners | None = None
    truth: Corners | None = None


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Items of all images as columns, so that a million of them stay cheap.

    per_image (N,) int64: how many items each image has; the K items follow image by image. label (K,) and outcome (K,)
    int64; confidence (K,) float64; predicted and truth (K, 4) float64 corners in pixels, NaN for none, or None in
    classification, where true negatives are listed, too, and the items of an image are its labels in order.
    In detection the items of an image are sorted by confidence, highest first.
    """

    per_image: NDArray[np.int64]
    label: NDArray[np.int64]
    outcome: NDArray[np.int64]
    confidence: NDArray[np.float64]
    predicted: NDArray[np.float64] | None = None
    truth: NDArray[np.float64] | None = None

    @property
    def images(self) -> int:
        return len(self.per_image)

    def __iter__(self) -> Iterator[list[Item]]:
        """The items of one image after another."""
        predicted, truth = _corners(self.predicted), _corners(self.truth)
        labels, outcomes, confidences = self.label.tolist(), self.outcome.tolist(), self.confidence.tolist()
        start = 0
        for count in self.per_image.tolist():
            yield [
                Item(
                    labels[k],
                    Outcome(outcomes[k]),
                    confidences[k],
                    predicted[k] if predicted else None,
                    truth[k] if truth else None,
                )
                for k in range(start, start + count)
            ]
            start += count

    def to_json(self) -> dict[str, Any]:
        """Columns as lists."""
        columns: dict[str, Any] = {
            "per_image": self.per_image.tolist(),
            "label": self.label.tolist(),
            "outcome": self.outcome.tolist(),
            "confidence": self.confidence.tolist(),
        }
        return columns | {
            name: _corners(boxes)
            for name, boxes in (("predicted", self.predicted), ("truth", self.truth))
            if boxes is not None
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcomes:
        """What `to_json` wrote. Raises KeyError and ValueError where it is something else."""

        def boxes(name: str) -> NDArray[np.float64] | None:
            if name not in data:
                return None
            rows = [(np.nan,) * 4 if row is None else row for row in data[name]]
            return np.array(rows, dtype=np.float64).reshape(-1, 4)

        return cls(
            np.array(data["per_image"], dtype=np.int64),
            np.array(data["label"], dtype=np.int64),
            np.array(data["outcome"], dtype=np.int64),
            np.array(data["confidence"], dtype=np.float64),
            boxes("predicted"),
            boxes("truth"),
        )


def _corners(boxes: NDArray[np.float64] | None) -> list[Corners | None]:
    if boxes is None:
        return []
    rows: list[list[float]] = boxes.tolist()
    return [
        None if missing else (x0, y0, x1, y1)
        for missing, (x0, y0, x1, y1) in zip(np.isnan(boxes[:, 0]).tolist(), rows, strict=True)
    ]
