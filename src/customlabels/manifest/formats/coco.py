"""COCO object detection: one JSON file for a set or for each part of it. Segmentation, area and iscrowd are ignored.

Read from a file, from a folder with `annotations/*.json`, or from one with `_annotations.coco.json` beside its images.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from customlabels.imaging.images import ImageError
from customlabels.manifest.entry import Box, Dataset, Entry, Problem
from customlabels.manifest.formats.boxed import bad_annotation, boxed_entry, boxes_only, size_of
from customlabels.manifest.formats.images import Placement, not_written, split_hints, split_name
from customlabels.manifest.opener import Folder, is_file, name_below
from customlabels.manifest.problems import DatasetError, problem

_PEEK = 65_536


def recognise(path: Path) -> bool:
    """Whether it is a COCO file, or a folder that has some."""
    if path.is_dir():
        return bool(_annotation_files(path))
    return path.suffix.lower() == ".json" and _looks_like_coco(path)


def read(path: Path) -> Dataset:
    """The images of one COCO file or of all in a folder. Raises DatasetError where the JSON is not COCO's, OSError."""
    files = _annotation_files(path) if path.is_dir() else [path]
    if not files:
        raise DatasetError(f"{path} has no COCO annotations: *.json with images, annotations and categories.")
    contents = [(file, _load(file)) for file in files]
    root = path if path.is_dir() else _image_folder(path, contents[0][1], path.parent.parent)
    entries: dict[str, Entry] = {}
    labels: dict[str, None] = {}
    dropped: list[Problem] = []
    parts: dict[str, Literal["train", "valid", "test"]] = {}
    for file, content in contents:
        folder = _image_folder(file, content, root) if path.is_dir() else root
        prefix = "" if folder == root else folder.relative_to(root).as_posix() + "/"
        part = _part(file, path)
        labels.update(dict.fromkeys(_categories(content).values()))
        for entry in _entries(file, content, prefix, dropped):
            if entry.source_ref in entries:
                detail = f"{file.name}: {entry.source_ref} occurs more than once; the first is used"
                dropped.append(problem("ERROR_DUPLICATE_SOURCE_REF", entry.line, detail=detail))
                continue
            entries[entry.source_ref] = entry
            if part:
                parts[entry.source_ref] = part
    return Dataset(tuple(entries.values()), tuple(labels), Folder(root.absolute()), tuple(dropped), split_hints(parts))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """A `*.json` file with its images beside it, or a folder: a split dataset gets a folder each for train and test.

    Raises DatasetError for a dataset without boxes.
    """
    entries, lost = boxes_only(dataset, "COCO")
    if path.suffix.lower() == ".json":
        _write_part(dataset, entries, path.parent, path, "", lost)
    elif not dataset.split:
        _write_part(dataset, entries, path, path / "_annotations.coco.json", "", lost)
    else:
        for part in ("train", "test"):
            chosen = [e for e in entries if dataset.split.get(e.source_ref, "train") == part]
            _write_part(dataset, chosen, path, path / part / "_annotations.coco.json", part, lost)
    return tuple(lost)


def _write_part(
    dataset: Dataset, entries: Sequence[Entry], root: Path, file: Path, folder: str, lost: list[Problem]
) -> None:
    placement = Placement(dataset, root)
    ids = {label: i for i, label in enumerate(dataset.labels, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for entry in entries:
        try:
            width, height = size_of(entry, dataset.open)
            name = placement.place(entry, folder)
        except (OSError, ImageError) as error:
            lost.append(not_written(entry, str(error)))
            continue
        name = name.removeprefix(folder + "/") if folder else name
        images.append({"id": len(images) + 1, "file_name": name, "width": width, "height": height})
        for box in entry.boxes or ():
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": len(images),
                    "category_id": ids.setdefault(box.label, len(ids) + 1),
                    "bbox": [box.left, box.top, box.width, box.height],
                    "area": box.width * box.height,
                    "iscrowd": 0,
                }
            )
    categories = [{"id": i, "name": label, "supercategory": ""} for label, i in ids.items()]
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": images, "annotations": annotations, "categories": categories}
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _entries(file: Path, content: dict[str, Any], prefix: str, dropped: list[Problem]) -> Iterable[Entry]:
    labels = _categories(content)
    by_image: dict[Any, list[tuple[int, Any]]] = defaultdict(list)
    known = {image["id"] for image in content["images"] if _has_id(image)}
    for i, annotation in enumerate(content["annotations"]):
        image_id = annotation.get("image_id") if isinstance(annotation, dict) else None
        if isinstance(image_id, int | str) and image_id in known:
            by_image[image_id].append((i, annotation))
        else:
            detail = f"{file.name}: annotation {i} belongs to no image (image_id {str(image_id)[:40]})"
            dropped.append(bad_annotation(0, i, detail))
    for number, image in enumerate(content["images"], start=1):
        name = image.get("file_name") if isinstance(image, dict) else None
        if not _has_id(image) or not isinstance(name, str):
            detail = f"{file.name}: image {number} needs an id and a file_name"
            dropped.append(problem("ERROR_MISSING_SOURCE_REF", number, detail=detail))
            continue
        below = name_below(name)
        if below is None:
            detail = f"{file.name}: the file name {name[:200]!r} leads out of the folder"
            dropped.append(problem("ERROR_INVALID_SOURCE_REF_FORMAT", number, detail=detail))
            continue
        boxes, problems = [], []
        found = by_image.pop(image["id"], [])  # a second image with this id gets none
        for i, annotation in found:
            box = _box(annotation, labels)
            if isinstance(box, Box):
                boxes.append(box)
            else:
                problems.append(bad_annotation(number, i, f"{file.name}: annotation {i} of {name}: {box}"))
        size = (image.get("width"), image.get("height"))
        usable = boxes if boxes or not problems else None
        yield boxed_entry(prefix + below, usable, _size(*size), number, problems)


def _box(annotation: dict[str, Any], labels: dict[Any, str]) -> Box | str:
    """The box of an annotation, or what is wrong with it."""
    category = annotation.get("category_id")
    if not isinstance(category, int | str) or category not in labels:
        return f"category {str(category)[:40]} is not among the categories"
    bbox = annotation.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(_is_number(v) for v in bbox):
        return "bbox must be [x, y, width, height]"
    return Box(labels[category], *bbox)


def _categories(content: dict[str, Any]) -> dict[Any, str]:
    return {
        c["id"]: c["name"]
        for c in content["categories"]
        if _has_id(c) and isinstance(c.get("name"), str) and c["name"].strip()
    }


def _load(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{file} is not JSON: {str(error)[:200]}.") from error
    keys = ("images", "annotations", "categories")
    missing = [k for k in keys if not isinstance(content, dict) or not isinstance(content.get(k), list)]
    if missing:
        raise DatasetError(f"{file} is not COCO object detection: it lacks the arrays {', '.join(missing)}.")
    return dict(content)


def _annotation_files(folder: Path) -> list[Path]:
    """COCO files directly in a folder, in its `annotations`, or in the folders of its parts."""
    places = [folder, folder / "annotations", *(p for p in sorted(folder.iterdir()) if split_name(p.name))]
    found = [file for place in places if place.is_dir() for file in sorted(place.glob("*.json"))]
    return [file for file in found if _looks_like_coco(file)]


def _looks_like_coco(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(_PEEK)
    is_object = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return is_object and any(f'"{key}"'.encode() in head for key in ("file_name", "category_id", "supercategory"))


def _image_folder(file: Path, content: dict[str, Any], root: Path) -> Path:
    """Where the images of a COCO file lie: beside it, in `images`, or in a folder named like its part."""
    names = [i["file_name"] for i in content["images"] if isinstance(i, dict) and isinstance(i.get("file_name"), str)]
    here, up = file.parent, file.parent.parent if file.parent != root else root
    part = file.stem.rpartition("_")[2]
    places = [here, here / "images", here / part, up, up / "images", up / part, up / "images" / part]
    for place in places:
        for name in names[:5]:
            below = name_below(name)
            if below and is_file(place / below):
                return place
    return here


def _part(file: Path, path: Path) -> Literal["train", "valid", "test"] | None:
    """The part a file is for, by the folder it is in or by its name, as in instances_val2017.json."""
    if path.is_file():
        return None
    return split_name(file.parent.name if file.parent != path else "") or split_name(file.stem.rpartition("_")[2])


def _size(width: Any, height: Any) -> tuple[int, int] | None:
    sizes_known = all(isinstance(v, int) and not isinstance(v, bool) and 0 < v < 2**31 for v in (width, height))
    return (width, height) if sizes_known else None


def _has_id(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), int | str)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
