"""Features of pictures, made by layers that do not learn: on this machine, or wherever else they are made alike.

A picture's features depend on the picture, its number and the extraction alone, so pictures may be dealt out to
machines in any way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customlabels.imaging.images import Pixels, decode
from customlabels.vision import views
from customlabels.vision.framing import decoding_side
from customlabels.vision.parallel import in_chunks
from customlabels.vision.runtime import open_stream
from customlabels.vision.samples import Sample

Outputs = tuple[NDArray[Any], ...]
"""What the network makes of one picture: for each output an array (2 + random, ...), a row a view."""
Numbered = tuple[int, Callable[[], bytes]]
"""A picture: its number in the training, and what reads its encoded bytes."""
CHUNK = 8


@dataclass(frozen=True)
class Extraction:
    """How features are made with a processor; it can be sent to other machines.

    `network` is an ONNX model that takes views (B, height, width, 3) uint8 in `frame`, (height, width) pixels. Of each
    picture there are two views and `random` ones that `seed` fixes. `kept` are the types, as numpy names them, in which
    the network's outputs are given.
    """

    network: bytes = field(repr=False)
    frame: tuple[int, int]
    random: int
    seed: tuple[int, ...]
    kept: tuple[str, ...]

    def open(self, threads: int | None = None) -> Callable[[Sequence[Numbered]], Iterator[Outputs]]:
        """What makes the features of pictures, in order, for one thread; `threads` bounds the cores (all by default).

        It raises ImageError and OSError as decoding and reading do.
        """
        run = open_stream(self.network, threads)

        def extract(pictures: Sequence[Numbered]) -> Iterator[Outputs]:
            for outputs in run(shown(pictures, self.frame, self.random, self.seed)):
                yield tuple(values.astype(kind, copy=False) for values, kind in zip(outputs, self.kept, strict=True))

        return extract


Extract = Callable[[Extraction, Sequence[Sample]], Iterator[Outputs]]
"""Makes the features of all samples, in order, wherever it chooses."""


def extract_here(extraction: Extraction, samples: Sequence[Sample]) -> Iterator[Outputs]:
    """The features of all samples, made by this process. Raises ImageError and OSError."""
    return extraction.open()(numbered(samples))


def numbered(samples: Sequence[Sample]) -> list[Numbered]:
    return [(number, sample.read) for number, sample in enumerate(samples)]


def shown(pictures: Sequence[Numbered], frame: tuple[int, int], random: int, seed: tuple[int, ...]) -> Iterator[Pixels]:
    """`views.training_views` of each picture, (2 + random, height, width, 3). Raises ImageError and OSError."""

    def look(picture: Numbered) -> Pixels:
        number, read = picture
        pixels = decode(read(), longest_side=decoding_side(frame))
        return views.training_views(pixels, frame, random, np.random.default_rng((*seed, number)))

    for chunk in in_chunks(look, pictures, CHUNK):
        yield from chunk
