"""Checks entries against their images: can each be decoded, is its size allowed, are its boxes inside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from customlabels.imaging.images import Header, ImageError, Limits, examine
from customlabels.manifest.entry import Box, Entry, Opener, Problem
from customlabels.manifest.frames import box_trouble, cut
from customlabels.manifest.lines import box_location
from customlabels.manifest.problems import problem

Examine = Callable[[bytes, Limits | None], Header]
"""Gives the header of an image within limits that can be decoded. Raises ImageError."""


@dataclass(frozen=True)
class Checked:
    """Entries after their images were looked at: sizes filled in, problems added, in the same order.

    `fingerprints` maps the source-ref of each image that was opened to the SHA-256 of its bytes.
    """

    entries: tuple[Entry, ...]
    fingerprints: Mapping[str, str]

    @property
    def usable(self) -> tuple[Entry, ...]:
        """The entries that can be learnt from: readable images with a label, boxes, or a look that found none."""
        return tuple(entry for entry in self.entries if is_usable(entry))

    def fingerprint(self, entry: Entry) -> str:
        """What identical images have in common, for `split`."""
        return self.fingerprints.get(entry.source_ref, entry.source_ref)


def is_annotated(entry: Entry) -> bool:
    """Whether somebody said something about the image: a label, boxes, or that there is nothing on it."""
    return bool(entry.labels) or entry.boxes is not None


def is_usable(entry: Entry) -> bool:
    """Whether an entry can be learnt from: annotated, and no error of the line as a whole."""
    return is_annotated(entry) and not _has_line_error(entry.problems)


def check_images(
    entries: Sequence[Entry],
    opener: Opener,
    limits: Limits | None = Limits(),
    progress: Callable[[int, int], None] | None = None,
    examine: Examine = examine,
) -> Checked:
    """Opens the image of every annotated entry and adds what is wrong to its problems.

    `progress` is called with the number of entries done and their total. Nothing is raised for a bad image.
    """
    checked, fingerprints = [], {}
    for i, entry in enumerate(entries):
        if is_usable(entry):
            try:
                data = opener(entry.source_ref)
            except OSError as error:
                found = problem(
                    "ERROR_INVALID_IMAGE", entry.line, detail=f"{entry.source_ref}: cannot be read: {error}"
                )
                entry = replace(entry, problems=(*entry.problems, found))
            else:
                fingerprints[entry.source_ref] = hashlib.sha256(data).hexdigest()
                entry = check_image(entry, data, limits, examine)
        checked.append(entry)
        if progress is not None:
            progress(i + 1, len(entries))
    return Checked(tuple(checked), MappingProxyType(fingerprints))


def check_image(entry: Entry, data: bytes, limits: Limits | None = Limits(), examine: Examine = examine) -> Entry:
    """The entry with the upright size of its image and without the boxes that are outside it, or with the error found.

    An image_size that is the stored size of an image lying on its side is fine: boxes are upright all the same.
    """
    try:
        header = examine(data, limits)
    except ImageError as error:
        code = "ERROR_INVALID_IMAGE_DIMENSION" if error.reason == "dimension" and entry.boxes else "ERROR_INVALID_IMAGE"
        return _with(entry, problem(code, entry.line, detail=f"{entry.source_ref}: {error}"))
    size, declared = (header.width, header.height), (entry.width, entry.height)
    if declared == size:
        return entry
    if entry.boxes is not None and not _fits(declared, header):
        detail = (
            f"{entry.source_ref}: the entry says {declared[0]}x{declared[1]} pixels, but the upright image has "
            f"{size[0]}x{size[1]}; label it again, or bring the image that was labelled"
        )
        return _with(entry, problem("ERROR_INVALID_IMAGE_DIMENSION", entry.line, detail=detail))
    entry = replace(entry, width=size[0], height=size[1])
    return keep_boxes(entry, entry.boxes) if entry.boxes else entry


def keep_boxes(entry: Entry, boxes: Iterable[Box], tolerance: float = 1e-3) -> Entry:
    """The entry with those of the boxes that are usable in its frame, and a problem for each of the others.

    Boxes outside the frame by up to `tolerance` pixels are cut. Where all are bad, nobody knows what is on the image:
    its boxes become None. The entry must have its width and height.
    """
    assert entry.width is not None
    assert entry.height is not None
    kept, problems = [], []
    for box in boxes:
        bad = box_trouble(box, entry.width, entry.height, tolerance)
        if bad is None:
            kept.append(cut(box, entry.width, entry.height))
        else:
            location = box_location(entry, box)
            problems.append(problem(bad[0], entry.line, location, f"{entry.source_ref}: {bad[1]}"))
    if problems and not kept:
        detail = f"{entry.source_ref}: none of the {len(problems)} boxes is usable"
        location = problems[0].location[:1]
        problems.append(problem("ERROR_NO_VALID_ANNOTATIONS", entry.line, location, detail))
    return replace(entry, boxes=tuple(kept) if kept or not problems else None, problems=(*entry.problems, *problems))


def _fits(declared: tuple[int | None, int | None], header: Header) -> bool:
    stored = (header.height, header.width) if header.sideways else (header.width, header.height)
    return declared in (stored, (None, None))


def _has_line_error(problems: Iterable[Problem]) -> bool:
    return any(not p.is_warning and not p.location for p in problems)


def _with(entry: Entry, found: Problem) -> Entry:
    return replace(entry, problems=(*entry.problems, found))
