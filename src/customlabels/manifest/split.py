"""Divides a dataset into training and test images, each label in proportion.

Iterative stratification: K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML PKDD
2011, here with all labels of an image weighed where its rarest leaves the choice, and with repairs for labels with few
images. The time grows with the number of labels that all images carry, not with images times labels.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from customlabels.manifest.entry import Entry

BOTH_SIDES_FROM = 5
"""A label with this many different images occurs in training and test."""

_NEGATIVE = "\0negative"
"""Stands in for a label on images that were looked at and have none, so that they too are split in proportion."""


@dataclass(frozen=True)
class _Unit:
    """Images that must stay together: positions in the list of entries, and all their labels."""

    members: tuple[int, ...]
    labels: tuple[str, ...]


def split(
    entries: Sequence[Entry],
    fraction: float = 0.2,
    seed: int = 0,
    fingerprint: Callable[[Entry], str] | None = None,
) -> tuple[list[Entry], list[Entry]]:
    """Training and test entries, both in their old order; every entry is in exactly one of the two.

    The test set gets `fraction` of the annotated images (at least one), give or take one for each label. Each label
    with two or more images keeps one in training, each with five or more occurs in both. Images with one `fingerprint`
    (default: the source-ref) stay together. Images without any annotation stay in training. The same entries in
    whatever order, with the same seed, give the same sets. Raises ValueError unless 0 < fraction < 1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"The test fraction is {fraction}; it must be above 0 and below 1.")
    units = _units(entries, fingerprint)
    random.Random(seed).shuffle(units)
    sides = _Sides(units, fraction)
    sides.stratify()
    sides.repair()
    test = {i for unit, in_test in zip(units, sides.in_test, strict=True) if in_test for i in unit.members}
    return [e for i, e in enumerate(entries) if i not in test], [e for i, e in enumerate(entries) if i in test]


def labels_too_rare(entries: Sequence[Entry], minimum: int = 2) -> list[str]:
    """The labels with fewer than `minimum` images: with those an automatic split is impossible."""
    counts = Counter(label for entry in entries for label in entry.all_labels)
    return [label for label, n in counts.items() if n < minimum]


def _units(entries: Sequence[Entry], fingerprint: Callable[[Entry], str] | None) -> list[_Unit]:
    groups: dict[str, list[int]] = {}
    for i in sorted(range(len(entries)), key=lambda i: entries[i].source_ref):
        entry = entries[i]
        if entry.labels or entry.boxes is not None:
            groups.setdefault(fingerprint(entry) if fingerprint else entry.source_ref, []).append(i)
    units = []
    for members in groups.values():
        labels = dict.fromkeys(label for i in members for label in entries[i].all_labels)
        units.append(_Unit(tuple(members), tuple(labels) or (_NEGATIVE,)))
    return units


class _Sides:
    """Which units are in the test set, and how many images (`size`) and units of each label each side has."""

    def __init__(self, units: list[_Unit], fraction: float) -> None:
        self.units = units
        self.fraction = fraction
        self.in_test = [False] * len(units)
        self.with_label: dict[str, list[int]] = {}
        images: Counter[str] = Counter()
        for i, unit in enumerate(units):
            for label in unit.labels:
                self.with_label.setdefault(label, []).append(i)
                images[label] += len(unit.members)
        self.images = images
        self.total = sum(len(unit.members) for unit in units)
        self.target = max(round(fraction * self.total), min(1, len(units) - 1))
        self.test_size = 0
        self.test_images: Counter[str] = Counter()
        self.test_units: Counter[str] = Counter()

    def stratify(self) -> None:
        """Rarest label first: each of its units goes to the side that lacks its labels, this one before all others.

        What the test set lacks of a label is the fraction of its images placed so far less those placed in the test
        set. The side is the one that leaves the smaller sum of squares of what is lacking, over the unit's labels and
        over all images, unless the label itself would get further than one image from its share.
        """
        lacking = dict.fromkeys(self.with_label, 0.0)
        lacking_in_all = 0.0
        left = {label: len(units) for label, units in self.with_label.items()}
        placed = [False] * len(self.units)
        order = {label: i for i, label in enumerate(self.with_label)}
        heap = [(n, order[label], label) for label, n in left.items()]
        heapq.heapify(heap)
        while heap:
            n, _, label = heapq.heappop(heap)
            if n != left[label] or n == 0:
                continue  # counted anew since, and in the heap with that count
            touched = set()
            for i in self.with_label[label]:
                if placed[i]:
                    continue
                placed[i] = True
                unit = self.units[i]
                weight = len(unit.members)
                balance = weight * (0.5 - self.fraction)
                own = lacking[label] - balance
                if abs(own) <= weight:
                    own = lacking_in_all - balance + sum(lacking[other] - balance for other in unit.labels)
                change = weight * self.fraction
                if own > 0:
                    self._move(i)
                    change -= weight
                lacking_in_all += change
                for other in unit.labels:
                    lacking[other] += change
                    left[other] -= 1
                    touched.add(other)
            for other in touched:
                if left[other]:
                    heapq.heappush(heap, (left[other], order[other], other))

    def repair(self) -> None:
        """Gives every label its training image, labels with enough images a test image, and the test set its size."""
        for label, units in self.with_label.items():
            if len(units) - self.test_units[label] == 0:
                self._move(min(units, key=lambda i: len(self.units[i].members)))
        for label, units in self.with_label.items():
            if len(units) >= BOTH_SIDES_FROM and self.test_units[label] == 0:
                movable = [i for i in units if self._can_move(i)]
                if movable:
                    self._move(min(movable, key=lambda i: len(self.units[i].members)))
        if self.test_size < self.target:
            self._fill(to_test=True)
        elif self.test_size > self.target + len(self.with_label):
            self._fill(to_test=False)
        self._cover()

    def _cover(self) -> None:
        """Tests at least half of the labels, and at least one, where their images can be spared.

        With few images a label a fifth of all would test too few of the labels to say anything about the model.
        """
        names = [label for label in self.with_label if label != _NEGATIVE]
        untested = [label for label in names if self.test_units[label] == 0]
        for label in untested:
            if 2 * sum(self.test_units[name] > 0 for name in names) >= len(names) > 0:
                return
            movable = [i for i in self.with_label[label] if not self.in_test[i] and self._can_move(i)]
            if movable and self.test_units[label] == 0:
                self._move(min(movable, key=lambda i: len(self.units[i].members)))

    def _fill(self, to_test: bool) -> None:
        """Moves units, those whose labels gain most by it first, until the test set has its size."""
        bound = self.target if to_test else self.target + len(self.with_label)
        sign = 1 if to_test else -1
        candidates = [(self._loss(i, sign), i) for i in range(len(self.units)) if self.in_test[i] != to_test]
        heapq.heapify(candidates)
        while candidates and sign * (bound - self.test_size) > 0:
            loss, i = heapq.heappop(candidates)
            now = self._loss(i, sign)
            if now > loss + 1e-9:
                heapq.heappush(candidates, (now, i))
            elif self._can_move(i) and (not to_test or self._has_room(i)):
                self._move(i)

    def _has_room(self, i: int) -> bool:
        return self.test_size == 0 or self.test_size + len(self.units[i].members) <= self.target

    def _loss(self, i: int, sign: int) -> float:
        """How far the test set is above its share of the unit's labels on average; negative where it lacks them."""
        labels = self.units[i].labels
        surplus = sum(self.test_images[label] - self.fraction * self.images[label] for label in labels)
        return sign * surplus / len(labels)

    def _can_move(self, i: int) -> bool:
        """Whether the unit's side can spare it."""
        for label in self.units[i].labels:
            n, in_test = len(self.with_label[label]), self.test_units[label]
            if self.in_test[i]:
                if n >= BOTH_SIDES_FROM and in_test == 1:
                    return False
            elif n - in_test == 1:
                return False
        return True

    def _move(self, i: int) -> None:
        self.in_test[i] = not self.in_test[i]
        sign = 1 if self.in_test[i] else -1
        size = sign * len(self.units[i].members)
        self.test_size += size
        for label in self.units[i].labels:
            self.test_images[label] += size
            self.test_units[label] += sign
