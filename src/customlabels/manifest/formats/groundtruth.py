"""SageMaker Ground Truth and Rekognition manifests: a file of JSON lines, or a folder with `train` and `test` ones.

Images are not copied. A source-ref is kept; one that is a file elsewhere is written as its absolute path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from customlabels.imaging.images import ImageError, read_header
from customlabels.manifest import groundtruth
from customlabels.manifest.entry import Dataset, Entry, Problem
from customlabels.manifest.formats.images import not_written, split_hints, split_name
from customlabels.manifest.lines import write_line
from customlabels.manifest.opener import S3, Folder
from customlabels.manifest.problems import DatasetError, problem

SUFFIXES = {".manifest", ".jsonl"}


def recognise(path: Path) -> bool:
    """Whether it is a manifest by its name or first line, or a folder that holds one."""
    if path.is_dir():
        return any(_manifests(path))
    return path.suffix.lower() in SUFFIXES or _starts_with_entry(path)


def read(path: Path, rules: groundtruth.Rules = groundtruth.FILE_RULES) -> Dataset:
    """A manifest, or all manifests directly in a folder. Raises DatasetError where there is none, OSError."""
    if path.is_file():
        return groundtruth.read(path, rules)
    files = list(_manifests(path))
    if not files:
        raise DatasetError(f"{path} has no manifest: a file named *.manifest or *.jsonl was looked for.")
    entries: dict[str, Entry] = {}
    labels: dict[str, None] = {}
    dropped: list[Problem] = []
    parts = {}
    for file in files:
        dataset = groundtruth.read(file, rules)
        labels.update(dict.fromkeys(dataset.labels))
        dropped.extend(dataset.dropped)
        part = split_name(file.stem)
        for entry in dataset.entries:
            if entry.source_ref in entries:
                detail = f"{entry.source_ref} is in another manifest already; {file.name} is the second"
                dropped.append(problem("ERROR_DUPLICATE_SOURCE_REF", entry.line, detail=detail))
                continue
            entries[entry.source_ref] = entry
            if part:
                parts[entry.source_ref] = part
    return Dataset(tuple(entries.values()), tuple(labels), Folder(path.absolute()), tuple(dropped), split_hints(parts))


def write(dataset: Dataset, path: Path) -> tuple[Problem, ...]:
    """The file, or where the path has no suffix a folder: with `train` and `test` manifests if the dataset is split."""
    if not dataset.split or path.suffix:
        return _write_file(dataset, list(dataset.entries), path if path.suffix else path / "dataset.manifest")
    lost: list[Problem] = []
    for part in ("train", "test"):
        entries = [e for e in dataset.entries if dataset.split.get(e.source_ref, "train") == part]
        lost += _write_file(dataset, entries, path / f"{part}.manifest")
    return tuple(lost)


def _write_file(dataset: Dataset, entries: list[Entry], path: Path) -> tuple[Problem, ...]:
    lost = []
    path.parent.mkdir(parents=True, exist_ok=True)
    class_map = dataset.labels  # declared on the first line with boxes, so that labels without images are kept
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for entry in entries:
            try:
                entry = sized(entry, dataset)
                line = write_line(replace(entry, source_ref=_reachable(entry, dataset, path)), class_map=class_map)
            except (OSError, ImageError) as error:
                lost.append(not_written(entry, str(error)))
                continue
            if entry.boxes is not None and not entry.attributes:
                class_map = ()
            file.write(line + "\n")
    return tuple(lost)


def uploaded(dataset: Dataset, folder: Path, prefix: str) -> Dataset:
    """The dataset as it is once `folder` was copied to `prefix` (s3://bucket/path): source-refs lie there.

    Raises DatasetError for an image that lies elsewhere, OSError and ImageError for one whose size cannot be read.
    """
    names = {entry.source_ref: _place(entry.source_ref, dataset, folder, prefix) for entry in dataset.entries}
    entries = tuple(replace(sized(entry, dataset), source_ref=names[entry.source_ref]) for entry in dataset.entries)
    return replace(dataset, entries=entries, split={names[ref]: part for ref, part in dataset.split.items()})


def _place(source_ref: str, dataset: Dataset, folder: Path, prefix: str) -> str:
    if source_ref.startswith(S3) or not isinstance(dataset.open, Folder):
        return source_ref
    image = Path(os.path.abspath(dataset.open.root / source_ref))
    root = Path(os.path.abspath(folder))
    if not image.is_relative_to(root):
        raise DatasetError(f"{image} is not in {root}, so it will not be below {prefix}.")
    return f"{prefix.rstrip('/')}/{image.relative_to(root).as_posix()}"


def sized(entry: Entry, dataset: Dataset) -> Entry:
    """The entry with the size of its image, where boxes need it and the source does not say it."""
    if entry.boxes is None or entry.attributes or entry.width is not None:
        return entry
    header = read_header(dataset.open(entry.source_ref), limits=None)
    return replace(entry, width=header.width, height=header.height)


def _reachable(entry: Entry, dataset: Dataset, path: Path) -> str:
    """The source-ref as it must stand in a manifest at `path`, for the image to be found from there."""
    if entry.source_ref.startswith(S3) or not isinstance(dataset.open, Folder):
        return entry.source_ref
    image = Path(os.path.abspath(dataset.open.root / entry.source_ref))
    folder = Path(os.path.abspath(path.parent))
    return image.relative_to(folder).as_posix() if image.is_relative_to(folder) else image.as_posix()


def _manifests(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file())


def _starts_with_entry(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(groundtruth.MAX_LINE_CHARACTERS)
    try:
        return "source-ref" in json.loads(first)
    except (ValueError, RecursionError, TypeError):
        return False
