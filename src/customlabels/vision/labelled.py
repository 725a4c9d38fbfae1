"""Labelled pictures in a frame, with the boxes where they are then: as they are served, or changed at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.samples import Sample


@dataclass(frozen=True)
class View:
    """A frame (H, W, 3) uint8, its boxes (N, 4) in frame pixels and their labels (N,)."""

    pixels: Pixels
    boxes: Boxes
    labels: NDArray[np.int64]


def plain_view(sample: Sample, pixels: Pixels, frame: tuple[int, int]) -> View:
    """The decoded picture of a sample with a truth as it is served, in `frame`, (height, width) pixels."""
    assert sample.truth is not None
    framed, placement = letterbox(pixels, frame)
    return View(framed, placement.apply(boxes_in(sample, pixels)), sample.truth.classes)


def changed_view(
    sample: Sample, pixels: Pixels, frame: tuple[int, int], recipe: Recipe, rng: np.random.Generator
) -> View:
    """The same picture changed at random, with the boxes of which enough is left."""
    assert sample.truth is not None
    framed, boxes, kept = random_view(pixels, boxes_in(sample, pixels), frame, recipe, rng)
    return View(framed, boxes, sample.truth.classes[kept])


def boxes_in(sample: Sample, pixels: Pixels) -> Boxes:
    """The sample's true boxes (N, 4) in pixels of its picture as it was decoded, of its own size or smaller."""
    assert sample.truth is not None
    return np.asarray(sample.truth.boxes * (pixels.shape[1] / sample.width), dtype=np.float32)
