"""Pascal VOC: one XML file an image, with `ImageSets/Main/train.txt` and `test.txt` for the parts.

Corners are taken as they stand, xmin to xmax in pixels from the top left, as LabelImg, CVAT and Roboflow write them.
"""

from __future__ import annotations

import math
import re
from pathlib import Path, PurePosixPath
from typing import Literal
from xml.etree import ElementTree

from customlabels.imaging.images import ImageError
from customlabels.manifest.entry import Box, Dataset, Entry, Problem
from customlabels.manifest.formats.boxed import bad_annotation, boxed_entry, boxes_only, size_of
from customlabels.manifest.formats.images import (
    EXTENSIONS,
    Placement,
    files_below,
    is_image_name,
    not_written,
    split_hints,
    split_name,
)
from customlabels.manifest.opener import Folder, name_below
from customlabels.manifest.problems import DatasetError, problem

_FOLDERS = ("JPEGImages", "images", "Images", "imgs")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses document types: entities, which can grow without bound or read files, are declared there only."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("document types are not allowed")


def recognise(path: Path) -> bool:
    """Whether it is a folder with XML files of VOC's kind: an `annotation` of an image."""
    if not path.is_dir():
        return False
    first = next((name for name in files_below(path) if name.lower().endswith(".xml")), None)
    return first is not None and b"<annotation" in (path / first).read_bytes()[:4096]


def read(path: Path) -> Dataset:
    """All images below a folder that an XML file tells about, and the other images, unlabeled.

    Raises DatasetError where there is no XML file.
    """
    names = list(files_below(path))
    images = {name for name in names if is_image_name(name)}
    files = [name for name in names if name.lower().endswith(".xml")]
    if not files:
        raise DatasetError(f"{path} has no Pascal VOC annotations: files named *.xml were looked for.")
    entries: dict[str, Entry] = {}
    dropped: list[Problem] = []
    for number, name in enumerate(files, start=1):
        entry = _read_file(path, name, images, number)
        if isinstance(entry, Entry) and entry.source_ref in entries:
            detail = f"{name}: {entry.source_ref} has an annotation file already; that one is used"
            entry = problem("ERROR_DUPLICATE_SOURCE_REF", number, detail=detail)
        if isinstance(entry, Entry):
            entries[entry.source_ref] = entry
        else:
            dropped.append(entry)
    for number, name in enumerate(sorted(images - set(entries)), start=len(files) + 1):
        entries[name] = Entry(name, line=number)
    ordered = tuple(entries[ref] for ref in sorted(entries))
    labels = dict.fromkeys(label for entry in ordered for label in entry.all_labels)
    return Dataset(ordered, tuple(labels), Folder(path.absolute()), tuple(dropped), _split(path, ordered))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """`Annotations`, `JPEGImages` with copies of the images, and `ImageSets/Main` where the dataset is split.

    Raises DatasetError for a dataset without boxes, or with a label that XML cannot hold.
    """
    entries, lost = boxes_only(dataset, "Pascal VOC")
    for label in dataset.labels:
        if _NOT_XML.search(label) or label.strip() != label or "\r" in label:
            raise DatasetError(f"The label {label!r} has characters that XML cannot hold; rename it or write coco.")
    placement = Placement(dataset, path)
    parts: dict[str, list[str]] = {"train": [], "test": []}
    for entry in entries:
        try:
            size = size_of(entry, dataset.open)
            name = placement.place(entry, "JPEGImages", by_stem=True).removeprefix("JPEGImages/")
        except (OSError, ImageError) as error:
            lost.append(not_written(entry, str(error)))
            continue
        file = path / "Annotations" / PurePosixPath(name).with_suffix(".xml")
        file.parent.mkdir(parents=True, exist_ok=True)
        tree = ElementTree.ElementTree(_to_xml(entry, name, size))
        ElementTree.indent(tree)
        tree.write(file, encoding="utf-8", xml_declaration=True)
        if dataset.split:
            parts[dataset.split.get(entry.source_ref, "train")].append(str(PurePosixPath(name).with_suffix("")))
    for part, stems in parts.items():
        if stems:
            file = path / "ImageSets" / "Main" / f"{part}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(stem + "\n" for stem in stems), encoding="utf-8")
    return tuple(lost)


def _read_file(root: Path, name: str, images: set[str], number: int) -> Entry | Problem:
    try:
        builder = ElementTree.XMLParser(target=_NoDoctype())
        tree = ElementTree.fromstring((root / name).read_bytes(), parser=builder)
    except (ElementTree.ParseError, ValueError, LookupError, OSError) as error:
        image = _find_image(name, None, images)
        code = "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"
        found = problem(code, number, detail=f"{name} cannot be read as XML: {error}", name="annotation")
        return Entry(image, line=number, problems=(found,)) if image else found
    file_name = (tree.findtext("filename") or "").strip()
    if file_name and name_below(file_name) is None:
        detail = f"{name}: the file name {file_name[:200]!r} leads out of the folder"
        return problem("ERROR_INVALID_SOURCE_REF_FORMAT", number, detail=detail)
    image = _find_image(name, name_below(file_name), images)
    if image is None:
        detail = f"{name}: its image {file_name or PurePosixPath(name).stem} is not in the folder"
        return problem("ERROR_INVALID_IMAGE", number, detail=detail)
    boxes, problems = [], []
    for i, element in enumerate(tree.findall("object")):
        label = (element.findtext("name") or "").strip()
        corners = [_number(element.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
        if not label or None in corners:
            detail = f"{name}: object {i + 1} needs a name and a bndbox with xmin, ymin, xmax and ymax"
            problems.append(bad_annotation(number, i, detail))
            continue
        x0, y0, x1, y1 = (c for c in corners if c is not None)
        boxes.append(Box(label, x0, y0, x1 - x0, y1 - y0))
    size = [_number(tree.findtext(f"size/{side}")) for side in ("width", "height")]
    known = (int(size[0]), int(size[1])) if size[0] and size[1] and min(size[0], size[1]) >= 1 else None
    return boxed_entry(image, boxes if boxes or not problems else None, known, number, problems)


def _find_image(xml: str, file_name: str | None, images: set[str]) -> str | None:
    """The image of an XML file: by its `filename` or the XML's own name, beside it or in a sibling folder."""
    path = PurePosixPath(xml)
    stems = [path.with_suffix("")]
    if "Annotations" in path.parts:
        i = path.parts.index("Annotations")
        stems += [PurePosixPath(*path.parts[:i], folder, *path.parts[i + 1 :]).with_suffix("") for folder in _FOLDERS]
    elif len(path.parts) > 1:
        stems += [path.parent.parent / folder / path.stem for folder in _FOLDERS]
    stems += [PurePosixPath(folder) / path.stem for folder in _FOLDERS]
    if file_name:
        named = [stem.parent / PurePosixPath(file_name).name for stem in stems] + [PurePosixPath(file_name)]
        exact = next((str(image) for image in named if str(image) in images), None)
        if exact:
            return exact
    extensions = sorted(EXTENSIONS | {extension.upper() for extension in EXTENSIONS})
    return next((f"{stem}{e}" for stem in stems for e in extensions if f"{stem}{e}" in images), None)


def _split(root: Path, entries: tuple[Entry, ...]) -> dict[str, Literal["train", "test"]]:
    by_stem: dict[str, str] = {}
    by_name: dict[str, str] = {}
    parts: dict[str, Literal["train", "valid", "test"]] = {}
    for entry in entries:
        path = PurePosixPath(entry.source_ref).with_suffix("")
        by_stem[str(path).partition("JPEGImages/")[2] or str(path)] = entry.source_ref
        by_name.setdefault(path.name, entry.source_ref)
        part = split_name(path.parts[0]) if len(path.parts) > 1 else None
        if part:
            parts[entry.source_ref] = part
    for file in sorted((root / "ImageSets" / "Main").glob("*.txt")):
        part = split_name(file.stem)
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if part else ():
            image = by_stem.get(line.strip()) or by_name.get(line.strip())
            if part and image:
                parts[image] = part
    return split_hints(parts)


def _to_xml(entry: Entry, name: str, size: tuple[int, int]) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = PurePosixPath(name).name
    frame = ElementTree.SubElement(root, "size")
    for side, pixels in zip(("width", "height", "depth"), (*size, 3), strict=True):
        ElementTree.SubElement(frame, side).text = str(pixels)
    for box in entry.boxes or ():
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = box.label
        corners = ElementTree.SubElement(item, "bndbox")
        for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box.corners, strict=True):
            ElementTree.SubElement(corners, side).text = str(int(value)) if value == int(value) else repr(float(value))
    return root


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 2**31 else None
