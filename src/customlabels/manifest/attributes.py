"""The label attributes of a Ground Truth line, `NAME` and `NAME-metadata`: checked and turned into labels and boxes.

Three kinds are read: image-level labels, boxes, and the multi-label kind, which is rewritten into image-level pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from customlabels.imaging.images import Limits
from customlabels.manifest.entry import Box
from customlabels.manifest.frames import box_trouble, cut, size_trouble
from customlabels.manifest.problems import MAX_LABEL_LENGTH, Findings

CLASSIFICATION = "groundtruth/image-classification"
DETECTION = "groundtruth/object-detection"
MULTILABEL = "groundtruth/image-classification-multilabel"
METADATA = "-metadata"

_RESERVED = {"source-ref", "errors", "warnings", "rekognition-custom-labels-object-id"}
_MAX_SIDE = 2**31 - 1
_FORMAT = "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT"
_METADATA_FORMAT = "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT"


@dataclass(frozen=True)
class Annotation:
    """What one label attribute says: its labels or its boxes (one of the two is None), and the labels it declares."""

    labels: tuple[str, ...] | None
    boxes: tuple[Box, ...] | None
    declared: tuple[str, ...]
    size: tuple[int, int] | None = None


def is_reserved(key: str) -> bool:
    """Whether a key of a line belongs to the service and is no label attribute; its predictions are none, either."""
    return key in _RESERVED or key.startswith(("cl-", "rekognition-custom-labels-evaluation"))


def pairs(line: Mapping[str, Any]) -> Iterator[str]:
    """The names of a line's label attributes: those that have a `-metadata` twin."""
    for key in line:
        if key + METADATA in line and not is_reserved(key):
            twin_of = key.removesuffix(METADATA)
            if twin_of == key or twin_of not in line:
                yield key


def declared_labels(line: Mapping[str, Any]) -> tuple[str, ...]:
    """All class names and class-map values of the recognised attributes of a line, each once, in order."""
    found: dict[str, None] = {}
    for name in pairs(line):
        metadata = line[name + METADATA]
        if isinstance(metadata, dict) and metadata.get("type") in (CLASSIFICATION, DETECTION, MULTILABEL):
            class_map = metadata.get("class-map")
            names = [metadata.get("class-name"), *(class_map.values() if isinstance(class_map, dict) else ())]
            found.update((n, None) for n in names if isinstance(n, str) and 0 < len(n) <= MAX_LABEL_LENGTH)
    return tuple(found)


def read_attribute(
    name: str, line: Mapping[str, Any], findings: Findings, max_boxes: int | None, limits: Limits | None
) -> Annotation | None:
    """What the attribute `name` of a line says, None where it is unused; everything wrong goes to `findings`."""
    value, metadata = line[name], line[name + METADATA]
    at = (name + METADATA,)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("type"), str):
        findings.add(_METADATA_FORMAT, at, f"{name}{METADATA} must be an object with a type")
        return None
    kind = metadata["type"]
    if kind == CLASSIFICATION or (kind == MULTILABEL and "class-name" in metadata):
        return _classification(name, value, metadata, findings)
    if kind == DETECTION:
        return _detection(name, value, metadata, findings, max_boxes, limits)
    remedy = "convert it to one image-classification pair a label" if kind == MULTILABEL else "name a supported type"
    findings.add(
        "ERROR_UNSUPPORTED_USE_CASE_TYPE",
        at,
        f"the type is {kind[:80]!r}; supported are {CLASSIFICATION} and {DETECTION}: {remedy}",
        name,
    )
    return None


def _classification(name: str, value: Any, metadata: dict[str, Any], findings: Findings) -> Annotation | None:
    usable = True
    if not _is_integer(value):
        findings.add(_FORMAT, (name,), f"{name} must be an integer", name)
        usable = False
    wrong = _wrong_fields(metadata)
    if not _is_number(metadata.get("confidence")):
        wrong.append("confidence (a number)")
    label = metadata.get("class-name")
    if not isinstance(label, str):
        wrong.append("class-name (a string)")
    if wrong:
        findings.add(_METADATA_FORMAT, (name + METADATA,), f"{name}{METADATA} needs " + ", ".join(wrong))
        return None
    assert isinstance(label, str)
    if not _check_names(name, [label], findings) or not usable:
        return None
    return Annotation((label,), None, (label,))


def _detection(
    name: str,
    value: Any,
    metadata: dict[str, Any],
    findings: Findings,
    max_boxes: int | None,
    limits: Limits | None,
) -> Annotation | None:
    reason = _wrong_shape(value)
    if reason:
        findings.add(_FORMAT, (name,), f"{name}: {reason}", name)
    wrong = _wrong_fields(metadata)
    objects, class_map = metadata.get("objects"), metadata.get("class-map")
    if not isinstance(objects, list) or not all(isinstance(o, dict) for o in objects):
        wrong.append("objects (an array of objects)")
    if not isinstance(class_map, dict) or not all(isinstance(v, str) for v in class_map.values()):
        wrong.append("class-map (an object of strings)")
    at = (name + METADATA,)
    if wrong:
        findings.add(_METADATA_FORMAT, at, f"{name}{METADATA} needs " + ", ".join(wrong))
    if reason or wrong:
        return None
    assert isinstance(objects, list)
    assert isinstance(class_map, dict)

    usable = True
    annotations = value["annotations"]
    confident = sum("confidence" in o for o in objects[: len(annotations)])
    if confident < len(annotations):
        findings.add(
            "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE", at, f"{len(annotations)} boxes, but {confident} confidences"
        )
        usable = False
    missing = sorted({a["class_id"] for a in annotations if str(a["class_id"]) not in class_map})
    if missing:
        findings.add("ERROR_MISSING_CLASS_MAP_ID", at, f"the class-map lacks {', '.join(map(str, missing[:10]))}")
        usable = False
    if not _check_names(name, list(class_map.values()), findings) or not usable:
        return None

    width, height = value["image_size"][0]["width"], value["image_size"][0]["height"]
    declared = tuple(dict.fromkeys(class_map.values()))
    if not annotations:
        findings.add("WARNING_NO_ATTRIBUTE_ANNOTATIONS", (name,))
        return Annotation(None, (), declared, (width, height))
    trouble = size_trouble(width, height, limits)
    if trouble:
        findings.add("ERROR_INVALID_IMAGE_DIMENSION", (), f"the image_size of {name} is {trouble}")
        return None
    if max_boxes is not None and len(annotations) > max_boxes:
        findings.add("ERROR_TOO_MANY_BOUNDING_BOXES", (name,), f"{len(annotations)} boxes; at most {max_boxes}")
        return None
    boxes = []
    for i, a in enumerate(annotations):
        box = Box(class_map[str(a["class_id"])], a["left"], a["top"], a["width"], a["height"])
        bad = box_trouble(box, width, height)
        if bad:
            findings.add(bad[0], (name, "annotations", i), bad[1])
        else:
            boxes.append(cut(box, width, height))
    if not boxes:
        findings.add("ERROR_NO_VALID_ANNOTATIONS", (name,), f"none of the {len(annotations)} boxes is usable")
        return None
    return Annotation(None, tuple(boxes), declared, (width, height))


def _wrong_shape(value: Any) -> str:
    """What is wrong with the value of a box attribute; empty where nothing is."""
    if not isinstance(value, dict):
        return "must be an object with image_size and annotations"
    size = value.get("image_size")
    if not isinstance(size, list) or len(size) != 1 or not isinstance(size[0], dict):
        return "image_size must be an array of one object"
    if not all(_is_integer(size[0].get(k)) and 0 < size[0][k] <= _MAX_SIDE for k in ("width", "height", "depth")):
        return "image_size needs width, height and depth, positive integers"
    annotations = value.get("annotations")
    if not isinstance(annotations, list):
        return "annotations must be an array"
    for i, a in enumerate(annotations):
        if not isinstance(a, dict) or not _is_integer(a.get("class_id")):
            return f"annotation {i} needs an integer class_id"
        if not all(_is_number(a.get(k)) for k in ("left", "top", "width", "height")):
            return f"annotation {i} needs left, top, width and height in pixels"
    return ""


def _wrong_fields(metadata: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} (a string)" for key in ("human-annotated", "creation-date") if not isinstance(metadata.get(key), str)
    ]


def _check_names(name: str, labels: list[str], findings: Findings) -> bool:
    wrong = [label for label in labels if not 0 < len(label) <= MAX_LABEL_LENGTH]
    if wrong:
        detail = f"{wrong[0][:40]!r} has {len(wrong[0])} characters; 1 to {MAX_LABEL_LENGTH} are allowed"
        findings.add("ERROR_INVALID_LABEL_NAME_LENGTH", (name + METADATA,), detail)
    return not wrong


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """A number that arithmetic can be done with: JSON allows integers of any length, and 1e999 reads as infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    return _is_integer(value) and abs(value) < 2**53


def convert_multilabel(line: dict[str, Any], findings: Findings) -> dict[str, Any]:
    """The line with each raw multi-label attribute rewritten as one image-classification pair a label.

    `"job": [1, 8]` with a class-map becomes `job0` and `job1`, as AWS's conversion script does. An attribute with a bad
    class-map or list stays as it is, with a finding.
    """
    raw = [n for n in pairs(line) if _is_raw_multilabel(line[n], line[n + METADATA])]
    if not raw:
        return line
    out = dict(line)
    for name in raw:
        ids, metadata = line[name], line[name + METADATA]
        class_map, confidences = metadata.get("class-map"), metadata.get("confidence-map")
        at = (name + METADATA,)
        if not all(_is_integer(i) for i in ids):
            findings.add(_FORMAT, (name,), f"{name} must be an array of class ids, integers", name)
            continue
        if not isinstance(class_map, dict) or not all(isinstance(v, str) for v in class_map.values()):
            findings.add(_METADATA_FORMAT, at, f"{name}{METADATA} needs class-map (an object of strings)")
            continue
        missing = [i for i in ids if str(i) not in class_map]
        if missing:
            findings.add("ERROR_MISSING_CLASS_MAP_ID", at, f"the class-map lacks {missing[0]}")
            continue
        del out[name], out[name + METADATA]
        shared = {k: v for k, v in metadata.items() if k not in ("class-map", "confidence-map", "type")}
        number = 0
        for i in ids:
            while f"{name}{number}" in out or f"{name}{number}{METADATA}" in out:
                number += 1
            confidence = confidences.get(str(i), 1) if isinstance(confidences, dict) else 1
            out[f"{name}{number}"] = 1
            out[f"{name}{number}{METADATA}"] = {
                "confidence": confidence,
                **shared,
                "class-name": class_map[str(i)],
                "type": CLASSIFICATION,
            }
    return out


def _is_raw_multilabel(value: Any, metadata: Any) -> bool:
    return (
        isinstance(value, list)
        and isinstance(metadata, dict)
        and metadata.get("type") == MULTILABEL
        and "class-name" not in metadata
    )
