"""From the raw outputs of a detection network to boxes: threshold, non-maximum suppression, back to image pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes, Letterbox, clip, nms
from customlabels.vision.predictions import Boxed

LEAST_SCORE = 0.0005
"""Boxes below this confidence are noise and never leave the network's side."""
MOST_BOXES = 300
"""Boxes kept per image, the most confident."""
MOST_CANDIDATES = 4000
"""Pairs of a box and a label that enter the suppression, the most confident: bounds its time whatever the labels."""
OVERLAP = 0.5
"""Of two boxes of one label with a larger IoU, the less confident goes."""


def to_boxed(boxes: Boxes, confidence: NDArray[np.float32], placement: Letterbox, width: int, height: int) -> Boxed:
    """One image's boxes (A, 4) in frame pixels and confidences (A, L) to what was found, best first.

    The result is in pixels of the width x height image that `placement` put into the frame.
    """
    scores = np.where(confidence >= LEAST_SCORE, confidence, 0)
    if np.count_nonzero(scores) > MOST_CANDIDATES:
        scores = np.where(scores >= np.partition(scores, -MOST_CANDIDATES, axis=None)[-MOST_CANDIDATES], scores, 0)
    parts = []
    for label in np.flatnonzero(scores.any(0)):
        candidates = np.flatnonzero(scores[:, label])
        kept = candidates[nms(boxes[candidates], scores[candidates, label], OVERLAP)]
        parts.append((kept, np.full(len(kept), label, dtype=np.int64)))
    if not parts:
        return Boxed(boxes[:0], np.zeros(0, np.int64), np.zeros(0, np.float32))
    rows = np.concatenate([kept for kept, _ in parts])
    classes = np.concatenate([labels for _, labels in parts])
    certain = confidence[rows, classes].astype(np.float32)
    order = np.argsort(-certain, kind="stable")[:MOST_BOXES]
    found = clip(placement.invert(boxes[rows[order]]), width, height)
    return Boxed(found, classes[order], certain[order])
