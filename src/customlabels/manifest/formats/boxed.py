"""What the formats for boxes share: an entry whose boxes were checked against its image, and what of one is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from customlabels.imaging.images import read_header
from customlabels.manifest.entry import Box, Dataset, Entry, Opener, Problem
from customlabels.manifest.formats.images import not_written
from customlabels.manifest.problems import DatasetError, problem
from customlabels.manifest.validate import keep_boxes

TOLERANCE = 1.5
"""Pixels by which boxes of these formats may be outside: tools round, and some count from 1."""


def boxed_entry(
    source_ref: str,
    boxes: Iterable[Box] | None,
    size: tuple[int, int] | None,
    line: int,
    problems: Iterable[Problem] = (),
) -> Entry:
    """An entry with the boxes that are usable, and a problem for each other. Without a size all boxes are kept."""
    width, height = size or (None, None)
    entry = Entry(source_ref, width=width, height=height, line=line, problems=tuple(problems))
    if boxes is None:
        return entry
    boxes = tuple(boxes)
    return keep_boxes(entry, boxes, TOLERANCE) if size else replace(entry, boxes=boxes)


def bad_annotation(line: int, index: int, detail: str) -> Problem:
    """The finding that one annotation of an image cannot be read; the others are used."""
    return problem("ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT", line, ("annotations", index), detail, "annotations")


def size_of(entry: Entry, opener: Opener) -> tuple[int, int]:
    """Upright width and height of an entry's image, from its header where unknown. Raises OSError, ImageError."""
    if entry.width is not None and entry.height is not None:
        return entry.width, entry.height
    header = read_header(opener(entry.source_ref), limits=None)
    return header.width, header.height


def boxes_only(dataset: Dataset, format: str) -> tuple[list[Entry], list[Problem]]:
    """The entries that a format for boxes can hold, and what is lost of the others.

    Raises DatasetError where that is everything.
    """
    kept, lost = [], []
    for entry in dataset.entries:
        if entry.labels:
            lost.append(not_written(entry, f"its labels of the whole image: {format} holds boxes"))
        if entry.boxes is None:
            if not entry.labels:
                lost.append(
                    not_written(entry, f"it is not annotated, and {format} would call it an image without objects")
                )
            continue
        kept.append(entry)
    if not kept:
        raise DatasetError(
            f"{format} holds boxes, and none of the {len(dataset)} images has any; write groundtruth, folders or csv."
        )
    return kept, lost
