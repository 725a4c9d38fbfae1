"""Precision and recall of one label over all thresholds: the best threshold, the area, and points to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customlabels.vision.counts import Counts

POINTS = 200
"""A curve that is kept has at most so many points."""
NO_POSITIVES_THRESHOLD = 0.5
"""Threshold of a label that no test image carries."""


@dataclass(frozen=True)
class Curve:
    """Points by descending threshold, equally long: what precision, recall and F1 are at and above each threshold."""

    thresholds: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]


@dataclass(frozen=True)
class Sweep:
    """Counts of one label at every confidence that occurs.

    thresholds (K,) float64, descending and distinct; tp and predicted (K,) int64 count predictions of at least that
    confidence; positives is what there was to find.
    """

    thresholds: NDArray[np.float64]
    tp: NDArray[np.int64]
    predicted: NDArray[np.int64]
    positives: int

    @classmethod
    def of(cls, confidences: NDArray[np.floating[Any]], hits: NDArray[np.bool_], positives: int) -> Sweep:
        """From predictions (P,) in any order and whether each is right (P,)."""
        order = np.argsort(-confidences, kind="stable")
        descending = np.asarray(confidences[order], dtype=np.float64)
        last = np.flatnonzero(np.diff(descending, append=-np.inf))  # the last of equal confidences
        tp = np.cumsum(hits[order], dtype=np.int64)[last]
        return cls(descending[last], tp, (last + 1).astype(np.int64), positives)

    def best_threshold(self) -> float:
        """The highest threshold among those with the best F1.

        1.0 where no threshold gets anything right (nothing is worth returning), 0.5 where there was nothing to find.
        """
        if not self.positives:
            return NO_POSITIVES_THRESHOLD
        # One division of integers rounds the same for equal F1, so ties are found exactly; argmax takes the first.
        f1 = 2 * self.tp / (self.predicted + self.positives)
        return float(self.thresholds[f1.argmax()]) if f1.any() else 1.0

    def counts_at(self, threshold: float) -> Counts:
        """Counts when predictions of at least this confidence are taken."""
        k = int(np.searchsorted(-self.thresholds, -threshold, side="right"))
        tp, predicted = (int(self.tp[k - 1]), int(self.predicted[k - 1])) if k else (0, 0)
        return Counts(tp, predicted - tp, self.positives - tp)

    def average_precision(self) -> float:
        """Area under the precision/recall curve, all-point interpolation (as PASCAL VOC 2010 and later)."""
        if not self.positives:
            return 0.0
        envelope = np.maximum.accumulate((self.tp / self.predicted)[::-1])[::-1]
        return float((np.diff(self.tp, prepend=0) * envelope).sum() / self.positives)

    def highest_recall(self) -> float:
        """Recall when every prediction is taken."""
        return self.counts_at(-np.inf).recall

    def curve(self, threshold: float) -> Curve:
        """At most POINTS points, spread evenly along the curve's length, both ends and `threshold` among them."""
        thresholds = np.union1d(self._spread(), [threshold])[::-1]
        counts = [self.counts_at(t) for t in thresholds]
        return Curve(
            tuple(thresholds.tolist()),
            tuple(c.precision for c in counts),
            tuple(c.recall for c in counts),
            tuple(c.f1 for c in counts),
        )

    def _spread(self) -> NDArray[np.float64]:
        if len(self.thresholds) < POINTS:
            return self.thresholds
        coordinates = np.stack([self.thresholds, self.tp / self.predicted, self.tp / max(1, self.positives)], 1)
        length = np.cumsum(np.abs(np.diff(coordinates, axis=0, prepend=coordinates[:1])).sum(1))
        picked = np.searchsorted(length, np.linspace(0, length[-1], POINTS - 2))
        return self.thresholds[[*picked, -1]]
