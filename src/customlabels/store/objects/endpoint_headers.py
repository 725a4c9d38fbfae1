"""Objects as boto3 takes and gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.header import Header, decode_header, make_header
from typing import Any

from customlabels.store.objects import Stored

_PARAMETERS = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
    "expires": "Expires",
    "x-amz-tagging": "Tagging",
}
_CHECKSUMS = {
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
}
_KEPT = {*_PARAMETERS, *_CHECKSUMS, "x-amz-checksum-type"} - {"x-amz-tagging"}


def parameters(headers: Mapping[str, str] | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """Parameters of PutObject, CopyObject and CreateMultipartUpload."""
    given = {_PARAMETERS[name]: value for name, value in (headers or {}).items() if name in _PARAMETERS}
    return {**given, "Metadata": {name: _to_ascii(value) for name, value in (metadata or {}).items()}}


def checksums(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Parameters of PutObject by which the endpoint verifies and keeps a checksum."""
    for name, value in (headers or {}).items():
        if name in _CHECKSUMS:
            return {"ChecksumAlgorithm": name.rpartition("-")[2].upper(), _CHECKSUMS[name]: value}
    return {}


def stored(key: str, answer: Mapping[str, Any]) -> Stored:
    """An object from the answer of HeadObject or GetObject."""
    fields: Mapping[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    size = fields["content-range"].rpartition("/")[2] if "content-range" in fields else answer["ContentLength"]
    return Stored(
        key,
        int(size),
        answer["ETag"].strip('"'),
        milliseconds(answer["LastModified"]),
        {name: value for name, value in fields.items() if name in _KEPT},
        {name.lower(): _from_ascii(value) for name, value in answer.get("Metadata", {}).items()},
    )


def listed(entry: Mapping[str, Any]) -> Stored:
    """An object from an entry of ListObjectsV2."""
    return Stored(entry["Key"], entry["Size"], entry["ETag"].strip('"'), milliseconds(entry["LastModified"]))


def milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _to_ascii(value: str) -> str:
    """As S3 itself gives metadata that are not ASCII: RFC 2047."""
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=0).encode()


def _from_ascii(value: str) -> str:
    return str(make_header(decode_header(value))) if value.startswith("=?") else value
