"""What botocore leaves to the server: lengths, ranges, patterns, enumerations and sizes of the model's shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_SHOWN = 200
"""Characters of a value that a message repeats."""
_TOLD = 10
"""Violations that a message lists."""
_TOO_LARGE_IS_ANOTHER_ERROR = "ImageBlob"  # DetectCustomLabels refuses it sooner, with ImageTooLargeException


def check(shape: Shape, value: Any) -> str | None:
    """What is wrong with a parsed value, in AWS's words; None where nothing is."""
    found = list(_violations(shape, value, ""))
    if not found:
        return None
    noun = "error" if len(found) == 1 else "errors"
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return f"{len(found)} validation {noun} detected: {'; '.join(found[:_TOLD])}{more}"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            prefix = f"{path}." if path else ""
            for name in shape.required_members:
                if name not in value:
                    where = prefix + _lower(name)
                    yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
            for name, item in value.items():
                yield from _violations(shape.members[name], item, prefix + _lower(name))
        case ListShape():
            yield from _size(shape, value, path)
            for number, item in enumerate(value, 1):
                yield from _violations(shape.member, item, f"{path}.{number}.member")
        case MapShape():
            yield from _size(shape, value, path)
            for key, item in value.items():
                yield from _violations(shape.key, key, f"{path}.key")
                yield from _violations(shape.value, item, f"{path}.{key[:_SHOWN]}.member")
        case StringShape():
            yield from _size(shape, value, path)
            if shape.enum and value not in shape.enum:
                yield _violation(value, path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
            pattern = shape.metadata.get("pattern")
            if pattern and compiled(pattern).fullmatch(value) is None:
                yield _violation(value, path, f"satisfy regular expression pattern: {pattern}")
        case _ if shape.type_name == "blob" or isinstance(value, int | float):
            yield from _size(shape, value, path)


def _size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    size, noun = (value, "value") if isinstance(value, int | float) else (len(value), "length")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _violation(value, path, f"have {noun} greater than or equal to {least}")
    if most is not None and size > most and shape.name != _TOO_LARGE_IS_ANOTHER_ERROR:
        yield _violation(value, path, f"have {noun} less than or equal to {most}")


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


# Java's regular expressions, which the model has, in Python's. Of \w, digits and spaces Java sees ASCII only.
_JAVA = {
    r"\p{L}\p{Z}\p{N}_": r"\w\u0020\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000",
    r"\d": "0-9",
    r"\S": r"[^ \t\n\x0B\f\r]",
    ".": r"[^\n\r\x85\u2028\u2029]",
}
_TOKEN = re.compile(r"\\p\{L\}\\p\{Z\}\\p\{N\}_|\\p|\\.|[\[\].]", re.DOTALL)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, for `fullmatch`. Raises ValueError for one that is not known to mean the same here."""
    in_class = False

    def translated(token: re.Match[str]) -> str:
        nonlocal in_class
        text = token[0]
        match text:
            case "[" | "]":
                in_class = text == "["
                return text
            case ".":
                return text if in_class else _JAVA[text]
            case r"\d":
                return _JAVA[text] if in_class else f"[{_JAVA[text]}]"
            case r"\S" if not in_class:
                return _JAVA[text]
            case r"\p{L}\p{Z}\p{N}_" if in_class:
                return _JAVA[text]
            case r"\p" | r"\S" | r"\s" | r"\w" | r"\W" | r"\D" | r"\b":
                raise ValueError(
                    f"The pattern {pattern!r} of the model has {text}, which means another thing in Python."
                )
            case _:
                return text

    return re.compile(_TOKEN.sub(translated, pattern))
