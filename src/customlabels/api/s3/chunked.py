"""Bodies in the encoding aws-chunked: chunks with signatures of their own, and fields that follow the last one.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

from customlabels.api.s3.errors import S3Error

_EMPTY = hashlib.sha256(b"").hexdigest()
_MAX_LINE = 16 << 10
_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")


@dataclass
class ChunkSignatures:
    """Checks the signatures of chunks, each of which covers the one before; `last` begins with that of the request."""

    key: bytes
    timestamp: str
    scope: str
    last: str

    def chunk(self, signature: str, sha256: str) -> None:
        """Raises S3Error."""
        self._check(signature, "AWS4-HMAC-SHA256-PAYLOAD", _EMPTY, sha256)

    def trailer(self, signature: str, fields: bytes) -> None:
        """Raises S3Error."""
        self._check(signature, "AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(fields).hexdigest())

    def _check(self, signature: str, kind: str, *hashes: str) -> None:
        text = "\n".join([kind, self.timestamp, self.scope, self.last, *hashes])
        expected = hmac.digest(self.key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected, signature):
            raise S3Error(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided: that of a chunk of the "
                "body.",
            )
        self.last = signature


class ChunkedBody:
    """Iterates over the content of an encoded body; `trailer` has the fields after it when the end was reached."""

    def __init__(self, pieces: Iterator[bytes], signatures: ChunkSignatures | None, trailer: bool) -> None:
        self.trailer: dict[str, str] = {}
        self._pieces = pieces
        self._signatures = signatures
        self._has_trailer = trailer
        self._buffer, self._position = b"", 0

    def __iter__(self) -> Iterator[bytes]:
        """Raises S3Error."""
        while True:
            head = _HEAD.fullmatch(self._line())
            if head is None or (head[2] is None and self._signatures is not None):
                raise _incomplete("a chunk does not begin with its size and signature")
            left, digest = int(head[1], 16), hashlib.sha256()
            last = left == 0
            while left:
                piece = self._take(left)
                left -= len(piece)
                if self._signatures:
                    digest.update(piece)
                yield piece
            if self._signatures:
                self._signatures.chunk(head[2].decode(), digest.hexdigest())
            if last:
                self._end()
                return
            if self._line():
                raise _incomplete("a chunk is longer than it says")

    def _end(self) -> None:
        fields, signature = b"", ""
        signed = self._signatures is not None and self._has_trailer
        blank = 0
        while blank < (2 if signed and not signature else 1):  # AWS's example has an empty line before the signature
            line = self._line(may_end=True)
            name, _, value = line.partition(b":")
            name, value = name.strip().lower(), value.strip()
            if not line:
                blank += 1
            elif name == b"x-amz-trailer-signature":
                signature = value.decode("latin-1")
            else:
                fields += name + b":" + value + b"\n"
                self.trailer[name.decode("latin-1")] = value.decode("latin-1")
            if len(fields) > _MAX_LINE:
                raise S3Error("MalformedTrailerError", "The request contained trailing data that is too long.")
        if self._signatures and signed:
            self._signatures.trailer(signature, fields)
        rest = self._buffer[self._position :] or next(self._pieces, b"")
        if rest.strip(b"\r\n"):
            raise _incomplete("data follow its end")

    def _line(self, may_end: bool = False) -> bytes:
        """The bytes up to the next line feed, which a carriage return may precede."""
        while (end := self._buffer.find(b"\n", self._position)) < 0:
            rest = self._buffer[self._position :]
            if len(rest) > _MAX_LINE:
                raise _incomplete("a line is too long")
            piece = next(self._pieces, b"")
            if not piece:
                if may_end and not rest:
                    return b""
                raise _incomplete("it ends too early")
            self._buffer, self._position = rest + piece, 0
        line = self._buffer[self._position : end]
        self._position = end + 1
        return line.removesuffix(b"\r")

    def _take(self, most: int) -> bytes:
        if self._position == len(self._buffer):
            self._buffer, self._position = next(self._pieces, b""), 0
            if not self._buffer:
                raise _incomplete("it ends too early")
        piece = self._buffer[self._position : self._position + most]
        self._position += len(piece)
        return piece


def _incomplete(reason: str) -> S3Error:
    return S3Error("IncompleteBody", f"The body is not what its aws-chunked encoding says: {reason}.")
