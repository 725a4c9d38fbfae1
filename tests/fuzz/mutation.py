"""Bad files out of good ones."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Mapping, Sequence

from . import seeds

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG = b"\x89PNG\r\n\x1a\n"


def mutated(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """The content with one to four changes; `others` are what a piece may come from."""
    for _ in range(chance.randint(1, 4)):
        content = _changed(chance, content, others)
    if content.startswith(_PNG) and chance.random() < 0.7:
        content = _with_checksums(content)
    return content


def bad_picture(chance: random.Random) -> bytes:
    return mutated(chance, chance.choice(seeds.pictures()), seeds.pictures())


def bad_archive(chance: random.Random) -> bytes:
    """A data set with one bad file or name, or a ZIP file with bad bytes."""
    files = dict(chance.choice(seeds.archives()))
    if chance.random() < 0.4:
        return mutated(chance, seeds.zipped(files), [seeds.zipped(one) for one in seeds.archives()[:2]])
    name = chance.choice(sorted(files))
    content = files.pop(name)
    if chance.random() < 0.2:
        name = chance.choice(seeds.NAMES)
    else:
        content = mutated(chance, content, list(files.values()) or [content])
    return seeds.zipped({**files, name: content}, chance.choice((0, 8, 12, 14)))


def bad_manifest(chance: random.Random, bucket: str) -> bytes:
    known = seeds.manifests(bucket)
    content = chance.choice(known)
    return content if chance.random() < 0.2 else mutated(chance, content, known)


def shuffled(chance: random.Random, fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers in any order, perhaps with one of them twice, or with one left out."""
    found = list(fields.items())
    chance.shuffle(found)
    if found and chance.random() < 0.2:
        found.append(chance.choice(found))
    if found and chance.random() < 0.2:
        found.pop(chance.randrange(len(found)))
    return found


def _changed(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    size = len(content)
    at, length = chance.randint(0, size), chance.choice((1, 2, 4, 8, 64, 1000))
    match chance.randrange(8):
        case 0:
            return content[:at] + chance.randbytes(1) + content[at + 1 :]
        case 1:
            value = chance.choice(_EXTREMES)
            width = 1 if value <= 0xFF else 2 if value <= 0xFFFF else 4
            return content[:at] + value.to_bytes(width, chance.choice(("big", "little"))) + content[at + width :]
        case 2:
            return content[:at]
        case 3:
            return content[:at] + content[at + length :]
        case 4:
            return content[:at] + content[at : at + length] * chance.randint(2, 50) + content[at + length :]
        case 5:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            return content[:at] + other[start : start + length] + content[at:]
        case 6:
            return content[:at] + chance.randbytes(length) + content[at:]
        case _:  # near the beginning, where the sizes are
            at = chance.randint(0, min(size, 64))
            return content[:at] + chance.randbytes(chance.choice((1, 4))) + content[at + 1 :]


def _with_checksums(png: bytes) -> bytes:
    """The chunks with the checksums that they should have, so that it is not those that are found wrong."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if at + 12 + size > len(png):
            break
        body = png[at + 4 : at + 8 + size]
        parts.append(png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + size
    return b"".join(parts) + png[at:]
