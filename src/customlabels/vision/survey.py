"""What the pretrained detector makes of the labelled boxes before it learns anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.labelled import View, plain_view
from customlabels.vision.loss import pairwise_iou
from customlabels.vision.pictures import Pictures
from customlabels.vision.samples import Sample
from customlabels.vision.weights import Weights

MOST_PICTURES = 48
"""So many pictures, spread evenly, are enough to know."""
SAME_PLACE = 0.5
"""IoU from which two boxes are about the same thing."""


@dataclass(frozen=True)
class Survey:
    """`classes`: for each label the COCO class (1..90) that answers most on its boxes. `familiarity` in [0, 1]: the
    mean over boxes of the highest chance, among the anchors that found the box, that there is any object at all."""

    classes: tuple[int, ...]
    familiarity: float


def survey(
    weights: Weights, samples: Sequence[Sample], pictures: Pictures, labels: int, frame: tuple[int, int]
) -> Survey:
    """Run the whole pretrained network over some of the pictures and compare its boxes with the true ones."""
    trunk, top = ssd.Trunk(weights, 7).eval(), ssd.Top(weights, 7).eval()
    heads = ssd.Heads(weights, range(ssd.COCO_CLASSES), frame).eval()
    votes = torch.zeros(labels, ssd.COCO_CLASSES)
    objectness: list[float] = []
    for view in boxed_views(samples, pictures, frame):
        with torch.no_grad():
            boxes, logits = heads(top(trunk(torch.from_numpy(view.pixels[None]))))
        chance = logits[0].softmax(-1)
        overlap = pairwise_iou(torch.from_numpy(view.boxes)[None], boxes)[0]
        for near, label in zip(overlap > SAME_PLACE, view.labels, strict=True):
            if near.any():
                votes[int(label)] += chance[near].amax(0)
                objectness.append(1 - chance[near, 0].min().item())
            else:
                objectness.append(0.0)
    votes[:, 0] = -1.0
    return Survey(tuple(votes.argmax(1).tolist()), float(np.mean(objectness)) if objectness else 0.0)


def boxed_views(samples: Sequence[Sample], pictures: Pictures, frame: tuple[int, int]) -> Iterator[View]:
    """Some of the pictures that have boxes, as they are served."""
    boxed = [i for i, sample in enumerate(samples) if sample.truth is not None and len(sample.truth)]
    step = max(1, len(boxed) // MOST_PICTURES)
    for i in boxed[::step][:MOST_PICTURES]:
        yield plain_view(samples[i], pictures[i], frame)
