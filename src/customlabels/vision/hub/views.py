"""What a detection transformer learns from: random views of labelled pictures, each made when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from customlabels.vision.augment import Recipe
from customlabels.vision.labelled import View, changed_view, plain_view
from customlabels.vision.parallel import in_chunks
from customlabels.vision.pictures import Pictures
from customlabels.vision.samples import Sample


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
        if round_ == 0:
            return plain_view(samples[i], pictures[i], frame)
        return changed_view(samples[i], pictures[i], frame, recipe, np.random.default_rng((seed, 7, *job)))

    yield from map(list, in_chunks(view, jobs, batch))
