"""The example sets of the console's "Example projects": one for each kind of task, brought to this machine on demand.

Photos come from public repositories, pinned by SHA-256; what is not to be had, or never was a photo, is drawn here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customlabels.examples import dogs, emblem, fruit, photos, things
from customlabels.examples.drawn import Drawing


@dataclass(frozen=True)
class Example:
    """What is said of a set before it is here. `images` is the number of pictures, those to test with included."""

    name: str
    title: str
    task: str
    description: str
    labels: tuple[str, ...]
    images: int
    licence: str
    source: str


@dataclass(frozen=True)
class Ready:
    """A set that is here: lines of Ground Truth manifests whose source-ref is a path in `folder`.

    `test` is None where the system is to hold back a part of `train`. `source` says where the pictures came from.
    """

    folder: Path
    train: tuple[dict[str, Any], ...]
    test: tuple[dict[str, Any], ...] | None
    source: str


class UnknownExample(KeyError):
    """There is no example set of this name."""

    def __str__(self) -> str:
        return str(self.args[0])


EXAMPLES: Mapping[str, Example] = {
    example.name: example
    for example in (
        Example(
            "puppies",
            "Puppies",
            "Object detection",
            "Find every puppy in a photo and draw a box around it.",
            dogs.LABELS,
            dogs.TRAIN + dogs.TEST,
            "Photos: Pexels licence; boxes: Apache-2.0",
            f"github.com/{photos.PUPPIES.repository}; drawn here where it cannot be reached",
        ),
        Example(
            "fruit",
            "Fruit",
            "Image classification",
            "Tell apples, bananas and oranges apart: every picture has one label.",
            fruit.LABELS,
            fruit.TRAIN + fruit.TEST,
            "Apache-2.0",
            "drawn here",
        ),
        Example(
            "objects",
            "Objects",
            "Multi-label classification",
            "Name everything that lies in a picture: each has two to four labels.",
            things.LABELS,
            things.TRAIN + things.TEST,
            "Apache-2.0",
            "drawn here",
        ),
        Example(
            "emblem",
            "Emblems",
            "Brand detection",
            "Learn two emblems from close-ups without any boxes, then find them on signs, shirts, crates and flags.",
            emblem.LABELS,
            emblem.TRAIN + emblem.TEST,
            "Apache-2.0",
            "drawn here",
        ),
    )
}

_DRAWINGS: Mapping[str, Drawing] = {
    drawing.name: drawing for drawing in (dogs.DOGS, fruit.FRUIT, things.THINGS, emblem.EMBLEM)
}


def prepare(name: str, cache: Path, on_progress: Callable[[int, int], None] | None = None) -> Ready:
    """Bring a set to this machine: its photos if it has some and they can be had, else drawn pictures.

    `on_progress` is told how many of how many pictures are here. Both kinds are kept in `cache`.
    Raises UnknownExample, and OSError where the cache cannot be written.
    """
    if name not in EXAMPLES:
        raise UnknownExample(f"There is no example {name[:80]!r}; there are {', '.join(EXAMPLES)}.")
    reason = "because this version knows no photos for it"
    pinned = photos.SETS.get(name)
    if pinned is not None:
        try:
            found = photos.find_photos(pinned, photos.checksums(pinned.data / "SHA256SUMS"), on_progress, cache)
        except photos.PhotosMissing as error:
            reason = f"because the photos are not to be had: {error}"
        else:
            return _ready(found.folder, pinned.data, found.source)
    folder = _DRAWINGS[name].folder(cache, on_progress)
    return _ready(folder, folder, f"generated on this machine, {reason}")


def _ready(folder: Path, manifests: Path, source: str) -> Ready:
    train, test = (
        tuple(json.loads(line) for line in (manifests / f"{part}.manifest").read_text(encoding="utf-8").splitlines())
        for part in ("train", "test")
    )
    return Ready(folder, train, test, source)
