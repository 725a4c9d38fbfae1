"""What botocore leaves to the server: lengths, ranges, patterns, enumerations and sizes of the model's shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_SHOWN = 200


def check(shape: Shape, value: Any) -> list[str]:
    """What is wrong with a parsed value, in AWS's words; empty where nothing is."""
    return list(_check(shape, value, ""))


def _check(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            prefix = f"{path}." if path else ""
            for name in shape.required_members:
                if name not in value:
                    yield _violation(None, prefix + _lower(name), "not be null")
            for name, item in value.items():
                yield from _check(shape.members[name], item, prefix + _lower(name))
        case ListShape():
            yield from _size(shape, value, path, "length")
            for i, item in enumerate(value, 1):
                yield from _check(shape.member, item, f"{path}.{i}.member")
        case MapShape():
            yield from _size(shape, value, path, "length")
            for key, item in value.items():
                yield from _check(shape.key, key, f"{path}.key")
                yield from _check(shape.value, item, f"{path}.{key[:_SHOWN]}.member")
        case StringShape():
            yield from _size(shape, value, path, "length")
            if shape.enum and value not in shape.enum:
                yield _violation(value, path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
            pattern = shape.metadata.get("pattern")
            if pattern and _compiled(pattern).fullmatch(value) is None:
                yield _violation(value, path, f"satisfy regular expression pattern: {pattern}")
        case _ if shape.type_name == "blob":
            yield from _size(shape, value, path, "length")
        case _ if shape.type_name in ("integer", "long", "float", "double"):
            yield from _size(shape, value, path, "value")


def _size(shape: Shape, value: Any, path: str, measure: str) -> Iterator[str]:
    size = value if measure == "value" else len(value)
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    than = "" if measure == "value" else "have length "
    if least is not None and size < least:
        yield _violation(value, path, f"{than}greater than or equal to {least}")
    if most is not None and size > most:
        yield _violation(value, path, f"{than}less than or equal to {most}")


def _violation(value: Any, path: str, constraint: str) -> str:
    if value is None:
        return f"Value null at '{path}' failed to satisfy constraint: Member must {constraint}"
    shown = f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}..."
    verb = "be " if constraint.startswith(("greater", "less")) else ""
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {verb}{constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    """A pattern of Java's for whole texts; there \\d is ASCII, and \\p{L} and its like are Unicode classes."""
    return regex.compile(_ascii_digits(pattern))


def _ascii_digits(pattern: str) -> str:
    out, i, in_class = [], 0, False
    while i < len(pattern):
        two = pattern[i : i + 2]
        if two == "\\d":
            out.append("0-9" if in_class else "[0-9]")
            i += 2
            continue
        if two[0] == "\\":
            out.append(two)
            i += 2
            continue
        if two[0] in "[]":
            in_class = two[0] == "["
        out.append(two[0])
        i += 1
    return "".join(out)
