"""The one dataset type: every reader makes it, every writer and the trainer take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Opener = Callable[[str], bytes]
"""From a source-ref to the bytes of the image; raises OSError where it cannot be read."""


@dataclass(frozen=True)
class Problem:
    """One finding about one line or image: an AWS code (`ERROR_...`, `WARNING_...`), its words, and where it sits.

    `location` is the path of keys inside the JSON line ("bounding-box", "annotations", 0); empty: the line itself.
    `line` is the 1-based line (or row, or image) number in the file that was read.
    `detail` says more than AWS's fixed message does: the thing, the limit, the remedy.
    """

    code: str
    message: str
    line: int
    location: tuple[str | int, ...] = ()
    detail: str = ""

    @property
    def is_warning(self) -> bool:
        return self.code.startswith("WARNING_")


@dataclass(frozen=True)
class Box:
    """A labelled rectangle in pixels of the upright image; may be fractional in formats that allow it."""

    label: str
    left: float
    top: float
    width: float
    height: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1."""
        return self.left, self.top, self.left + self.width, self.top + self.height


@dataclass(frozen=True)
class Entry:
    """One image and what is known about it.

    `source_ref` is `s3://bucket/key` or a path (absolute, or relative to the dataset's root).
    `boxes` is None where nobody looked for objects, and empty where somebody looked and there are none (a negative).
    `width` and `height` are pixels of the upright image, None where the source does not say.
    `attributes` keeps the Ground Truth attributes of the line as they were read, so that writing it back loses
    nothing; empty for other formats.
    """

    source_ref: str
    labels: tuple[str, ...] = ()
    boxes: tuple[Box, ...] | None = None
    width: int | None = None
    height: int | None = None
    line: int = 0
    problems: tuple[Problem, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_labeled(self) -> bool:
        """Whether there is at least one image-level label or box (an empty list of boxes counts as unlabeled)."""
        return bool(self.labels or self.boxes)

    @property
    def has_errors(self) -> bool:
        return any(not p.is_warning for p in self.problems)

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Image-level labels and labels of boxes, each once, in order of appearance."""
        return tuple(dict.fromkeys((*self.labels, *(box.label for box in self.boxes or ()))))


@dataclass(frozen=True)
class Dataset:
    """Entries in the order of their source, the labels declared there, and what could not be read.

    `dropped` are the lines or images of which no entry could be made, each with its reason: nothing is dropped in
    silence. `split` maps a source-ref to "train" or "test" where the source itself says so.
    """

    entries: tuple[Entry, ...]
    labels: tuple[str, ...]
    open: Opener
    dropped: tuple[Problem, ...] = ()
    split: Mapping[str, Literal["train", "test"]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)
