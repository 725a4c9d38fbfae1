"""Precision, recall and F1 from counts: the one place where these ratios are computed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives. Raises ValueError where one is negative."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __post_init__(self) -> None:
        if min(self.tp, self.fp, self.fn) < 0:
            raise ValueError(f"Counts must not be negative: {self}.")

    @property
    def positives(self) -> int:
        """What there was to find."""
        return self.tp + self.fn

    @property
    def precision(self) -> float:
        """TP / (TP + FP), 0.0 where nothing was predicted."""
        return self.tp / (self.tp + self.fp) if self.tp else 0.0

    @property
    def recall(self) -> float:
        """TP / (TP + FN), 0.0 where there was nothing to find."""
        return self.tp / (self.tp + self.fn) if self.tp else 0.0

    @property
    def f1(self) -> float:
        """2PR / (P + R), computed from the two ratios, which gives AWS's published figures to the last digit."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if self.tp else 0.0


def mean(values: Iterable[float]) -> float:
    """Mean that does not depend on the order of the values; 0.0 of none."""
    listed = list(values)
    return math.fsum(listed) / len(listed) if listed else 0.0
