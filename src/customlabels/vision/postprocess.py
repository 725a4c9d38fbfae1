"""From the raw outputs of a detection network to boxes: threshold, non-maximum suppression, back to image pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes, Letterbox, clip, nms
from customlabels.vision.predictions import Boxed

LEAST_SCORE = 0.01
"""Boxes below this confidence are noise and never leave the network's side."""
MOST_BOXES = 300
"""Boxes kept per image, the most confident."""
OVERLAP = 0.5
"""Of two boxes of one label with a larger IoU, the less confident goes."""


def to_boxed(boxes: Boxes, confidence: NDArray[np.float32], placement: Letterbox, width: int, height: int) -> Boxed:
    """One image's boxes (A, 4) in frame pixels and confidences (A, L) to what was found, best first.

    The result is in pixels of the width x height image that `placement` put into the frame.
    """
    parts = []
    for label in range(confidence.shape[1]):
        scores = confidence[:, label]
        candidates = np.flatnonzero(scores >= LEAST_SCORE)
        candidates = candidates[np.argsort(-scores[candidates], kind="stable")][: 4 * MOST_BOXES]
        kept = candidates[nms(boxes[candidates], scores[candidates], OVERLAP)]
        parts.append((kept, np.full(len(kept), label, dtype=np.int64)))
    rows = np.concatenate([kept for kept, _ in parts])
    classes = np.concatenate([labels for _, labels in parts])
    scores = confidence[rows, classes].astype(np.float32)
    order = np.argsort(-scores, kind="stable")[:MOST_BOXES]
    found = clip(placement.invert(boxes[rows[order]]), width, height)
    return Boxed(found, classes[order], scores[order])
