"""Which predicted box found which true box: greedy matching by confidence, per label and image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import iou
from customlabels.vision.predictions import Boxed

IOU = 0.5
"""A prediction finds a true box when they overlap at least so much."""


def match(truths: Sequence[Boxed], predictions: Sequence[Boxed]) -> NDArray[np.int64]:
    """For every prediction of all images in turn the true box of its image that it found, or -1: (P,) int64.

    Predictions choose in order of confidence, ties in the order given; each takes, of its own label, the true box of
    the highest IoU >= 0.5 that is still free. What a prediction gets depends only on more confident ones, so the
    matching above any threshold is this matching with the rest left out.
    """
    found = np.full(sum(map(len, predictions)), -1, dtype=np.int64)
    start = 0
    for truth, predicted in zip(truths, predictions, strict=True):
        if len(truth) and len(predicted):
            found[start : start + len(predicted)] = _match_image(truth, predicted)
        start += len(predicted)
    return found


def _match_image(truth: Boxed, predicted: Boxed) -> NDArray[np.int64]:
    order = np.argsort(-predicted.scores, kind="stable")
    overlap = iou(predicted.boxes[order], truth.boxes)
    overlap[predicted.classes[order, None] != truth.classes[None]] = 0.0
    rank, true = np.nonzero(overlap >= IOU)
    choice = np.lexsort((-overlap[rank, true], rank))  # by confidence, and for one prediction by IoU
    found = np.full(len(predicted), -1, dtype=np.int64)
    taken: set[int] = set()
    for r, t in zip(rank[choice].tolist(), true[choice].tolist(), strict=True):
        if found[order[r]] < 0 and t not in taken:
            found[order[r]] = t
            taken.add(t)
    return found
