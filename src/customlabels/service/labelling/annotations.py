"""New labels and boxes for an entry, as a Ground Truth line: what else the line says stays as it was."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from customlabels.manifest.attributes import CLASSIFICATION, DETECTION, METADATA, MULTILABEL, pairs
from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.groundtruth import API_RULES, Rejected, parse_line
from customlabels.manifest.lines import console_attributes
from customlabels.service.errors import InvalidParameterException

_IMAGE_LEVEL = (CLASSIFICATION, MULTILABEL)


def with_labels(entry: Entry, labels: Sequence[str]) -> Entry:
    """The entry with exactly these image-level labels; its boxes stay. Raises InvalidParameterException."""
    wanted = tuple(dict.fromkeys(labels))
    if wanted == entry.labels:
        return entry
    kept = {name for name in entry.labels if name in wanted}
    attributes = _without(entry.attributes, lambda metadata: _is_label_but(metadata, kept))
    added = replace(entry, labels=tuple(name for name in wanted if name not in kept), boxes=None, attributes={})
    return _joined(replace(entry, labels=wanted), attributes, added)


def with_boxes(entry: Entry, boxes: Sequence[Box], width: int, height: int) -> Entry:
    """The entry with exactly these boxes, in pixels of an image of this size. Raises InvalidParameterException.

    No boxes mean that somebody looked and there is nothing to find.
    """
    attributes = _without(entry.attributes, lambda metadata: metadata.get("type") == DETECTION)
    changed = replace(entry, boxes=tuple(boxes), width=width, height=height)
    return _joined(changed, attributes, replace(changed, labels=(), attributes={}))


def relabelled(entry: Entry, old: str, new: str | None) -> Entry:
    """The entry with one label under another name, or without it (None), also where it is only declared."""
    attributes: dict[str, Any] = dict(entry.attributes)
    labels = [new if name == old else name for name in entry.labels]
    for name in pairs(entry.attributes):
        metadata = attributes[name + METADATA]
        kind = metadata.get("type") if isinstance(metadata, dict) else None
        if kind in _IMAGE_LEVEL and metadata.get("class-name") == old:
            if new is None or new in entry.labels:
                del attributes[name], attributes[name + METADATA]
            else:
                attributes[name + METADATA] = {**metadata, "class-name": new}
        elif kind == DETECTION:
            attributes |= _relabelled_boxes(name, attributes, old, new)
    return _parsed({"source-ref": entry.source_ref, **attributes}, tuple(filter(None, labels)))


def new_entry(source_ref: str, labels: Sequence[str] = ()) -> Entry:
    """An entry for an image that is new. Raises InvalidParameterException."""
    return _joined(Entry(source_ref, tuple(labels)), {}, Entry(source_ref, tuple(labels)))


def read_entry(line: str) -> Entry:
    """The entry of a stored line. Raises InvalidParameterException."""
    found = parse_line(line, 1, API_RULES)
    if isinstance(found, Rejected):
        raise InvalidParameterException(f"{found.problem.message} {found.problem.detail}".strip())
    return found


def _relabelled_boxes(name: str, attributes: Mapping[str, Any], old: str, new: str | None) -> dict[str, Any]:
    value, metadata = attributes[name], attributes[name + METADATA]
    class_map = metadata.get("class-map")
    if not isinstance(class_map, dict) or old not in class_map.values():
        return {}
    if new is not None:
        renamed = {number: new if label == old else label for number, label in class_map.items()}
        return {name + METADATA: {**metadata, "class-map": renamed}}
    gone = {number for number, label in class_map.items() if label == old}
    boxes, objects = value.get("annotations", []), metadata.get("objects", [])
    kept = [i for i, box in enumerate(boxes) if str(box.get("class_id")) not in gone]
    return {
        name: {**value, "annotations": [boxes[i] for i in kept]},
        name + METADATA: {
            **metadata,
            "class-map": {number: label for number, label in class_map.items() if number not in gone},
            "objects": [objects[i] for i in kept if i < len(objects)],
        },
    }


def _is_label_but(metadata: Mapping[str, Any], kept: Collection[str]) -> bool:
    return metadata.get("type") in _IMAGE_LEVEL and metadata.get("class-name") not in kept


def _without(attributes: Mapping[str, Any], unwanted: Any) -> dict[str, Any]:
    """The attributes of a line but for the pairs whose metadata are unwanted."""
    gone: set[str] = set()
    for name in pairs(attributes):
        metadata = attributes[name + METADATA]
        if isinstance(metadata, dict) and unwanted(metadata):
            gone |= {name, name + METADATA}
    return {name: value for name, value in attributes.items() if name not in gone}


def _joined(changed: Entry, attributes: dict[str, Any], added: Entry) -> Entry:
    """The attributes that stay and those of what was added; all anew, where both would have the same name."""
    new = console_attributes(added)
    if attributes.keys() & new.keys():
        new = console_attributes(replace(changed, attributes={}))
        attributes = _without(attributes, lambda metadata: metadata.get("type") in (*_IMAGE_LEVEL, DETECTION))
    return _parsed({"source-ref": changed.source_ref, **attributes, **new}, changed.labels)


def _parsed(line: dict[str, Any], labels: Sequence[str]) -> Entry:
    entry = read_entry(json.dumps(line))
    wrong = [found for found in entry.problems if not found.is_warning]
    if wrong and any(found.code == "ERROR_INVALID_LABEL_NAME_LENGTH" for found in wrong):
        raise InvalidParameterException(f"{wrong[0].message} {wrong[0].detail}".strip())
    return entry
