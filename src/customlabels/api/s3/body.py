"""The body of a request: read as it comes, decoded, and held against everything that its headers say of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from customlabels.api.s3 import checksums
from customlabels.api.s3.checksums import PREFIX
from customlabels.api.s3.chunked import ChunkedBody, ChunkSignatures
from customlabels.api.s3.errors import S3Error

if TYPE_CHECKING:
    from customlabels.api.sigv4 import Signature

MAX_BYTES = 5 << 30
"""Of an object or part in one request."""

_GATHER = 256 << 10
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_STREAMING = {_SIGNED_CHUNKS, f"{_SIGNED_CHUNKS}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}


class Body:
    """The content of a request's body. `receive` waits for more of it and returns b"" at the end.

    `checksum` is, after the last byte, the (algorithm, value) that the client gave and the content was found to have.
    """

    def __init__(self, receive: Callable[[], bytes], headers: Mapping[str, str], signature: Signature) -> None:
        """Raises S3Error for headers that cannot be."""
        self._receive = receive
        self._headers = headers
        self._signature = signature
        self.checksum: tuple[str, str] | None = None
        payload = signature.payload
        if payload.startswith("STREAMING-") and payload not in _STREAMING:
            raise S3Error("NotImplemented", f"Bodies that are signed as {payload[:60]} are not supported.")
        if payload != "UNSIGNED-PAYLOAD" and payload not in _STREAMING and not _SHA256.fullmatch(payload):
            raise S3Error(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                f"{', '.join(sorted(_STREAMING))}, or a valid sha256 value.",
                ArgumentName="x-amz-content-sha256",
                ArgumentValue=payload[:100],
            )
        self._chunked = payload in _STREAMING or "aws-chunked" in headers.get("content-encoding", "").lower()
        self._declared = checksums.declared(headers)
        self._trailing = checksums.trailing(headers) if self._chunked else None
        self._md5 = _md5_of(headers)
        self.size = _size_of(headers, self._chunked)
        if self.size is not None and self.size > MAX_BYTES:
            raise S3Error(
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size",
                ProposedSize=str(self.size),
                MaxSizeAllowed=str(MAX_BYTES),
            )

    def __iter__(self) -> Iterator[bytes]:
        """Raises S3Error, at the end at the latest, where the body is not what the headers say."""
        pieces = iter(self._receive, b"")
        chunked = self._decode(pieces) if self._chunked else None
        digests = _Digests(self._signature.payload, self._md5, self._declared, self._trailing)
        size = 0
        for block in _gathered(iter(chunked) if chunked else pieces):
            size += len(block)
            if size > (MAX_BYTES if self.size is None else self.size):
                raise _other_size(size, self.size)
            digests.update(block)
            yield block
        if self.size not in (None, size):
            raise _other_size(size, self.size)
        self.checksum = digests.verified(chunked.trailer if chunked else {})

    def read(self, limit: int) -> bytes:
        """The whole body. Raises S3Error, also where it has more than `limit` bytes."""
        content = bytearray()
        for block in self:
            content += block
            if len(content) > limit:
                raise S3Error("EntityTooLarge", f"The body of this request has at most {limit:,} bytes.")
        return bytes(content)

    def kept_headers(self) -> dict[str, str]:
        """The headers by which an object is to give back the checksum it came with."""
        return {PREFIX + self.checksum[0]: self.checksum[1]} if self.checksum else {}

    def _decode(self, pieces: Iterator[bytes]) -> ChunkedBody:
        signature = self._signature
        signatures = None
        if signature.payload.startswith(_SIGNED_CHUNKS):
            signatures = ChunkSignatures(
                signature.signing_key, signature.timestamp, signature.scope, signature.signature
            )
        return ChunkedBody(pieces, signatures, trailer=signature.payload.endswith("-TRAILER"))


class _Digests:
    """All that is computed of a body while it is read."""

    def __init__(self, payload: str, md5: bytes | None, declared: tuple[str, str] | None, trailing: str | None) -> None:
        self._payload = payload if _SHA256.fullmatch(payload) else None
        self._sha256 = hashlib.sha256()
        self._md5 = md5
        self._md5_digest = hashlib.md5(usedforsecurity=False)
        self._declared = declared
        self._algorithm = declared[0] if declared else trailing
        self._checksum = checksums.new(self._algorithm) if self._algorithm else None

    def update(self, block: bytes) -> None:
        if self._payload:
            self._sha256.update(block)
        if self._md5:
            self._md5_digest.update(block)
        if self._checksum:
            self._checksum.update(block)

    def verified(self, trailer: Mapping[str, str]) -> tuple[str, str] | None:
        """The client's checksum. Raises S3Error where something is not what the client says."""
        if self._payload and not hmac.compare_digest(self._sha256.hexdigest(), self._payload):
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ClientComputedContentSHA256=self._payload,
                S3ComputedContentSHA256=self._sha256.hexdigest(),
            )
        if self._md5 and self._md5_digest.digest() != self._md5:
            raise S3Error(
                "BadDigest",
                "The Content-MD5 you specified did not match what we received.",
                ExpectedDigest=base64.b64encode(self._md5).decode(),
                CalculatedDigest=base64.b64encode(self._md5_digest.digest()).decode(),
            )
        if not self._checksum or not self._algorithm:
            return None
        given = self._declared[1] if self._declared else trailer.get(PREFIX + self._algorithm)
        if given is None:
            raise S3Error("MalformedTrailerError", f"The trailing checksum {PREFIX}{self._algorithm} is missing.")
        if given != checksums.encoded(self._checksum):
            raise S3Error(
                "BadDigest", f"The {self._algorithm.upper()} you specified did not match the calculated checksum."
            )
        return self._algorithm, given


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces as larger ones."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _GATHER:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _md5_of(headers: Mapping[str, str]) -> bytes | None:
    value = headers.get("content-md5")
    if value is None:
        return None
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != 16:
        raise S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.")
    return digest


def _size_of(headers: Mapping[str, str], chunked: bool) -> int | None:
    name = "x-amz-decoded-content-length" if chunked else "content-length"
    value = headers.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > 18:
        raise S3Error("InvalidArgument", f"The header {name} must be a number of bytes.")
    return int(value)


def _other_size(size: int, expected: int | None) -> S3Error:
    if expected is None:
        return S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    return S3Error(
        "IncompleteBody",
        f"The request body has {size:,} bytes" + (" or more" if size > expected else "") + f" instead of {expected:,}.",
    )
