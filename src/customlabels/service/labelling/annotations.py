"""New labels and boxes for an entry, as a Ground Truth line: what else the line says stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from customlabels.manifest.attributes import CLASSIFICATION, DETECTION, METADATA, MULTILABEL, pairs
from customlabels.manifest.entry import Box, Entry
from customlabels.manifest.groundtruth import API_RULES, Rejected, Rules, parse_line
from customlabels.manifest.lines import console_attributes, dump
from customlabels.manifest.problems import MAX_LABEL_LENGTH
from customlabels.service.errors import InvalidParameterException

_IMAGE_LEVEL = (CLASSIFICATION, MULTILABEL)
_STORED = replace(API_RULES, max_characters=None)
"""A line that was taken may have grown by what is wrong with it."""


def check_name(name: str) -> None:
    """Raises InvalidParameterException where no label can have this name."""
    if not 0 < len(name) <= MAX_LABEL_LENGTH or not name.strip():
        raise InvalidParameterException(
            f"The label {name[:40]!r} has {len(name)} characters; it must have 1 to {MAX_LABEL_LENGTH}, and not "
            "only blanks."
        )
    if "\0" in name:
        raise InvalidParameterException("A label cannot have the NUL character.")


def with_labels(entry: Entry, labels: Sequence[str]) -> Entry:
    """The entry with exactly these image-level labels; its boxes stay. Raises InvalidParameterException."""
    wanted = tuple(dict.fromkeys(labels))
    if wanted == entry.labels:
        return entry
    kept = {name for name in entry.labels if name in wanted}
    added = tuple(name for name in wanted if name not in kept)
    _check_names(added, entry)
    attributes = _without(entry.attributes, lambda metadata: _is_label_but(metadata, kept))
    return _joined(attributes, replace(entry, labels=added, boxes=None))


def with_boxes(entry: Entry, boxes: Sequence[Box], width: int, height: int) -> Entry:
    """The entry with exactly these boxes, in pixels of an image of this size. Raises InvalidParameterException.

    No boxes mean that somebody looked and there is nothing to find.
    """
    _check_names((box.label for box in boxes), entry)
    attributes = _without(entry.attributes, lambda metadata: metadata.get("type") == DETECTION)
    return _joined(attributes, replace(entry, labels=(), boxes=tuple(boxes), width=width, height=height))


def relabelled(entry: Entry, old: str, new: str | None) -> Entry:
    """The entry with one label under another name, or without it (None), also where it is only declared."""
    attributes: dict[str, Any] = dict(entry.attributes)
    for name in pairs(entry.attributes):
        metadata = attributes[name + METADATA]
        kind = metadata.get("type") if isinstance(metadata, dict) else None
        if kind in _IMAGE_LEVEL and metadata.get("class-name") == old:
            if new is None or new in entry.labels:
                del attributes[name], attributes[name + METADATA]
            else:
                attributes[name + METADATA] = {**metadata, "class-name": new}
        elif kind in (DETECTION, MULTILABEL):
            attributes |= _relabelled_classes(name, attributes, old, new)
    return _parsed({"source-ref": entry.source_ref, **attributes}, _STORED)


def new_entry(source_ref: str, labels: Sequence[str] = ()) -> Entry:
    """An entry for an image that is new. Raises InvalidParameterException."""
    entry = Entry(source_ref, tuple(labels))
    _check_names(labels, Entry(source_ref))
    return _joined({}, entry)


def read_entry(line: str, rules: Rules = _STORED) -> Entry:
    """The entry of a line, by default a stored one. Raises InvalidParameterException."""
    found = parse_line(line, 1, rules)
    if isinstance(found, Rejected):
        raise InvalidParameterException(f"{found.problem.message} {found.problem.detail}".strip())
    return found


def _relabelled_classes(name: str, attributes: Mapping[str, Any], old: str, new: str | None) -> dict[str, Any]:
    """The pair with another class-map; also where something is wrong with it, since labels are declared there, too."""
    value, metadata = attributes[name], attributes[name + METADATA]
    class_map = metadata.get("class-map")
    if not isinstance(class_map, dict) or old not in class_map.values():
        return {}
    if new is not None:
        renamed = {number: new if label == old else label for number, label in class_map.items()}
        return {name + METADATA: {**metadata, "class-map": renamed}}
    gone = {number for number, label in class_map.items() if label == old}
    metadata = {**metadata, "class-map": {number: label for number, label in class_map.items() if number not in gone}}
    if isinstance(value, list):
        return {name: [number for number in value if str(number) not in gone], name + METADATA: metadata}
    boxes, objects = value.get("annotations") if isinstance(value, dict) else None, metadata.get("objects")
    if not isinstance(boxes, list):
        return {name + METADATA: metadata}
    kept = [i for i, box in enumerate(boxes) if not isinstance(box, dict) or str(box.get("class_id")) not in gone]
    if isinstance(objects, list):
        metadata["objects"] = [objects[i] for i in kept if i < len(objects)]
    return {name: {**value, "annotations": [boxes[i] for i in kept]}, name + METADATA: metadata}


def _check_names(names: Iterable[str], entry: Entry) -> None:
    """Of labels that an entry has not had yet."""
    for name in names:
        if name not in entry.all_labels:
            check_name(name)


def _is_label_but(metadata: Mapping[str, Any], kept: Collection[str]) -> bool:
    return metadata.get("type") in _IMAGE_LEVEL and metadata.get("class-name") not in kept


def _without(attributes: Mapping[str, Any], unwanted: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """The attributes of a line but for the pairs whose metadata are unwanted."""
    gone: set[str] = set()
    for name in pairs(attributes):
        metadata = attributes[name + METADATA]
        if isinstance(metadata, dict) and unwanted(metadata):
            gone |= {name, name + METADATA}
    return {name: value for name, value in attributes.items() if name not in gone}


def _joined(attributes: Mapping[str, Any], added: Entry) -> Entry:
    """The attributes that stay, and those of what was added, under names that are free."""
    new = console_attributes(replace(added, attributes={}))
    line: dict[str, Any] = {"source-ref": added.source_ref, **attributes}
    for name in list(pairs(new)):
        numbered = (f"{name}-{number}" for number in count(1))
        free = name
        while line.keys() & {free, free + METADATA} or (free != name and free in new):
            free = next(numbered)
        line |= {free: new[name], free + METADATA: new[name + METADATA]}
    return _parsed(line, API_RULES)


def _parsed(line: dict[str, Any], rules: Rules) -> Entry:
    return read_entry(dump(line), rules)
