"""The checksums that newer SDKs send along and ask for: x-amz-checksum-crc32 and its like."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from customlabels.api.s3.crc import CRC32, CRC32C, CRC64NVME, Polynomial
from customlabels.api.s3.errors import S3Error

PREFIX = "x-amz-checksum-"
ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
TYPE = f"{PREFIX}type"
ALGORITHM = f"{PREFIX}algorithm"

_CRCS: dict[str, Polynomial] = {"crc32": CRC32, "crc32c": CRC32C, "crc64nvme": CRC64NVME}
_OTHERS = {"md5", "sha512", "xxhash64", "xxhash3", "xxhash128"}
_NOT_ALGORITHMS = {"algorithm", "mode", "type"}


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, bits: int, update: Callable[[int, bytes], int]) -> None:
        self._bits, self._update, self._value = bits, update, 0

    def update(self, data: bytes, /) -> None:
        self._value = self._update(self._value, data)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._bits // 8, "big")


def new(algorithm: str) -> Digest:
    """A running checksum."""
    match algorithm:
        case "crc32":
            return _Crc(32, lambda value, data: zlib.crc32(data, value))
        case "crc32c" | "crc64nvme":
            return _Crc(_CRCS[algorithm].bits, _CRCS[algorithm].update)
        case _:
            return hashlib.new(algorithm, usedforsecurity=False)


def encoded(digest: Digest) -> str:
    return base64.b64encode(digest.digest()).decode()


def declared(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The (algorithm, checksum) that a request's headers give for its body. Raises S3Error."""
    names = [name.removeprefix(PREFIX) for name in headers if name.startswith(PREFIX)]
    names = [name for name in names if name not in _NOT_ALGORITHMS]
    if not names:
        return None
    if len(names) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    _require(names[0])
    value = headers[PREFIX + names[0]]
    if len(_decoded(value)) != len(new(names[0]).digest()):
        raise S3Error("InvalidRequest", f"Value for {PREFIX}{names[0]} header is invalid.")
    return names[0], value


def trailing(headers: Mapping[str, str]) -> str | None:
    """The algorithm of the checksum that follows the body. Raises S3Error."""
    names = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()]
    for name in names:
        if not name.startswith(PREFIX):
            raise S3Error(
                "InvalidRequest", f"The value specified in the x-amz-trailer header is not supported: {name[:40]}"
            )
        _require(name.removeprefix(PREFIX))
    if len(names) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    return names[0].removeprefix(PREFIX) if names else None


def of_parts(algorithm: str, kind: str, parts: Sequence[tuple[str, int]]) -> str | None:
    """The checksum of an object of parts with these (checksum, size); None where a part has none.

    `kind` is FULL_OBJECT, the checksum of all bytes in a row, or COMPOSITE, that of the parts' checksums.
    """
    if not all(checksum for checksum, _ in parts):
        return None
    decoded = [(_decoded(checksum), size) for checksum, size in parts]
    if kind == "FULL_OBJECT":
        crc, value = _CRCS[algorithm], 0
        for checksum, size in decoded:
            value = crc.combine(value, int.from_bytes(checksum, "big"), size)
        return base64.b64encode(value.to_bytes(crc.bits // 8, "big")).decode()
    digest = new(algorithm)
    for checksum, _ in decoded:
        digest.update(checksum)
    return f"{encoded(digest)}-{len(parts)}"


def check_kind(algorithm: str, kind: str | None) -> str:
    """The type of an upload's checksum, the algorithm's own unless given. Raises S3Error."""
    _require(algorithm)
    kind = kind or ("FULL_OBJECT" if algorithm == "crc64nvme" else "COMPOSITE")
    if kind not in ("FULL_OBJECT", "COMPOSITE"):
        raise S3Error("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
    if (kind, algorithm) == ("COMPOSITE", "crc64nvme") or (kind == "FULL_OBJECT" and algorithm not in _CRCS):
        raise S3Error(
            "InvalidRequest", f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        )
    return kind


def _require(algorithm: str) -> None:
    if algorithm in _OTHERS:
        raise S3Error("NotImplemented", f"The checksum {algorithm} is not supported here. Use {', '.join(ALGORITHMS)}.")
    if algorithm not in ALGORITHMS:
        raise S3Error("InvalidRequest", f"Checksum algorithm provided is unsupported: {algorithm[:40]!r}")


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""
