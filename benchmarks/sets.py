"""Sets to measure on: folders with `dataset.json` and images, as the development data is laid out.

`dataset.json` = {name, task: detection | classification | multilabel, labels, images: [{file, width, height,
split: train | test, labels, boxes: [{label, x0, y0, x1, y1}]}]}. An image of a detection set without boxes is a
negative.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customlabels.manifest.entry import Box, Dataset, Entry
from customlabels.manifest.split import split


@dataclass(frozen=True)
class LabelledSet:
    """A set with its own split; `task` is the one that dataset.json names."""

    name: str
    task: str
    folder: Path
    labels: tuple[str, ...]
    train: tuple[Entry, ...]
    test: tuple[Entry, ...]

    def splits(self, count: int) -> Iterator[tuple[int, Dataset, Dataset]]:
        """Seed, training and test set: the set's own split for 0, else `count` stratified ones of the same sizes."""
        if count == 0:
            yield 0, self._dataset(self.train), self._dataset(self.test)
        everything = self.train + self.test
        for seed in range(count):
            train, test = split(everything, len(self.test) / len(everything), seed)
            yield seed, self._dataset(tuple(train)), self._dataset(tuple(test))

    def _dataset(self, entries: tuple[Entry, ...]) -> Dataset:
        return Dataset(entries, self.labels, lambda ref: (self.folder / ref).read_bytes())


def find_sets(folder: Path) -> Iterator[LabelledSet]:
    """Every set below a folder, or the folder itself where it is one. Raises FileNotFoundError where there is none."""
    files = [folder / "dataset.json"] if (folder / "dataset.json").is_file() else sorted(folder.glob("*/dataset.json"))
    if not files:
        raise FileNotFoundError(f"{folder} holds no set: expected {folder}/dataset.json or {folder}/*/dataset.json.")
    for file in files:
        yield read_set(file)


def read_set(file: Path) -> LabelledSet:
    """The set that a dataset.json describes."""
    content = json.loads(file.read_text(encoding="utf-8"))
    sides: dict[str, list[Entry]] = {"train": [], "test": []}
    for image in content["images"]:
        sides[image["split"]].append(_entry(image, content["task"] == "detection"))
    labels = tuple(content["labels"])
    return LabelledSet(
        content["name"], content["task"], file.parent, labels, tuple(sides["train"]), tuple(sides["test"])
    )


def _entry(image: dict[str, Any], boxed: bool) -> Entry:
    size = {"width": image["width"], "height": image["height"]}
    if not boxed:
        return Entry(image["file"], labels=tuple(image["labels"]), **size)
    boxes = (Box(b["label"], b["x0"], b["y0"], b["x1"] - b["x0"], b["y1"] - b["y0"]) for b in image["boxes"])
    return Entry(image["file"], boxes=tuple(boxes), **size)
