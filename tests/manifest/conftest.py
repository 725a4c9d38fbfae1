"""Small datasets with real image files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from customlabels.manifest.entry import Dataset, Entry
from customlabels.manifest.opener import Folder
from customlabels.manifest.task import labels_of

Picture = Callable[..., bytes]
MakeDataset = Callable[..., Dataset]


@pytest.fixture
def dataset_in(picture: Picture) -> MakeDataset:
    """Writes an image for each entry below a folder: dataset_in(folder, entries, labels=None, **rest of Dataset).

    Images are 96 x 64 pixels unless the entry knows its size, and no two are alike.
    """

    def make(folder: Path, entries: Iterable[Entry], labels: Iterable[str] | None = None, **rest: object) -> Dataset:
        made = []
        for i, entry in enumerate(entries):
            width, height = entry.width or 96, entry.height or 64
            path = folder / entry.source_ref.removeprefix("s3://")
            path.parent.mkdir(parents=True, exist_ok=True)
            format = "PNG" if entry.source_ref.lower().endswith(".png") else "JPEG"
            path.write_bytes(picture(width, height, format, seed=i))
            made.append(replace(entry, line=i + 1))
        names = tuple(labels) if labels is not None else labels_of(made)
        return Dataset(tuple(made), names, Folder(folder), **rest)  # type: ignore[arg-type]

    return make
