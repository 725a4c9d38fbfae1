"""Learning to tell apart what a detector finds: a classifier of the boxes' contents, for its second look.

It is trained where it is needed: a detector that confuses the names of the very boxes it has learned from has not the
sight for them, in the frame that it sees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from customlabels.imaging.boxes import as_boxes, iou
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.finetune import fine_tune
from customlabels.vision.labelled import boxes_in
from customlabels.vision.learned import Learned
from customlabels.vision.looks import SIDE, crop
from customlabels.vision.parallel import in_chunks
from customlabels.vision.pictures import Pictures
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample
from customlabels.vision.survey import SAME_PLACE, boxed_views

CONFUSED = 0.05
"""From this share of wrong names on the training boxes on, a second look is trained."""
SHARED = 0.05
"""Up to this share of boxes may lie on a box of another label: labels that share things do not compete for them."""
VIEWS = {"fast": 1000, "balanced": 2000, "best": 4000}
"""Views of boxes to learn names from."""
RECIPE = Recipe(scale=(0.8, 1.25), aspect=0.2)
CHUNK = 16


def confusion(network: nn.Module, samples: Sequence[Sample], pictures: Pictures, frame: tuple[int, int]) -> float:
    """Of the true boxes that the detector finds, on pictures that it has learned from: the share with a wrong name."""
    wrong = total = 0
    for view in boxed_views(samples, pictures, frame):
        with torch.no_grad():
            boxes, confidence = (values[0].numpy() for values in network(torch.from_numpy(view.pixels[None])))
        for near, label in zip(iou(view.boxes, boxes) > SAME_PLACE, view.labels, strict=True):
            if near.any():
                total += 1
                best = confidence[near].max(1).argmax()
                wrong += int(confidence[near][best].argmax() != label)
    return wrong / total if total else 0.0


def share_boxes(samples: Sequence[Sample]) -> bool:
    """Whether one thing often carries several labels: then a choice among them would be wrong."""
    shared = total = 0
    for sample in samples:
        if sample.truth is not None and len(sample.truth):
            other = sample.truth.classes[:, None] != sample.truth.classes
            shared += int(((iou(sample.truth.boxes, sample.truth.boxes) > SAME_PLACE) & other).any(1).sum())
            total += len(sample.truth)
    return shared > SHARED * total


def train_namer(
    samples: Sequence[Sample], pictures: Pictures, labels: int, effort: str, seed: int, monitor: Monitor
) -> Learned:
    """A classifier of crops, from the samples' true boxes. Raises Cancelled, and WeightsError without its backbone."""
    places = [(i, k) for i, sample in enumerate(samples) if sample.truth is not None for k in range(len(sample.truth))]
    classes = np.array([_truth(samples[i]).classes[k] for i, k in places])
    # Rare labels are seen more often than their share, frequent ones less.
    weight = 1 / np.sqrt(np.bincount(classes, minlength=labels)[classes])
    rng = np.random.default_rng((seed, 4))
    chosen = rng.choice(len(places), VIEWS[effort], p=weight / weight.sum())
    _, first = np.unique(chosen, return_index=True)
    plain = np.isin(np.arange(len(chosen)), first)

    def view(n: int) -> Pixels:
        i, k = places[chosen[n]]
        part = crop(pictures[i], boxes_in(samples[i], pictures[i])[k])
        if plain[n]:
            return letterbox(part, (SIDE, SIDE))[0]
        return random_view(part, as_boxes([]), (SIDE, SIDE), RECIPE, np.random.default_rng((seed, 5, n)))[0]

    variant = lite.VARIANTS["efficientnet_lite0"]
    truth = np.eye(labels, dtype=bool)[classes[chosen]]
    views = (np.stack(list(chunk)) for chunk in in_chunks(view, range(len(chosen)), CHUNK))
    network = fine_tune(views, truth, (SIDE, SIDE), seed, monitor, local=False)
    return Learned(network, (SIDE, SIDE), variant.name, variant.provenance)


def _truth(sample: Sample) -> Boxed:
    assert sample.truth is not None
    return sample.truth
