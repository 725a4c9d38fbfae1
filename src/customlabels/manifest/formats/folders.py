"""A folder for each label, with its images; images at the top have no label.

The label is the name of the first folder below the root, however deep the image lies. Where the first folders are
`train` and `test` (or `valid`) and hold folders themselves, those are the parts, and the labels are one level further.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from customlabels.manifest.entry import Dataset, Entry, Problem
from customlabels.manifest.formats.images import (
    Placement,
    files_below,
    is_clutter,
    is_image_name,
    not_written,
    split_hints,
    split_name,
)
from customlabels.manifest.opener import Folder, name_below
from customlabels.manifest.problems import DatasetError, problem


def recognise(path: Path) -> bool:
    """Whether it is a folder with images somewhere below."""
    return path.is_dir() and any(is_image_name(name) for name in files_below(path))


def read(path: Path) -> Dataset:
    """All JPEG and PNG images below a folder; other files are in `dropped`. Raises DatasetError where there is none."""
    names = list(files_below(path))
    images = [name for name in names if is_image_name(name)]
    if not images:
        raise DatasetError(
            f"{path} has no images: files named *.jpg, *.jpeg or *.png in a folder a label were looked for."
        )
    depth = 1 if _is_split(images) else 0
    entries, dropped = [], []
    parts: dict[str, Literal["train", "valid", "test"]] = {}
    for number, name in enumerate(names, start=1):
        if not is_image_name(name):
            dropped.append(problem("ERROR_INVALID_IMAGE", number, detail=f"{name}: not named *.jpg, *.jpeg or *.png"))
            continue
        folders = name.split("/")[:-1]
        entries.append(Entry(name, tuple(folders[depth : depth + 1]), line=number))
        part = split_name(folders[0]) if depth else None
        if part:
            parts[name] = part
    labels = sorted({label for entry in entries for label in entry.labels})
    return Dataset(tuple(entries), tuple(labels), Folder(path.absolute()), tuple(dropped), split_hints(parts))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """Copies each image to the folder of its label; images with boxes or several labels cannot be held.

    Raises DatasetError for a dataset that has boxes and no labels at all.
    """
    if any(entry.boxes for entry in dataset.entries) and not any(entry.labels for entry in dataset.entries):
        raise DatasetError(
            "Folders hold one label an image, and this dataset has boxes; write groundtruth, coco or voc."
        )
    lost = []
    placement = Placement(dataset, path)
    for entry in dataset.entries:
        if entry.boxes is not None:
            lost.append(not_written(entry, "its boxes: folders hold labels of whole images"))
        if len(entry.labels) > 1:
            lost.append(not_written(entry, f"it has {len(entry.labels)} labels: folders hold one an image"))
            continue
        if not all(_is_folder_name(label) for label in entry.labels):
            lost.append(not_written(entry, f"the label {entry.labels[0]!r} cannot be the name of a folder"))
            continue
        part = [dataset.split.get(entry.source_ref, "train")] if dataset.split else []
        flat = not entry.labels or split_name(entry.labels[0]) is not None
        try:
            placement.place(entry, "/".join((*part, *entry.labels)), flat=flat)
        except OSError as error:
            lost.append(not_written(entry, str(error)))
    return tuple(lost)


def _is_split(images: list[str]) -> bool:
    """Whether the first folders are the parts of the dataset: all are named so, and they have folders of their own."""
    paths = [PurePosixPath(name).parent.parts for name in images]
    firsts = {folders[0] for folders in paths if folders}
    return all(split_name(first) for first in firsts) and all(paths) and any(len(folders) > 1 for folders in paths)


def _is_folder_name(label: str) -> bool:
    single = name_below(label) == label and "/" not in label
    return single and not is_clutter(label) and len(label.encode()) < 256
