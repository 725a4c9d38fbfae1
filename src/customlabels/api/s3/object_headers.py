"""The headers of objects: those that a put gives, and those that an answer has."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from customlabels.api.s3 import checksums
from customlabels.api.s3.call import has_controls, http_time
from customlabels.api.s3.errors import S3Error
from customlabels.store.objects import Stored

META = "x-amz-meta-"
TAGGING = "x-amz-tagging"
DEFAULT_TYPE = "binary/octet-stream"
KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")
MAX_METADATA_BYTES = 2048
MAX_TAGS = 10

INERT = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
"""An object that a browser opens runs no script with the rights of this server's pages."""


def given_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What a put says of its object. Raises S3Error."""
    given = {name: headers[name] for name in KEPT if headers.get(name)}
    given.setdefault("content-type", DEFAULT_TYPE)
    encodings = [part.strip() for part in given.pop("content-encoding", "").split(",")]
    encodings = [encoding for encoding in encodings if encoding and encoding.lower() != "aws-chunked"]
    if encodings:
        given["content-encoding"] = ", ".join(encodings)
    if tags := parse_tags(headers.get(TAGGING, "")):
        given[TAGGING] = urlencode(tags)
    return given


def given_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """Raises S3Error (MetadataTooLarge)."""
    metadata = {name.removeprefix(META): value for name, value in headers.items() if name.startswith(META)}
    if sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) > MAX_METADATA_BYTES:
        raise S3Error(
            "MetadataTooLarge",
            f"Your metadata headers exceed the maximum allowed metadata size of {MAX_METADATA_BYTES:,} bytes.",
        )
    return {name: _from_header(value) for name, value in metadata.items()}


def parse_tags(query: str) -> dict[str, str]:
    """Tags as the header x-amz-tagging has them. Raises S3Error (InvalidTag)."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError as error:
        raise S3Error(
            "InvalidArgument", "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded."
        ) from error
    return check_tags(pairs)


def check_tags(pairs: list[tuple[str, str]], most: int = MAX_TAGS) -> dict[str, str]:
    """Raises S3Error (InvalidTag)."""
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        raise S3Error("InvalidTag", f"There are at most {most} tags.")
    for key, value in pairs:
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise S3Error(
                "InvalidTag", "The TagKey you have provided is invalid: 1 to 128 characters, values up to 256."
            )
    return tags


def answer_headers(stored: Stored, headers: Mapping[str, str], query: Mapping[str, str]) -> dict[str, str]:
    """What the answer to GET and HEAD says of an object; the query may override some of it. Raises S3Error."""
    answer = {name: value for name, value in stored.headers.items() if name in KEPT}
    for name in KEPT:
        override = query.get(f"response-{name}")
        if override is not None:
            if has_controls(override):
                raise S3Error("InvalidArgument", f"response-{name} cannot be a header.")
            answer[name] = override.encode().decode("latin-1")
    answer.setdefault("content-type", DEFAULT_TYPE)
    answer.update(
        {
            "etag": f'"{stored.etag}"',
            "last-modified": http_time(stored.modified),
            "accept-ranges": "bytes",
            **{META + name: _to_header(value) for name, value in stored.metadata.items()},
            **INERT,
        }
    )
    if TAGGING in stored.headers:
        answer["x-amz-tagging-count"] = str(len(parse_qsl(stored.headers[TAGGING], keep_blank_values=True)))
    if headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        answer.update(kept_checksums(stored.headers))
    return answer


def kept_checksums(headers: Mapping[str, str]) -> dict[str, str]:
    """The checksums among the headers of an object or part."""
    kept = {
        name: value for name, value in headers.items() if name.removeprefix(checksums.PREFIX) in checksums.ALGORITHMS
    }
    if kept:
        kept[checksums.TYPE] = headers.get(checksums.TYPE, "FULL_OBJECT")
    return kept


def _from_header(value: str) -> str:
    """Headers come as Latin-1; most clients that send more than ASCII mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _to_header(value: str) -> str:
    """As S3 gives metadata that are not ASCII (RFC 2047)."""
    return value if value.isascii() else f"=?UTF-8?B?{base64.b64encode(value.encode()).decode()}?="
