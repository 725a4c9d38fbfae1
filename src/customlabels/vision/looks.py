"""A second look at what a detector found: each box is cut out of the picture, enlarged, and named again.

A detector sees the whole picture in a small frame, where marks by which labels differ, such as the rank of a playing
card, vanish. It finds the box all the same; a classifier that sees nothing but the box can read the name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes, nms
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.framing import Framed

SIDE = 160
"""Side of the square, in pixels, in which a box is looked at."""
MARGIN = 0.1
"""Of the box's sides, taken along on each side: a box is never exact."""
LEAST_FOUND = 0.0005
"""Boxes of less confidence are not looked at again, and are dropped."""
MOST_LOOKS = 100
"""Boxes looked at in one picture, the most confident."""
MOST_CANDIDATES = 2000
"""Boxes that enter the suppression, the most confident: bounds its time."""
OVERLAP = 0.5
"""Of two boxes with a larger IoU, whatever their labels, the less confident is the same thing found twice."""

Namer = Callable[[NDArray[Any]], tuple[NDArray[Any], ...]]
"""From crops uint8 (K, SIDE, SIDE, 3) to the chance of each label, (K, L), in a tuple of one."""


def crop(pixels: Pixels, box: NDArray[np.float32]) -> Pixels:
    """The part of a picture (H, W, 3) in a box of its pixels and a margin around, at least 2 x 2 pixels."""
    height, width = pixels.shape[:2]
    margin = MARGIN * (box[2:] - box[:2])
    low, high = np.round(box[:2] - margin), np.round(box[2:] + margin)
    x0, y0 = (max(0, min(int(value), side - 2)) for value, side in zip(low, (width, height), strict=True))
    x1, y1 = max(int(high[0]), x0 + 2), max(int(high[1]), y0 + 2)
    return pixels[y0:y1, x0:x1]


def look_again(
    boxes: Boxes, confidence: NDArray[np.float32], framed: Framed, namer: Namer, frame: tuple[int, int] = (SIDE, SIDE)
) -> tuple[Boxes, NDArray[np.float32]]:
    """The boxes (K, 4) that were found, of (A, 4) in frame pixels, and their confidences (K, L), of (A, L).

    `frame` is the size of the namer's input, (height, width) in pixels.
    How sure it is that something is there stays with the detector. Its name is what detector and second look agree
    on: the geometric mean of both.
    """
    found = confidence.max(1)
    likely = np.argsort(-found, kind="stable")[:MOST_CANDIDATES]
    likely = likely[found[likely] >= LEAST_FOUND]
    likely = likely[nms(boxes[likely], found[likely], OVERLAP)[:MOST_LOOKS]]
    if not len(likely):
        return boxes[:0], confidence[:0]
    picture = framed.picture
    shrunk = np.float32(picture.shape[1] / framed.width)
    places = framed.placement.invert(boxes[likely]) * shrunk
    crops = np.stack([letterbox(crop(picture, place), frame)[0] for place in places])
    (second,) = namer(crops)
    first = confidence[likely]
    agreed = np.sqrt((first + 1e-4) * (second + 1e-4))
    return boxes[likely], np.asarray(found[likely, None] * agreed / agreed.sum(1, keepdims=True), dtype=np.float32)
