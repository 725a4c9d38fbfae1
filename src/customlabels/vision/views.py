"""What the classifier looks at: the frame that suits the pictures, and the views of a picture that it learns from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from customlabels.imaging.boxes import as_boxes
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.framing import usual_shape

AREA = 288**2
"""Pixels of a frame, about."""
GRID = 64
"""Sides of a frame are multiples of this: twice the backbone's stride, as the network also looks at half the size."""
RECIPE = Recipe(scale=(0.85, 1.25), aspect=0.15, brightness=0.2, contrast=0.2, saturation=0.3, tint=0.05, grey=0.0)


def choose_frame(sizes: Iterable[tuple[int, int]], area: int = AREA) -> tuple[int, int]:
    """The frame, (height, width) in pixels, for pictures of these (width, height): their usual shape, about `area`."""
    shape = usual_shape(sizes)

    def misfit(frame: tuple[int, int]) -> float:
        height, width = frame
        return float(abs(np.log(width / height / shape)) + abs(np.log(width * height / area)))

    sides = range(GRID, 16 * GRID + 1, GRID)
    return min(((height, width) for height in sides for width in sides), key=misfit)


def training_views(pixels: Pixels, frame: tuple[int, int], random: int, rng: np.random.Generator) -> Pixels:
    """Views of a picture (H, W, 3) to learn from, (2 + random, height, width, 3).

    First the letterboxed picture as it is served, then its mirror image, then `random` augmented views.
    """
    plain, _ = letterbox(pixels, frame)
    augmented = [random_view(pixels, as_boxes([]), frame, RECIPE, rng)[0] for _ in range(random)]
    return np.stack([plain, plain[:, ::-1], *augmented])
