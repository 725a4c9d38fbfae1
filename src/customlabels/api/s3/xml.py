"""S3's XML: written from nested pairs, read without entities or other traps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.parsers import expat

from customlabels.api.s3.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
MAX_BYTES = 4 << 20
"""Of a document that is read: a list of 10,000 parts with their checksums has half of it."""

_MAX_DEPTH = 20
_MAX_ELEMENTS = 100_000
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]')

Element: TypeAlias = "tuple[str, str | int | Sequence[Element]]"
"""(name, content); a name may have attributes after a space."""


@dataclass(slots=True)
class Node:
    """An element that was read. Names are without namespaces."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str) -> list[Node]:
        return [child for child in self.children if child.name == name]

    def find(self, name: str) -> str | None:
        """The text of the first child of this name, if there is one."""
        return next((child.text for child in self.children if child.name == name), None)


def document(name: str, content: Sequence[Element] | str, namespace: bool = True) -> bytes:
    """A whole document; `content` may also be text."""
    root = f'{name} xmlns="{NAMESPACE}"' if namespace else name
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + _render(root, content)).encode()


def _render(name: str, content: str | int | Sequence[Element]) -> str:
    if isinstance(content, str | int):
        inside = _SPECIAL.sub(_escape, str(content))
    else:
        inside = "".join(_render(*element) for element in content)
    return f"<{name}>{inside}</{name.partition(' ')[0]}>"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    # S3 writes control characters so, too, though XML 1.0 has none; clients ask for encoding-type=url instead.
    return _ESCAPES.get(character) or f"&#x{ord(character):x};"


def parse(text: bytes, root: str) -> Node:
    """A document whose root element has this name. Raises S3Error (MalformedXML)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top: list[Node] = []
    open_: list[Node] = []
    count = 0

    def start(name: str, _: object) -> None:
        nonlocal count
        count += 1
        if count > _MAX_ELEMENTS:
            raise _malformed(f"it has more than {_MAX_ELEMENTS:,} elements")
        node = Node(name.rpartition(":")[2])
        (open_[-1].children if open_ else top).append(node)
        open_.append(node)
        if len(open_) > _MAX_DEPTH:
            raise _malformed(f"elements are nested deeper than {_MAX_DEPTH}")

    def end(_: str) -> None:
        open_.pop()

    def characters(data: str) -> None:
        open_[-1].text += data

    def refuse(*_: object) -> None:
        raise _malformed("it has a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter for an unknown encoding
        raise _malformed(str(error)) from error
    if top[0].name != root:
        raise _malformed(f"its root is {top[0].name[:40]!r} instead of {root!r}")
    return top[0]


def _malformed(reason: str) -> S3Error:
    return S3Error(
        "MalformedXML",
        f"The XML you provided was not well-formed or did not validate against our published schema: {reason}.",
    )
