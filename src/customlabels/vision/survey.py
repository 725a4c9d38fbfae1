"""What the pretrained detector makes of the labelled boxes before it learns anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from customlabels.imaging.images import letterbox
from customlabels.vision.backbones import ssd_mobilenet as ssd
from customlabels.vision.loss import pairwise_iou
from customlabels.vision.pictures import Pictures
from customlabels.vision.samples import Sample
from customlabels.vision.weights import Weights

MOST_PICTURES = 48
"""So many pictures, spread evenly, are enough to know."""


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
    boxed = [i for i, sample in enumerate(samples) if sample.truth is not None and len(sample.truth)]
    step = max(1, len(boxed) // MOST_PICTURES)
    for i in boxed[::step][:MOST_PICTURES]:
        truth = samples[i].truth
        assert truth is not None
        pixels = pictures[i]
        framed, placement = letterbox(pixels, frame)
        true = placement.apply(truth.boxes * np.float32(pixels.shape[1] / samples[i].width))
        with torch.no_grad():
            boxes, logits = heads(top(trunk(torch.from_numpy(framed[None]))))
        chance = logits[0].softmax(-1)
        for near, label in zip(pairwise_iou(torch.from_numpy(true)[None], boxes)[0] > 0.5, truth.classes, strict=True):
            if near.any():
                votes[int(label)] += chance[near].amax(0)
                objectness.append(1 - chance[near, 0].min().item())
            else:
                objectness.append(0.0)
    votes[:, 0] = -1.0
    return Survey(tuple(votes.argmax(1).tolist()), float(np.mean(objectness)) if objectness else 0.0)
