"""A set of drawn pictures in a folder of the cache, with lines of Ground Truth manifests."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from customlabels.examples.scenes import Rng
from customlabels.manifest.entry import Box

_CREATED = "2026-01-01T00:00:00.000000"


@dataclass(frozen=True)
class Drawn:
    """A drawn picture and what is known about it: labels of the whole picture, or boxes (None: not looked for)."""

    image: Image.Image
    labels: tuple[str, ...] = ()
    boxes: tuple[Box, ...] | None = None


@dataclass(frozen=True)
class Drawing:
    """How a set is drawn: the `train` pictures to learn from come first, then the `test` pictures.

    `picture` draws the one of a number with a random generator of its own; `version` is of what is drawn: it is part
    of the folder's name.
    """

    name: str
    version: int
    labels: tuple[str, ...]
    train: int
    test: int
    picture: Callable[[Rng, int], Drawn]

    def draw(self, seed: int = 0) -> Iterator[Drawn]:
        """The pictures, drawn as they are asked for; the same ones for the same seed and versions of the libraries."""
        for i in range(self.train + self.test):
            yield self.picture(np.random.default_rng((seed, i, *self.name.encode())), i)

    def folder(self, cache: Path, on_progress: Callable[[int, int], None] | None = None, seed: int = 0) -> Path:
        """A folder in `cache` with `images/`, `train.manifest` and `test.manifest`, drawn unless it is there already.

        `on_progress` is told how many of how many pictures are drawn. Raises OSError where it cannot be written.
        """
        folder = cache / "examples" / f"{self.name}-drawn-{self.version}-{seed}"
        if (folder / "test.manifest").is_file():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / self.name
            (made / "images").mkdir(parents=True)
            lines = []
            for i, drawn in enumerate(self.draw(seed)):
                name = f"images/{self.name}-{i + 1:03}.jpg"
                drawn.image.save(made / name, quality=90)
                lines.append(json.dumps(line(name, drawn, self.labels)) + "\n")
                if on_progress is not None:
                    on_progress(i + 1, self.train + self.test)
            (made / "train.manifest").write_text("".join(lines[: self.train]), encoding="utf-8")
            (made / "test.manifest").write_text("".join(lines[self.train :]), encoding="utf-8")
            try:
                os.replace(made, folder)
            except OSError:
                # Somebody else drew the same set meanwhile; theirs is as good.
                if not (folder / "test.manifest").is_file():
                    raise
        return folder


def line(name: str, drawn: Drawn, labels: Sequence[str]) -> dict[str, Any]:
    """The picture as a line of a Ground Truth manifest: one classification attribute a label, one for all boxes."""
    found: dict[str, Any] = {"source-ref": name}
    for label in drawn.labels:
        found[label] = 1
        found[f"{label}-metadata"] = {
            "class-name": label,
            "confidence": 1,
            "type": "groundtruth/image-classification",
            **_made("image-level-label"),
        }
    if drawn.boxes is not None:
        width, height = drawn.image.size
        found["bounding-box"] = {
            "image_size": [{"width": width, "height": height, "depth": 3}],
            "annotations": [_annotation(box, labels) for box in drawn.boxes],
        }
        found["bounding-box-metadata"] = {
            "objects": [{"confidence": 1} for _ in drawn.boxes],
            "class-map": {str(i): label for i, label in enumerate(labels)},
            "type": "groundtruth/object-detection",
            **_made("bounding-box"),
        }
    return found


def _annotation(box: Box, labels: Sequence[str]) -> dict[str, int]:
    return {
        "class_id": labels.index(box.label),
        "left": int(box.left),
        "top": int(box.top),
        "width": int(box.width),
        "height": int(box.height),
    }


def _made(job: str) -> dict[str, str]:
    return {"human-annotated": "no", "creation-date": _CREATED, "job-name": f"labeling-job/{job}"}
