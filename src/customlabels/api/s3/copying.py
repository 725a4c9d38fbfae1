"""Copies of objects, whole or a range as a part of an upload."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from customlabels.api.s3 import conditions
from customlabels.api.s3.call import Answer, Call, decoded
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.object_headers import TAGGING, given_headers, given_metadata, kept_checksums
from customlabels.api.s3.objects import check_put, checksum_element, find
from customlabels.api.s3.times import iso_time
from customlabels.api.s3.xml import Element
from customlabels.store.objects import Stored

SOURCE = "x-amz-copy-source"
_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})")


def copy_object(call: Call) -> Answer:
    call.require("s3:PutObject")
    check_put(call)
    bucket, key = source_of(call)
    source = find(call, "s3:GetObject", bucket, key)
    conditions.check_source(source, call.headers)
    replaced, tags_replaced = _directive(call, "metadata"), _directive(call, "tagging")
    if (bucket, key) == (call.bucket, call.key) and not (replaced or tags_replaced):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    headers = dict(source.headers)
    if replaced:
        headers = {**given_headers(call.headers), **kept_checksums(source.headers)}
        headers.pop(TAGGING, None)
    if tags_replaced:
        headers.pop(TAGGING, None)
        headers |= {n: value for n, value in given_headers(call.headers).items() if n == TAGGING}
    elif tags := call.objects.tags(bucket, key):
        headers[TAGGING] = urlencode(tags)
    metadata = given_metadata(call.headers) if replaced else source.metadata
    stored = call.objects.copy((bucket, key), call.bucket, call.key, headers, metadata)
    return Answer.xml("CopyObjectResult", copy_result(stored))


def copy_result(stored: Stored) -> list[Element]:
    checksums = kept_checksums(stored.headers)
    return [
        ("LastModified", iso_time(stored.modified)),
        ("ETag", f'"{stored.etag}"'),
        *[(checksum_element(name), value) for name, value in checksums.items()],
    ]


def source_of(call: Call) -> tuple[str, str]:
    """The (bucket, key) that a copy is of. Raises S3Error."""
    source, _, query = call.headers[SOURCE].partition("?")
    version = query.removeprefix("versionId=")
    if version not in ("", "null"):
        raise S3Error("NoSuchVersion", "The specified version does not exist.", VersionId=version[:100])
    try:
        bucket, _, key = decoded(source).removeprefix("/").partition("/")
    except ValueError:
        bucket = key = ""
    if not bucket or not key:
        raise S3Error(
            "InvalidArgument",
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName=SOURCE,
        )
    return bucket, key


def source_range(call: Call, size: int) -> tuple[int, int]:
    """The start and end (not included) of what is copied. Raises S3Error."""
    header = call.headers.get(f"{SOURCE}-range")
    if header is None:
        return 0, size
    match = _RANGE.fullmatch(header.strip())
    if match is None or int(match[1]) > int(match[2]):
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            ArgumentName=f"{SOURCE}-range",
        )
    if int(match[2]) >= size:
        raise S3Error("InvalidArgument", f"Range specified is not valid for source object of size: {size}")
    return int(match[1]), int(match[2]) + 1


def _directive(call: Call, name: str) -> bool:
    """Whether the metadata or tags are to be replaced instead of copied."""
    value = call.headers.get(f"x-amz-{name}-directive", "COPY").upper()
    if value not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", f"Unknown {name} directive.", ArgumentName=f"x-amz-{name}-directive")
    return value == "REPLACE"
