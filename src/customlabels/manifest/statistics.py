"""What a dataset holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from customlabels.manifest.entry import Dataset


@dataclass(frozen=True)
class LabelCount:
    """`images` carry the label, `boxed_images` of them on a box; `boxes` are all boxes with the label."""

    label: str
    images: int
    boxed_images: int
    boxes: int


@dataclass(frozen=True)
class Statistics:
    """Numbers of images, and of boxes, labels and problems.

    Every image is one of labeled, negatives (looked at, nothing there) and unlabeled; `with_errors` may be any of
    them. `dropped` are lines or files that are no image of the dataset. `problems` counts codes, `split` images of
    "train" and "test" where the source says so.
    """

    images: int
    labeled: int
    negatives: int
    unlabeled: int
    with_errors: int
    dropped: int
    boxes: int
    labels: tuple[LabelCount, ...]
    problems: Mapping[str, int]
    split: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries and lists."""
        return asdict(self)


def statistics(dataset: Dataset) -> Statistics:
    """Counts a dataset. Labels come in the order of `dataset.labels`, those without images included."""
    images: Counter[str] = Counter()
    boxed: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    codes: Counter[str] = Counter(p.code for p in dataset.dropped)
    split: Counter[str] = Counter()
    labeled = negatives = with_errors = 0
    for entry in dataset.entries:
        on_boxes = [box.label for box in entry.boxes or ()]
        images.update(entry.all_labels)
        boxes.update(on_boxes)
        boxed.update(set(on_boxes))
        codes.update(p.code for p in entry.problems)
        labeled += entry.is_labeled
        negatives += entry.boxes == () and not entry.labels
        with_errors += entry.has_errors
        if entry.source_ref in dataset.split:
            split[dataset.split[entry.source_ref]] += 1
    names = dict.fromkeys((*dataset.labels, *images))
    return Statistics(
        images=len(dataset),
        labeled=labeled,
        negatives=negatives,
        unlabeled=len(dataset) - labeled - negatives,
        with_errors=with_errors,
        dropped=len(dataset.dropped),
        boxes=boxes.total(),
        labels=tuple(LabelCount(name, images[name], boxed[name], boxes[name]) for name in names),
        problems=dict(sorted(codes.items())),
        split=dict(sorted(split.items())),
    )
