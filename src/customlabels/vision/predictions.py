"""What a network says about one image, before any threshold: the type that evaluation, serving and the report share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes


@dataclass(frozen=True)
class Boxed:
    """Boxes with labels, true or predicted, for one image.

    boxes (N, 4) float32 in pixels of the upright image; classes (N,) int64 indices of labels; scores (N,) float32 in
    [0, 1], ones for ground truth. Raises ValueError where the shapes disagree.
    """

    boxes: Boxes
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.boxes)
        if self.boxes.shape != (n, 4) or self.classes.shape != (n,) or self.scores.shape != (n,):
            raise ValueError(
                f"boxes {self.boxes.shape}, classes {self.classes.shape} and scores {self.scores.shape} "
                "must be (N, 4), (N,) and (N,)"
            )

    def __len__(self) -> int:
        return len(self.boxes)
