"""Box geometry in numpy. A box is x0, y0, x1, y1 in pixels of the upright image, origin top left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float32]
"""(N, 4) float32: x0, y0, x1, y1."""


def as_boxes(values: ArrayLike) -> Boxes:
    """Anything box-like to a float32 (N, 4) array; an empty sequence gives (0, 4)."""
    return np.asarray(values, dtype=np.float32).reshape(-1, 4)


def area(boxes: Boxes) -> NDArray[np.float32]:
    """Areas in square pixels, (N, 4) -> (N,); a box turned inside out has area 0."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], dtype=np.float32)


def intersection(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Pairwise overlap in square pixels, (N, 4) x (M, 4) -> (N, M)."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], dtype=np.float32)


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Pairwise intersection over union, (N, 4) x (M, 4) -> (N, M), float in [0, 1]; 0 where both areas are 0."""
    overlap = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - overlap
    out: NDArray[np.float32] = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    return out


def clip(boxes: Boxes, width: float, height: float) -> Boxes:
    """Boxes cut to a frame of width x height pixels, (N, 4) -> (N, 4)."""
    limit = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(boxes, 0, limit)


def nms(boxes: Boxes, scores: NDArray[np.float32], iou_threshold: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices of the boxes kept, best score first.

    A box goes when its IoU with a kept box of a higher score is above `iou_threshold`. Ties keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    alive = np.ones(len(order), dtype=bool)
    for i in range(len(order)):
        if alive[i]:
            overlaps = iou(boxes[i : i + 1], boxes[i + 1 :])[0]
            alive[i + 1 :] &= overlaps <= iou_threshold
    return np.asarray(order[alive], dtype=np.int64)


@dataclass(frozen=True)
class Letterbox:
    """How an image was fitted into a frame: x' = x * scale + dx, y' = y * scale + dy."""

    scale: float
    dx: float
    dy: float

    @classmethod
    def fit(cls, width: int, height: int, frame: tuple[int, int]) -> Letterbox:
        """The largest centred placement of a width x height image in a frame of (height, width) pixels."""
        frame_height, frame_width = frame
        scale = min(frame_width / width, frame_height / height)
        return cls(scale, (frame_width - width * scale) / 2, (frame_height - height * scale) / 2)

    def apply(self, boxes: Boxes) -> Boxes:
        """Boxes from image pixels to frame pixels."""
        return np.asarray(boxes * self.scale + self._shift(), dtype=np.float32)

    def invert(self, boxes: Boxes) -> Boxes:
        """Boxes from frame pixels back to image pixels."""
        return np.asarray((boxes - self._shift()) / self.scale, dtype=np.float32)

    def _shift(self) -> NDArray[np.float32]:
        return np.array([self.dx, self.dy, self.dx, self.dy], dtype=np.float32)
