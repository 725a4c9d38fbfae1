"""Writes Ground Truth lines: entries as the AWS console writes them, with findings attached where they belong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from customlabels.manifest.attributes import CLASSIFICATION, DETECTION, METADATA, is_reserved
from customlabels.manifest.entry import Box, Entry, Problem

BOXES_ATTRIBUTE = "BB"
Style = Literal["errors", "cl-errors"]
"""Key of findings: `errors` (and `warnings`) in validation manifests, `cl-errors` in listed dataset entries."""


def write_line(
    entry: Entry, created: datetime | None = None, class_map: Sequence[str] = (), findings: Style | None = None
) -> str:
    """An entry as one compact JSON line, without the line break.

    An entry that was read from a manifest keeps its attributes. `created` (default: now, UTC) goes to the others, and
    the labels in `class_map` are declared first in the class-map of their boxes. With `findings` the entry's problems
    are attached. Raises ValueError for an entry with boxes and an unknown image size.
    """
    content = {"source-ref": entry.source_ref, **(entry.attributes or console_attributes(entry, created, class_map))}
    if findings is not None:
        content = attach(content, entry.problems, findings)
        if findings == "cl-errors":
            content["cl-metadata"] = {"is_labeled": entry.is_labeled}
    return dump(content)


def dump(content: dict[str, Any]) -> str:
    """Compact JSON on one line."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def console_attributes(entry: Entry, created: datetime | None = None, class_map: Sequence[str] = ()) -> dict[str, Any]:
    """The label attributes of an entry: one named after each label, and `BB` for the boxes.

    Raises ValueError for boxes without an image size.
    """
    date = (created or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    shared = {"human-annotated": "yes", "creation-date": date}
    out: dict[str, Any] = {}
    for label, name in zip(entry.labels, _attribute_names(entry.labels), strict=True):
        out[name] = 1
        out[name + METADATA] = {
            "confidence": 1,
            "job-name": f"labeling-job/{name}",
            "class-name": label,
            **shared,
            "type": CLASSIFICATION,
        }
    if entry.boxes is None:
        return out
    if entry.width is None or entry.height is None:
        raise ValueError(f"{entry.source_ref}: Ground Truth boxes need the size of the image, and it is unknown.")
    ids = {label: i for i, label in enumerate(dict.fromkeys((*class_map, *(b.label for b in entry.boxes))))}
    out[BOXES_ATTRIBUTE] = {
        "image_size": [{"width": entry.width, "height": entry.height, "depth": 3}],
        "annotations": [
            {
                "class_id": ids[b.label],
                **{side: _number(getattr(b, side)) for side in ("left", "top", "width", "height")},
            }
            for b in entry.boxes
        ],
    }
    out[BOXES_ATTRIBUTE + METADATA] = {
        "objects": [{"confidence": 1} for _ in entry.boxes],
        "class-map": {str(i): label for label, i in ids.items()},
        "type": DETECTION,
        **shared,
        "job-name": f"labeling-job/{BOXES_ATTRIBUTE}",
    }
    return out


def attach(content: dict[str, Any], problems: Sequence[Problem], style: Style) -> dict[str, Any]:
    """A copy of a line with each problem at its place: in the deepest JSON object on the way to its location."""
    if not problems:
        return dict(content)
    out = copy.deepcopy(content)
    for found in problems:
        if found.is_warning and style == "cl-errors":
            continue
        key = "warnings" if found.is_warning else style
        place: Any = out
        target = out
        for step in found.location:
            place = _step(place, step)
            if isinstance(place, dict):
                target = place
        target.setdefault(key, []).append({"code": found.code, "message": found.message})
    return out


def box_location(entry: Entry, box: Box) -> tuple[str | int, ...]:
    """Where a box stands in the line that its entry was read from; ("annotations",) where there is no such line."""
    for name, value in entry.attributes.items():
        annotations = value.get("annotations") if isinstance(value, dict) else None
        for i, a in enumerate(annotations if isinstance(annotations, list) else ()):
            if isinstance(a, dict) and [a.get(k) for k in ("left", "top", "width", "height")] == [
                box.left,
                box.top,
                box.width,
                box.height,
            ]:
                return name, "annotations", i
    return ("annotations",)


def _step(place: Any, step: str | int) -> Any:
    if isinstance(place, dict) and isinstance(step, str):
        return place.get(step)
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return place[step]
    return None


def _attribute_names(labels: Sequence[str]) -> Iterator[str]:
    """A name for each label's attribute: the label, or `label-N` where that would be taken for something else."""
    taken = {BOXES_ATTRIBUTE, *(label for label in labels if not _is_ambiguous(label))}
    number = 0
    for label in labels:
        if not _is_ambiguous(label):
            yield label
            continue
        while f"label-{number}" in taken:
            number += 1
        taken.add(f"label-{number}")
        yield f"label-{number}"


def _is_ambiguous(name: str) -> bool:
    reserved = is_reserved(name) or is_reserved(name + METADATA)
    return reserved or name == BOXES_ATTRIBUTE or name.endswith(METADATA)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
