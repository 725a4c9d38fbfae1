"""What a detector's training does, derived from effort and data alone: resolution, depth, number of views, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import area
from customlabels.vision import augment
from customlabels.vision.framing import usual_shape
from customlabels.vision.samples import Sample

SIDE = 300
"""Side of the square frame that the network was pretrained on, in pixels; frames are at least as large in area."""
SMALL_BOX = 40.0
MOST_SIDES = 2.0
"""A frame's sides are at most so many times those of the smallest frame of its shape."""
CROWDED = 12.0
"""From so many boxes in a picture on, in the mean, neighbours fall into one cell of the network's maps."""
DETAIL = 1.5
"""Sides of the frame grow by this factor for crowded pictures."""
STEP = 16
VIEWS = {"fast": 640, "balanced": 1280, "best": 2560}
"""Random views to make of all pictures together; not fewer than LEAST_VIEWS nor more than MOST_VIEWS of each."""
LEAST_VIEWS = 2
MOST_VIEWS = {"fast": 40, "balanced": 40, "best": 80}
MOST_FRAMES = 2.25
"""Of those views: larger frames than so many of the smallest get fewer, as many as have so many pixels in all."""
FAMILIAR_SHARE = 0.75
"""Of those views: so many are enough for what the network knows already."""
LAST_LAYERS, MIDDLE_LAYERS = 13, 7
"""The first block that learns."""
EPOCHS = {"fast": 1, "balanced": 2, "best": 3}
FAMILIAR = 0.4
"""From this mean objectness of the true boxes on, the pretrained network knows such things already."""


@dataclass(frozen=True)
class Plan:
    """Everything about a training that is decided before it starts.

    frame: (height, width) pixels; cut: blocks that stay frozen; views: random views a picture; epochs: passes over the
    views; rate: top learning rate of the heads; share: that of the other trained layers, as a share of `rate`.
    """

    frame: tuple[int, int]
    cut: int
    views: int
    epochs: int
    rate: float = 2e-3
    share: float = 0.3
    recipe: augment.Recipe = field(default_factory=augment.Recipe)

    @property
    def new_kernels(self) -> bool:
        """Whether depthwise kernels learn, too: what the network knows needs no other edges and spots."""
        return self.cut < LAST_LAYERS


def make_plan(samples: Sequence[Sample], frame: tuple[int, int], familiarity: float, effort: str) -> Plan:
    """The plan for samples whose boxes look like objects to the pretrained network to the degree of `familiarity`.

    What it knows needs only its last layers trained; what it has never seen (cracks, cells, printed signs) needs the
    middle ones, too.
    """
    knows = familiarity >= FAMILIAR
    wanted = VIEWS[effort] * (FAMILIAR_SHARE if knows else 1.0)
    wanted *= min(1.0, MOST_FRAMES * SIDE**2 / (frame[0] * frame[1]))
    views = int(np.clip(np.ceil(wanted / len(samples)), LEAST_VIEWS, MOST_VIEWS[effort]))
    return Plan(frame, LAST_LAYERS if knows else MIDDLE_LAYERS, views, EPOCHS[effort])


def choose_frame(samples: Sequence[Sample]) -> tuple[int, int]:
    """(height, width) of the network's input: the pictures' usual shape, as large as their small boxes need.

    A quarter of the boxes may be smaller than SMALL_BOX pixels (the side of a square of the same area); crowded
    pictures get a larger frame than that.
    """
    shape = float(np.clip(usual_shape((sample.width, sample.height) for sample in samples), 0.5, 2.0))
    sides = box_sides(samples)
    needed = SMALL_BOX / np.quantile(sides, 0.25) if len(sides) else 0.0
    least = SIDE * max(shape, 1 / shape) ** 0.5
    longer = float(np.clip(needed, least, MOST_SIDES * least))
    if crowd(samples) >= CROWDED:
        longer = min(DETAIL * longer, MOST_SIDES * least)
    width, height = (longer, longer / shape) if shape >= 1 else (longer * shape, longer)
    return round(height / STEP) * STEP, round(width / STEP) * STEP


def crowd(samples: Sequence[Sample]) -> float:
    """Boxes in a picture that has any, in the mean."""
    counts = [len(sample.truth) for sample in samples if sample.truth is not None and len(sample.truth)]
    return float(np.mean(counts)) if counts else 0.0


def box_sides(samples: Sequence[Sample]) -> NDArray[np.float32]:
    """Square roots of box areas as shares of their image's longer side, (N,) over all samples."""
    shares = [
        np.sqrt(area(sample.truth.boxes)) / max(sample.width, sample.height)
        for sample in samples
        if sample.truth is not None
    ]
    return np.concatenate(shares) if shares else np.zeros(0, np.float32)
