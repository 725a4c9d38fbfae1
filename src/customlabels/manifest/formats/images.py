"""The image files of a dataset on disk: finding them, and putting copies beside the annotations that are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from customlabels.manifest.entry import Dataset, Entry, Problem
from customlabels.manifest.opener import S3, Folder, name_below
from customlabels.manifest.problems import problem

EXTENSIONS = {".jpg", ".jpeg", ".png"}
_CLUTTER = {"thumbs.db", "desktop.ini", "__macosx"}

_SPLITS: dict[str, Literal["train", "valid", "test"]] = {
    **dict.fromkeys(("train", "training", "train2017"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "val2017"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def split_name(name: str) -> Literal["train", "valid", "test"] | None:
    """The part of a data set that a folder or file is named for, None where it is named for something else."""
    return _SPLITS.get(name.lower())


def split_hints(parts: dict[str, Literal["train", "valid", "test"]]) -> dict[str, Literal["train", "test"]]:
    """From source-ref to train or test: validation images are the test set where there is no other, else they train."""
    valid: Literal["train", "test"] = "train" if "test" in parts.values() else "test"
    return {ref: valid if part == "valid" else part for ref, part in parts.items()}


def is_image_name(name: str) -> bool:
    """Whether a file is named as a JPEG or PNG image."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower() in EXTENSIONS


def files_below(root: Path) -> Iterator[str]:
    """Names of all files below a folder, relative to it, with `/`, sorted; hidden ones and clutter left out."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not is_clutter(name))
        relative = Path(folder).relative_to(root)
        for name in sorted(files):
            if not is_clutter(name):
                yield (relative / name).as_posix()


def is_clutter(name: str) -> bool:
    """Whether a file or folder is hidden, or what an operating system leaves behind."""
    return name.startswith(".") or name.lower() in _CLUTTER


def not_written(entry: Entry, reason: str) -> Problem:
    """The finding that an entry, or a part of it, is not in the files that were written."""
    return problem("WARNING_NOT_WRITTEN", entry.line, detail=f"{entry.source_ref}: {reason}")


class Placement:
    """Copies the images of a dataset below a folder, each to a name of its own."""

    def __init__(self, dataset: Dataset, root: Path) -> None:
        self.dataset = dataset
        self.root = root
        self._taken: set[str] = set()

    def place(self, entry: Entry, folder: str = "", by_stem: bool = False, flat: bool = False) -> str:
        """Puts the image below `folder` and returns its name, relative to the root. Raises OSError.

        A source-ref that is below `folder` already keeps its name. Names differ in more than case, and with `by_stem`
        in more than their extension. `flat` keeps the last part of the name only.
        """
        wanted = PurePosixPath(_name(entry.source_ref, folder))
        name = self._free(PurePosixPath(folder) / (wanted.name if flat else wanted), by_stem)
        target = self.root / name
        source = self.dataset.open
        if isinstance(source, Folder) and source.path(entry.source_ref).resolve() == target.resolve():
            return name
        data = source(entry.source_ref)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return name

    def _free(self, path: PurePosixPath, by_stem: bool) -> str:
        number, candidate = 1, path
        while self._key(candidate, by_stem) in self._taken:
            number += 1
            candidate = path.with_stem(f"{path.stem}-{number}")
        self._taken.add(self._key(candidate, by_stem))
        return str(candidate)

    def _key(self, path: PurePosixPath, by_stem: bool) -> str:
        return str(path.with_suffix("") if by_stem else path).lower()


def _name(source_ref: str, folder: str) -> str:
    """A relative file name for a source-ref: a path's own, an S3 object's key, else the last part."""
    name = source_ref.removeprefix(S3).partition("/")[2] if source_ref.startswith(S3) else source_ref
    safe = name_below(name) or PurePosixPath(name.replace("\\", "/")).name or "image"
    return safe.removeprefix(folder + "/") if folder else safe
