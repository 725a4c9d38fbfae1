"""Learning to tell apart what a detector finds: a classifier of the boxes' contents, for its second look.

It is trained where it is needed: a detector that confuses the names of the very boxes it has learned from has not the
sight for them, in the frame that it sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import nn

from customlabels.imaging.boxes import as_boxes, iou
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.backbones import efficientnet_lite as lite
from customlabels.vision.finetune import fine_tune
from customlabels.vision.learned import Learned
from customlabels.vision.looks import SIDE, crop
from customlabels.vision.pictures import Pictures
from customlabels.vision.predictions import Boxed
from customlabels.vision.progress import Monitor
from customlabels.vision.samples import Sample

CONFUSED = 0.05
"""From this share of wrong names on the training boxes on, a second look is trained."""
SHARED = 0.05
"""Up to this share of boxes may lie on a box of another label: labels that share things do not compete for them."""
SAME_PLACE = 0.5
"""IoU from which two boxes are about the same thing."""
MOST_PICTURES = 48
"""So many pictures, spread evenly, are enough to know."""
VIEWS = {"fast": 1000, "balanced": 2000, "best": 4000}
"""Views of boxes to learn names from."""
RECIPE = Recipe(scale=(0.8, 1.25), aspect=0.2)
CHUNK = 16


def confusion(network: nn.Module, samples: Sequence[Sample], pictures: Pictures, frame: tuple[int, int]) -> float:
    """Of the true boxes that the detector finds, on pictures that it has learned from: the share with a wrong name."""
    wrong = total = 0
    boxed = [i for i, sample in enumerate(samples) if sample.truth is not None and len(sample.truth)]
    step = max(1, len(boxed) // MOST_PICTURES)
    for i in boxed[::step][:MOST_PICTURES]:
        truth = samples[i].truth
        assert truth is not None
        pixels = pictures[i]
        framed, placement = letterbox(pixels, frame)
        true = placement.apply((truth.boxes * (pixels.shape[1] / samples[i].width)).astype(np.float32))
        with torch.no_grad():
            boxes, confidence = (values[0].numpy() for values in network(torch.from_numpy(framed[None])))
        for near, label in zip(iou(true, boxes) > SAME_PLACE, truth.classes, strict=True):
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
        pixels = pictures[i]
        box = (_truth(samples[i]).boxes[k] * (pixels.shape[1] / samples[i].width)).astype(np.float32)
        part = crop(pixels, box)
        if plain[n]:
            return letterbox(part, (SIDE, SIDE))[0]
        return random_view(part, as_boxes([]), (SIDE, SIDE), RECIPE, np.random.default_rng((seed, 5, n)))[0]

    def views() -> Iterator[Pixels]:
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(chosen), CHUNK):
                yield np.stack(list(pool.map(view, range(start, min(start + CHUNK, len(chosen))))))

    variant = lite.VARIANTS["efficientnet_lite0"]
    truth = np.eye(labels, dtype=bool)[classes[chosen]]
    network = fine_tune(views(), truth, (SIDE, SIDE), seed, monitor, local=False)
    return Learned(network, (SIDE, SIDE), variant.name, variant.provenance)


def _truth(sample: Sample) -> Boxed:
    assert sample.truth is not None
    return sample.truth
