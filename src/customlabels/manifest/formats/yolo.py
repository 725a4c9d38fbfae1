"""YOLO: a text file beside each image, one line a box: class, and centre and size as parts of the image's sides.

Two layouts are read: `data.yaml` naming the image folders of each part (Ultralytics, Roboflow), and a `classes.txt` or
`obj.names` with images and text files anywhere below. Polygons are read as the boxes around them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml

from customlabels.imaging.images import ImageError, read_header
from customlabels.manifest.entry import Box, Dataset, Entry, Problem
from customlabels.manifest.formats.boxed import bad_annotation, boxed_entry, boxes_only, size_of
from customlabels.manifest.formats.images import (
    Placement,
    files_below,
    is_image_name,
    not_written,
    split_hints,
    split_name,
)
from customlabels.manifest.opener import Folder, name_below
from customlabels.manifest.problems import DatasetError, problem

_NAME_LISTS = ("classes.txt", "obj.names", "_darknet.labels")
_PARTS: tuple[Literal["train", "valid", "test"], ...] = ("train", "valid", "test")
_NOT_LABELS = {"classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt"}


class _NoAliases(yaml.SafeLoader):
    """Refuses aliases, with which a small file says more than any memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def recognise(path: Path) -> bool:
    """Whether it is a data.yaml with names, or a folder with one, or with a list of class names."""
    if path.is_file():
        return path.suffix.lower() in (".yaml", ".yml") and b"names" in path.read_bytes()
    return path.is_dir() and (_config_file(path) is not None or _name_list(path) is not None)


def read(path: Path) -> Dataset:
    """All images of a YOLO data set; one without boxes in its text file, or without a text file, is a negative.

    Raises DatasetError where the names of the classes or the folders are missing or wrong, OSError.
    """
    config_file = path if path.is_file() else _config_file(path)
    root = path.parent if path.is_file() else path
    names = list(files_below(root))
    if config_file is not None:
        config = _load(config_file)
        labels = _class_names(config.get("names"), config_file)
        images = _images_of_parts(config, config_file, root, names)
    else:
        list_file = _name_list(root)
        if list_file is None:
            raise DatasetError(f"{path} is not YOLO: data.yaml, {' or '.join(_NAME_LISTS)} was looked for.")
        lines = [line.strip() for line in list_file.read_text(encoding="utf-8-sig", errors="replace").splitlines()]
        labels = dict(enumerate(line for line in lines if line))
        images = {name: _part_of_folders(name) for name in names if is_image_name(name)}
    if not images:
        raise DatasetError(f"{path} is YOLO's, but no image was found: check the folders that its data.yaml names.")
    existing = set(names)
    annotated = any(label_file(name) in existing for name in images)
    opener = Folder(root.absolute())
    entries = [
        _read_image(opener, name, label_file(name) in existing, annotated, labels, number)
        for number, name in enumerate(sorted(images), start=1)
    ]
    parts = {name: part for name, part in images.items() if part is not None}
    dropped = [
        problem("ERROR_INVALID_IMAGE", detail=f"{name}: there is no image for this label file")
        for name in sorted(_orphans(names, images))
    ]
    return Dataset(tuple(entries), tuple(dict.fromkeys(labels.values())), opener, tuple(dropped), split_hints(parts))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """The Ultralytics layout: `data.yaml`, `images/train` and `labels/train`, the same for test where there is a split.

    Raises DatasetError for a dataset without boxes.
    """
    entries, lost = boxes_only(dataset, "YOLO")
    labels = tuple(dict.fromkeys((*dataset.labels, *(box.label for e in entries for box in e.boxes or ()))))
    ids = {label: i for i, label in enumerate(labels)}
    placement = Placement(dataset, path)
    used: dict[str, None] = {"train": None}
    for entry in entries:
        part = dataset.split.get(entry.source_ref, "train")
        try:
            width, height = size_of(entry, dataset.open)
            name = placement.place(entry, f"images/{part}", by_stem=True)
        except (OSError, ImageError) as error:
            lost.append(not_written(entry, str(error)))
            continue
        used[part] = None
        rows = [
            f"{ids[b.label]} {(b.left + b.width / 2) / width!r} {(b.top + b.height / 2) / height!r} "
            f"{b.width / width!r} {b.height / height!r}\n"
            for b in entry.boxes or ()
        ]
        file = path / label_file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(rows), encoding="utf-8")
    config: dict[str, Any] = {"path": "."}
    config |= {
        key: f"images/{part}"
        for part, keys in (("train", ["train"]), ("test", ["val", "test"]))
        for key in keys
        if part in used
    }
    config["names"] = dict(enumerate(labels))
    path.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (path / "data.yaml").write_text(text, encoding="utf-8")
    return tuple(lost)


def label_file(image: str) -> str:
    """The name of an image's text file: `labels` for the last `images` folder in its path, and `.txt`."""
    path = PurePosixPath(image)
    folders = list(path.parts[:-1])
    if "images" in folders:
        folders[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return str(PurePosixPath(*folders, path.with_suffix(".txt").name))


def _read_image(
    opener: Folder, name: str, has_file: bool, annotated: bool, labels: dict[int, str], number: int
) -> Entry:
    try:
        header = read_header(opener(name), limits=None)
    except (OSError, ImageError) as error:
        return Entry(name, line=number, problems=(problem("ERROR_INVALID_IMAGE", number, detail=f"{name}: {error}"),))
    if not has_file:
        return boxed_entry(name, () if annotated else None, (header.width, header.height), number)
    boxes, problems = [], []
    text = (opener.root / label_file(name)).read_text(encoding="utf-8-sig", errors="replace")
    for i, row in enumerate(text.splitlines()):
        if row.strip():
            box = _box(row.split(), labels, header.width, header.height)
            if isinstance(box, Box):
                boxes.append(box)
            else:
                problems.append(bad_annotation(number, i, f"{label_file(name)}, line {i + 1}: {box}"))
    usable = boxes if boxes or not problems else None
    return boxed_entry(name, usable, (header.width, header.height), number, problems)


def _box(row: Sequence[str], labels: dict[int, str], width: int, height: int) -> Box | str:
    """The box of a line, in pixels, or what is wrong with it."""
    try:
        number, values = int(row[0]), [float(value) for value in row[1:]]
    except ValueError:
        return "a class number and coordinates must be there"
    if number not in labels:
        return f"class {number} is not among the {len(labels)} names"
    if not all(math.isfinite(v) and abs(v) < 1e6 for v in values):
        return "coordinates must be parts of the image's sides, 0 to 1"
    if len(values) == 4:
        cx, cy, w, h = values
        x0, y0 = cx - w / 2, cy - h / 2
    elif len(values) >= 6 and len(values) % 2 == 0:  # a polygon
        x0, y0 = min(values[0::2]), min(values[1::2])
        w, h = max(values[0::2]) - x0, max(values[1::2]) - y0
    else:
        return f"{len(values)} coordinates; 4 for a box, or 6 or more in pairs for a polygon, must be there"
    left, top, right, bottom = (round(v, 4) for v in (x0 * width, y0 * height, (x0 + w) * width, (y0 + h) * height))
    return Box(labels[number], left, top, round(right - left, 4), round(bottom - top, 4))


def _load(file: Path) -> dict[str, Any]:
    try:
        config = yaml.load(file.read_bytes(), _NoAliases)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DatasetError(f"{file} is not YAML: {str(error)[:200]}.") from error
    if not isinstance(config, dict):
        raise DatasetError(f"{file} must hold names of classes and folders of images.")
    return config


def _class_names(names: Any, file: Path) -> dict[int, str]:
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(i, int) for i in names):
        raise DatasetError(f"{file}: names must be a list of class names, or give one for each number.")
    wrong = [name for name in names.values() if not isinstance(name, str | int | float)]
    if wrong:
        raise DatasetError(f"{file}: {str(wrong[0])[:40]!r} is no class name.")
    return {int(i): str(name) for i, name in names.items()}


def _images_of_parts(
    config: dict[str, Any], file: Path, root: Path, names: Iterable[str]
) -> dict[str, Literal["train", "valid", "test"] | None]:
    """From image name to part, for all that data.yaml names: folders, lists in text files, or several of them."""
    images: dict[str, Literal["train", "valid", "test"] | None] = {}
    base = config.get("path")
    for part in _PARTS:
        places = config.get(part, config.get("val") if part == "valid" else None)
        for place in places if isinstance(places, list) else [places]:
            if not isinstance(place, str) or not place.strip():
                continue
            found = _resolve(root, base if isinstance(base, str) else "", place)
            if found is None:
                raise DatasetError(f"{file}: {part} is {place!r}, and there is no such folder or list below {root}.")
            for name in _images_at(root, found, names):
                images.setdefault(name, part)
    if not images:
        images = {name: _part_of_folders(name) for name in names if is_image_name(name)}
    return images


def _resolve(root: Path, base: str, place: str) -> str | None:
    """The place below the root; leading `../`, which Roboflow writes, and a `path` from elsewhere are left out."""
    bare = place.replace("\\", "/")
    while bare.startswith("../"):
        bare = bare.removeprefix("../")
    for name in (f"{base}/{place}" if base else place, place, bare):
        below = "." if PurePosixPath(name) == PurePosixPath() else name_below(name)
        if below is not None and os.path.exists(root / below):
            return below
    return None


def _images_at(root: Path, place: str, names: Iterable[str]) -> list[str]:
    if (root / place).is_dir():
        prefix = "" if place == "." else place + "/"
        return [name for name in names if name.startswith(prefix) and is_image_name(name)]
    lines = (root / place).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    below = [_resolve(root, "", line.strip()) for line in lines if line.strip()]
    return [name for name in below if name is not None and is_image_name(name)]


def _part_of_folders(name: str) -> Literal["train", "valid", "test"] | None:
    return next((part for folder in PurePosixPath(name).parts[:-1] if (part := split_name(folder))), None)


def _orphans(names: Iterable[str], images: Iterable[str]) -> set[str]:
    """Text files in `labels` folders for which there is no image."""
    expected = {label_file(name) for name in images}
    texts = {n for n in names if n.endswith(".txt") and "labels" in PurePosixPath(n).parts[:-1]}
    return {n for n in texts - expected if PurePosixPath(n).name.lower() not in _NOT_LABELS}


def _config_file(folder: Path) -> Path | None:
    files = [
        folder / "data.yaml",
        folder / "dataset.yaml",
        *sorted(folder.glob("*.yaml")),
        *sorted(folder.glob("*.yml")),
    ]
    return next((file for file in files if file.is_file() and b"names" in file.read_bytes()), None)


def _name_list(folder: Path) -> Path | None:
    places = [folder, *(p for p in sorted(folder.iterdir()) if p.is_dir())]
    return next((place / name for place in places for name in _NAME_LISTS if (place / name).is_file()), None)
