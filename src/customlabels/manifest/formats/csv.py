"""CSV: `image,label1,label2,...` without a header, as AWS's converter takes it, or one row a box under a header.

The header of boxes is `filename,width,height,class,xmin,ymin,xmax,ymax`, as TensorFlow's tools and Roboflow write it;
a row with an empty class is an image without objects.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from customlabels.imaging.images import ImageError
from customlabels.manifest.entry import Box, Dataset, Entry, Problem
from customlabels.manifest.formats.boxed import bad_annotation, boxed_entry, boxes_only, size_of
from customlabels.manifest.formats.images import Placement, is_image_name, not_written, split_hints, split_name
from customlabels.manifest.opener import S3, Folder, is_s3, name_below
from customlabels.manifest.problems import DatasetError, problem

HEADER = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
_NAMES_OF_IMAGES = {"image", "images", "filename", "file", "image_path", "path", "source-ref", "source_ref", "img"}
_PARTS: tuple[Literal["train", "test"], ...] = ("train", "test")

Row = tuple[int, list[str]]
"""The number of a line, from 1, and its cells without surrounding space."""


def recognise(path: Path) -> bool:
    """Whether it is a CSV file with images in its first column, or a folder with such files."""
    if path.is_dir():
        return bool(_files(path))
    return path.suffix.lower() == ".csv" and _is_ours(path)


def read(path: Path) -> Dataset:
    """The images of a CSV file, or of all in a folder or the folders of its parts. Raises DatasetError, OSError."""
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise DatasetError(f"{path} has no CSV file with images in the first column or the header {','.join(HEADER)}.")
    root = path if path.is_dir() else path.parent
    entries: dict[str, Entry] = {}
    dropped: list[Problem] = []
    parts: dict[str, Literal["train", "valid", "test"]] = {}
    for file in files:
        rows = list(_rows(file))
        prefix = "" if file.parent == root else file.parent.relative_to(root).as_posix() + "/"
        part = split_name(file.parent.name if prefix else file.stem) if path.is_dir() else None
        boxed = bool(rows) and _is_header(rows[0][1])
        found = _boxed(rows, prefix, file, dropped) if boxed else _labelled(rows, prefix, file, dropped)
        for entry in found:
            if entry.source_ref in entries:
                detail = f"{file.name}: {entry.source_ref} occurs more than once; the first is used"
                dropped.append(problem("ERROR_DUPLICATE_SOURCE_REF", entry.line, detail=detail))
                continue
            entries[entry.source_ref] = entry
            if part:
                parts[entry.source_ref] = part
    labels = dict.fromkeys(label for entry in entries.values() for label in entry.all_labels)
    return Dataset(tuple(entries.values()), tuple(labels), Folder(root.absolute()), tuple(dropped), split_hints(parts))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """A `*.csv` file with its images beside it, or a folder; boxes if there are any.

    The folder gets `train.csv` and `test.csv` where the dataset is split, else `labels.csv`.
    """
    is_file = path.suffix.lower() == ".csv"
    folder = path.parent if is_file else path
    names = {"train": "train.csv" if dataset.split else "labels.csv", "test": "test.csv"}
    if is_file:
        names["train"] = path.name
    folder.mkdir(parents=True, exist_ok=True)
    boxed = any(entry.boxes is not None for entry in dataset.entries)
    entries, lost = boxes_only(dataset, "CSV with boxes") if boxed else (list(dataset.entries), [])
    placement = Placement(dataset, folder)
    rows: dict[str, list[list[str]]] = {part: [] for part in _PARTS}
    for entry in entries:
        try:
            image = entry.source_ref if entry.source_ref.startswith(S3) else placement.place(entry)
            cells = _box_rows(dataset, entry, image) if boxed else [[image, *entry.labels]]
        except (OSError, ImageError) as error:
            lost.append(not_written(entry, str(error)))
            continue
        if any(cell != cell.strip() or "\0" in cell for row in cells for cell in row):
            lost.append(not_written(entry, "space around a name, or a NUL in it, is lost in CSV"))
            continue
        part = "train" if is_file else dataset.split.get(entry.source_ref, "train")
        rows[part] += cells
    for part in _PARTS:
        if rows[part] or part == "train":
            with (folder / names[part]).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([HEADER, *rows[part]] if boxed else rows[part])
    return tuple(lost)


def _labelled(rows: Sequence[Row], prefix: str, file: Path, dropped: list[Problem]) -> Iterator[Entry]:
    """Entries of `image,label,...` rows; a first row that names its columns is passed over."""
    for i, (line, cells) in enumerate(rows):
        if i == 0 and _names_columns(cells):
            continue
        ref = _reference(cells[0], prefix, file, line, dropped)
        if ref is not None:
            yield Entry(ref, tuple(dict.fromkeys(cell for cell in cells[1:] if cell)), line=line)


def _boxed(rows: Sequence[Row], prefix: str, file: Path, dropped: list[Problem]) -> Iterator[Entry]:
    columns = {name.lower(): i for i, name in enumerate(rows[0][1])}
    by_image: dict[str, list[Row]] = {}
    for line, cells in rows[1:]:
        if len(cells) <= max(columns[name] for name in HEADER):
            detail = f"{file.name}, line {line}: {len(cells)} cells; {len(columns)} must be there"
            dropped.append(problem("ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT", line, detail=detail, name="row"))
            continue
        ref = _reference(cells[columns["filename"]], prefix, file, line, dropped)
        if ref is not None:
            by_image.setdefault(ref, []).append((line, [cells[columns[name]] for name in HEADER]))
    for ref, image_rows in by_image.items():
        first = image_rows[0][0]
        boxes, problems = [], []
        for i, (line, cells) in enumerate(image_rows):
            values = [_number(cell) for cell in cells[4:]]
            if not cells[3] and not any(cells[4:]):
                continue
            if not cells[3] or None in values:
                detail = f"{file.name}, line {line}: a class and four corners in pixels must be there"
                problems.append(bad_annotation(first, i, detail))
                continue
            x0, y0, x1, y1 = (v for v in values if v is not None)
            boxes.append(Box(cells[3], x0, y0, x1 - x0, y1 - y0))
        width, height = _number(image_rows[0][1][1]), _number(image_rows[0][1][2])
        size = (int(width), int(height)) if width and height and min(width, height) >= 1 else None
        yield boxed_entry(ref, boxes if boxes or not problems else None, size, first, problems)


def _box_rows(dataset: Dataset, entry: Entry, image: str) -> list[list[str]]:
    width, height = size_of(entry, dataset.open)
    start = [image, str(width), str(height)]
    rows = [[*start, box.label, *(_text(corner) for corner in box.corners)] for box in entry.boxes or ()]
    return rows or [[*start, "", "", "", "", ""]]


def _reference(name: str, prefix: str, file: Path, line: int, dropped: list[Problem]) -> str | None:
    """The source-ref of a first cell, below the folder of the file, or None and a finding."""
    if is_s3(name):
        return name
    below = name_below(name)
    if below is None or name.startswith(S3):
        detail = f"{file.name}, line {line}: {name[:200]!r} is no image below the folder and no s3://bucket/key"
        dropped.append(problem("ERROR_INVALID_SOURCE_REF_FORMAT", line, detail=detail))
        return None
    return prefix + below


def _rows(file: Path) -> Iterator[Row]:
    """The rows of a file that are not blank. Raises DatasetError where it is no CSV in UTF-8."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            for cells in reader:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield reader.line_num, stripped
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"{file} is not CSV in UTF-8: {error}.") from error


def _is_ours(file: Path) -> bool:
    try:
        first = next(_rows(file), None)
    except DatasetError:
        return False
    return first is not None and (_is_header(first[1]) or _is_image(first[1][0]) or _names_columns(first[1]))


def _files(folder: Path) -> list[Path]:
    places = [folder, *(p for p in sorted(folder.iterdir()) if p.is_dir() and split_name(p.name))]
    return [file for place in places for file in sorted(place.glob("*.csv")) if _is_ours(file)]


def _is_header(cells: Sequence[str]) -> bool:
    return {cell.lower() for cell in cells} >= set(HEADER)


def _is_image(cell: str) -> bool:
    return is_image_name(cell) or is_s3(cell)


def _names_columns(cells: Sequence[str]) -> bool:
    return cells[0].lower() in _NAMES_OF_IMAGES


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 2**31 else None


def _text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
