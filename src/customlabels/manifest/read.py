"""From a file or folder to a dataset and back, in whatever format."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from customlabels.manifest.entry import Dataset, Problem
from customlabels.manifest.formats import coco, csv, folders, groundtruth, voc, yolo
from customlabels.manifest.problems import DatasetError

_MODULES: dict[str, ModuleType] = {
    "groundtruth": groundtruth,
    "coco": coco,
    "voc": voc,
    "yolo": yolo,
    "csv": csv,
    "folders": folders,
}
"""In the order in which they are tried: the last fits every folder with images."""

_LOOKED_FOR = {
    "groundtruth": '*.manifest or *.jsonl, or lines with "source-ref"',
    "coco": "*.json with images, annotations and categories",
    "voc": "*.xml with annotation elements",
    "yolo": "data.yaml, classes.txt or obj.names",
    "csv": "*.csv with images in the first column",
    "folders": "a folder of *.jpg, *.jpeg and *.png files for each label",
}

FORMATS: tuple[str, ...] = ("groundtruth", "folders", "coco", "voc", "yolo", "csv")


def recognise(path: str | Path) -> str:
    """The format of a file or folder, one of FORMATS. Raises DatasetError where there is nothing, or none fits."""
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path} does not exist.")
    for name, module in _MODULES.items():
        if module.recognise(path):
            return name
    looked_for = "\n".join(f"  {name}: {what}" for name, what in _LOOKED_FOR.items())
    raise DatasetError(f"{path} has none of the formats of labelled images. What was looked for:\n{looked_for}")


def read_dataset(path: str | Path, format: str | None = None) -> Dataset:
    """The dataset in a file or folder; `format` (default: what `recognise` says) is one of FORMATS.

    Bad lines and images are in the dataset's `dropped` or in the problems of its entries. Raises DatasetError where
    nothing can be read at all, OSError where a file cannot be.
    """
    path = Path(path)
    name = recognise(path) if format is None else _known(format)
    if not path.exists():
        raise DatasetError(f"{path} does not exist.")
    dataset: Dataset = _MODULES[name].read(path)
    return dataset


def write_dataset(dataset: Dataset, path: str | Path, format: str) -> tuple[Problem, ...]:
    """Writes a dataset in one of FORMATS; returns what of it the format cannot hold, a problem each.

    `coco`, `csv` and `groundtruth` take the name of a file or a folder, the others a folder; all but `groundtruth` copy
    the images there. Raises DatasetError where the format can hold nothing of the dataset, OSError.
    """
    lost: tuple[Problem, ...] = _MODULES[_known(format)].write(dataset, Path(path))
    return lost


def _known(format: str) -> str:
    if format not in _MODULES:
        raise DatasetError(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    return format
