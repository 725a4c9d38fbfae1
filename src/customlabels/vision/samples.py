"""Usable images in the trainer's terms: label indices and pixel arrays instead of names and manifest lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customlabels.vision.predictions import Boxed


@dataclass(frozen=True)
class Sample:
    """One image to learn from or to be tested on.

    `read` gives the encoded bytes each time it is called. `width` and `height` are of the upright image.
    `labels` (L,) bool: which labels the image carries (of its boxes, too). `truth`: its boxes, None in classification.
    """

    source_ref: str
    read: Callable[[], bytes]
    width: int
    height: int
    labels: NDArray[np.bool_]
    truth: Boxed | None = None
