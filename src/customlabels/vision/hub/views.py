"""What a detection transformer learns from: random views of labelled pictures, each made when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.boxes import Boxes
from customlabels.imaging.images import Pixels, letterbox
from customlabels.vision.augment import Recipe, random_view
from customlabels.vision.pictures import Pictures
from customlabels.vision.samples import Sample


@dataclass(frozen=True)
class View:
    """A frame (H, W, 3) uint8, its boxes (N, 4) in frame pixels and their labels (N,)."""

    pixels: Pixels
    boxes: Boxes
    labels: NDArray[np.int64]


def view_batches(
    samples: Sequence[Sample],
    pictures: Pictures,
    frame: tuple[int, int],
    recipe: Recipe,
    count: int,
    batch: int,
    seed: int,
) -> Iterator[list[View]]:
    """`count` views in batches: rounds over all pictures, of which the first shows them as they are served."""
    rng = np.random.default_rng((seed, 6))
    rounds = -(-count // len(samples))
    jobs = [(round_, int(i)) for round_ in range(rounds) for i in rng.permutation(len(samples))][:count]

    def view(job: tuple[int, int]) -> View:
        round_, i = job
        plain = plain_view(samples[i], pictures[i], frame)
        if round_ == 0:
            return plain
        truth = _scaled(samples[i], pictures[i])
        rng = np.random.default_rng((seed, 7, *job))
        framed, moved, kept = random_view(pictures[i], truth, frame, recipe, rng)
        return View(framed, moved, plain.labels[kept])

    with ThreadPoolExecutor() as pool:
        for first in range(0, len(jobs), batch):
            yield list(pool.map(view, jobs[first : first + batch]))


def plain_view(sample: Sample, pixels: Pixels, frame: tuple[int, int]) -> View:
    """A picture as it is served."""
    assert sample.truth is not None
    framed, placement = letterbox(pixels, frame)
    return View(framed, placement.apply(_scaled(sample, pixels)), sample.truth.classes)


def _scaled(sample: Sample, pixels: Pixels) -> Boxes:
    """The sample's boxes in pixels of the decoded picture."""
    assert sample.truth is not None
    return np.asarray(sample.truth.boxes * (pixels.shape[1] / sample.width), dtype=np.float32)
