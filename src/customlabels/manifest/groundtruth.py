"""Reads SageMaker Ground Truth manifests: one JSON object a line, one line an image.

A bad line never costs the file, and a bad box never costs its line. What can't become an entry is kept as `Rejected`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customlabels.imaging.images import Limits
from customlabels.manifest.attributes import (
    METADATA,
    Annotation,
    convert_multilabel,
    declared_labels,
    is_reserved,
    pairs,
    read_attribute,
)
from customlabels.manifest.entry import Box, Dataset, Entry, Problem
from customlabels.manifest.opener import Folder, is_path, is_s3
from customlabels.manifest.problems import Findings, problem

MAX_LINE_CHARACTERS = 100_000
_SERVICE_KEYS = ("errors", "warnings", "cl-errors", "cl-warnings", "cl-metadata")


@dataclass(frozen=True)
class Rules:
    """What is asked of a line. The defaults suit files on disk; for Rekognition's API there are `API_RULES`.

    s3_only: a source-ref must be s3://bucket/key, else it may be a path too. convert_multilabel: raw multi-label
    attributes are converted, else they are an unsupported type. max_boxes per label attribute, the limits of
    image_size and max_characters of a line: None lifts them.
    """

    s3_only: bool = False
    convert_multilabel: bool = True
    max_boxes: int | None = 50
    limits: Limits | None = Limits()
    max_characters: int | None = MAX_LINE_CHARACTERS


FILE_RULES = Rules()
API_RULES = Rules(s3_only=True, convert_multilabel=False)


@dataclass(frozen=True)
class Rejected:
    """A line of which no entry could be made. `content` is its JSON object without service keys, empty without one."""

    problem: Problem
    content: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """A manifest as read: `labels` are all that are declared; `lines` counts every line, blank ones included."""

    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]
    labels: tuple[str, ...]
    lines: int


def read(path: Path, rules: Rules = FILE_RULES) -> Dataset:
    """The dataset of a manifest file; paths in it are relative to its folder. Raises OSError."""
    with path.open("rb") as file:
        manifest = parse(file, rules)
    dropped = tuple(r.problem for r in manifest.rejected)
    return Dataset(manifest.entries, manifest.labels, Folder(path.absolute().parent), dropped)


def parse(lines: Iterable[bytes | str], rules: Rules = FILE_RULES) -> Manifest:
    """Entries of the lines of a manifest, in order. Of lines with one source-ref the first is kept."""
    entries: list[Entry] = []
    rejected: list[Rejected] = []
    labels: dict[str, None] = {}
    seen: dict[str, int] = {}
    number = 0
    for number, text in enumerate(lines, start=1):
        if number == 1:
            text = text.removeprefix(b"\xef\xbb\xbf") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        if not text.strip():
            continue
        result = parse_line(text, number, rules)
        if isinstance(result, Entry) and result.source_ref in seen:
            detail = f"{result.source_ref} is on line {seen[result.source_ref]} already; that one is used"
            found = problem("ERROR_DUPLICATE_SOURCE_REF", number, detail=detail)
            result = Rejected(found, {"source-ref": result.source_ref, **result.attributes})
        if isinstance(result, Rejected):
            rejected.append(result)
            continue
        seen[result.source_ref] = number
        entries.append(result)
        labels.update((label, None) for label in declared_labels(result.attributes))
    return Manifest(tuple(entries), tuple(rejected), tuple(labels), number)


def parse_line(text: bytes | str, line: int = 0, rules: Rules = FILE_RULES) -> Entry | Rejected:
    """One line of a manifest. Never raises: all that is wrong with it is in the result's problems."""
    content = _json_object(text, rules.max_characters)
    if isinstance(content, str):
        return Rejected(problem("ERROR_INVALID_JSON_LINE", line, detail=content), {})
    content = _without_service_keys(content)
    source_ref = content.get("source-ref")
    if "source-ref" not in content:
        return Rejected(problem("ERROR_MISSING_SOURCE_REF", line), content)
    valid = isinstance(source_ref, str) and (is_s3(source_ref) or (not rules.s3_only and is_path(source_ref)))
    if not isinstance(source_ref, str) or not valid:
        wanted = "s3://bucket/key" if rules.s3_only else "s3://bucket/key or a path"
        detail = f"source-ref is {str(source_ref)[:200]!r}; it must be {wanted}"
        return Rejected(problem("ERROR_INVALID_SOURCE_REF_FORMAT", line, detail=detail), content)
    return _read_entry(source_ref, content, line, rules)


def _read_entry(source_ref: str, content: dict[str, Any], line: int, rules: Rules) -> Entry:
    findings = Findings(line)
    if rules.convert_multilabel:
        content = convert_multilabel(content, findings)
    attributes = {k: v for k, v in content.items() if k != "source-ref"}
    names = list(pairs(content))
    if not names:
        if attributes:
            detail = f"{', '.join(list(attributes)[:5])}: a label attribute is a pair, NAME and NAME{METADATA}"
            findings.add("ERROR_NO_LABEL_ATTRIBUTES", (), detail[:300])
        else:
            findings.add("WARNING_UNANNOTATED_RECORD")
        return Entry(source_ref, line=line, problems=findings.report(), attributes=attributes)

    found = [read_attribute(n, content, findings, rules.max_boxes, rules.limits) for n in names]
    read = [a for a in found if a is not None]
    codes = findings.codes
    if codes & {"ERROR_TOO_MANY_BOUNDING_BOXES", "ERROR_INVALID_IMAGE_DIMENSION"}:
        labels, boxes = _merged([])
    else:
        labels, boxes = _merged(read)
        if not read and "ERROR_NO_VALID_ANNOTATIONS" not in codes:
            findings.add("ERROR_NO_VALID_LABEL_ATTRIBUTES")
        if boxes == () and not labels and not any(code.startswith("ERROR_") for code in codes):
            findings.add("WARNING_NO_ANNOTATIONS")
    width, height = next((a.size for a in read if a.size), (None, None))
    return Entry(source_ref, labels, boxes, width, height, line, findings.report(), attributes)


def _merged(annotations: list[Annotation]) -> tuple[tuple[str, ...], tuple[Box, ...] | None]:
    labels = tuple(dict.fromkeys(label for a in annotations for label in a.labels or ()))
    boxed = [a.boxes for a in annotations if a.boxes is not None]
    return labels, tuple(box for boxes in boxed for box in boxes) if boxed else None


def _json_object(text: bytes | str, most: int | None) -> dict[str, Any] | str:
    """The JSON object of a line, or the reason why there is none."""
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        if most is not None and len(decoded.rstrip("\r\n")) > most:
            return f"the line has {len(decoded):,} characters; at most {most:,} are allowed"
        content = json.loads(decoded, parse_constant=_no_constant)
        if "\\u" in decoded or isinstance(text, str):
            json.dumps(content, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        return f"not a JSON object in UTF-8: {str(error)[:200]}"
    return content if isinstance(content, dict) else "the line is JSON, but not an object"


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _without_service_keys(content: dict[str, Any]) -> dict[str, Any]:
    """The line without findings of an earlier validation, whether on the line, an attribute, metadata or annotation."""
    out = {k: _bare(v) for k, v in content.items() if k == "source-ref" or not is_reserved(k)}
    for value in out.values():
        if isinstance(value, dict) and isinstance(value.get("annotations"), list):
            value["annotations"] = [_bare(a) for a in value["annotations"]]
    return out


def _bare(value: Any) -> Any:
    return {k: v for k, v in value.items() if k not in _SERVICE_KEYS} if isinstance(value, dict) else value
