"""Lists: of buckets, and of objects in three versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from urllib.parse import quote

from customlabels.api.s3.call import Answer, Call, arn
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.times import iso_time
from customlabels.api.s3.xml import Element
from customlabels.service.errors import InvalidPaginationTokenException
from customlabels.store.objects import Stored

MAX_KEYS = 1000
MAX_BUCKETS = 10_000


def list_buckets(call: Call) -> Answer:
    call.allow("s3:ListAllMyBuckets", arn("*"))
    prefix, limit = call.query.get("prefix", ""), call.number("max-buckets", MAX_BUCKETS, MAX_BUCKETS)
    after = _position(call, "continuation-token", "buckets", prefix) or ""
    buckets = [b for b in call.objects.buckets(call.caller.account) if b.name.startswith(prefix) and b.name > after]
    shown = buckets[:limit]
    rows: list[Element] = [
        (
            "Bucket",
            [
                ("Name", bucket.name),
                ("CreationDate", iso_time(bucket.created)),
                ("BucketRegion", call.service.region),
                ("BucketArn", arn(bucket.name)),
            ],
        )
        for bucket in shown
    ]
    result: list[Element] = [("Owner", owner(call.caller.account)), ("Buckets", rows)]
    if len(buckets) > limit > 0:
        token = call.service.pages.token(shown[-1].name, "s3", call.caller.account, "buckets", prefix)
        result.append(("ContinuationToken", token))
    if prefix:
        result.append(("Prefix", prefix))
    return Answer.xml("ListAllMyBucketsResult", result)


def list_objects(call: Call) -> Answer:
    """The first version: pages follow by the last key."""
    call.require("s3:ListBucket", call.bucket)
    text = text_encoder(call)
    prefix, delimiter, marker = (call.query.get(name, "") for name in ("prefix", "delimiter", "marker"))
    limit = call.number("max-keys", MAX_KEYS, MAX_KEYS)
    items, more = _page(call, prefix, delimiter, marker, limit)
    result = _head(call, text, prefix, delimiter, limit, more)
    result.append(("Marker", text(marker)))
    if more and delimiter:
        result.append(("NextMarker", text(_name(items[-1]))))
    return Answer.xml("ListBucketResult", result + _rows(items, text, call.caller.account))


def list_objects_v2(call: Call) -> Answer:
    """The second version: pages follow by a token."""
    call.require("s3:ListBucket", call.bucket)
    if call.query["list-type"] != "2":
        raise S3Error("InvalidArgument", "Invalid List Type specified in request", ArgumentName="list-type")
    text = text_encoder(call)
    prefix, delimiter, start_after = (call.query.get(name, "") for name in ("prefix", "delimiter", "start-after"))
    limit = call.number("max-keys", MAX_KEYS, MAX_KEYS)
    after = _position(call, "continuation-token", call.bucket, prefix, delimiter)
    items, more = _page(call, prefix, delimiter, start_after if after is None else after, limit)
    result = _head(call, text, prefix, delimiter, limit, more)
    result.append(("KeyCount", len(items)))
    if "continuation-token" in call.query:
        result.append(("ContinuationToken", call.query["continuation-token"]))
    if start_after:
        result.append(("StartAfter", text(start_after)))
    if more:
        scope = ("s3", call.caller.account, call.bucket, prefix, delimiter)
        result.append(("NextContinuationToken", call.service.pages.token(_name(items[-1]), *scope)))
    fetch_owner = call.query.get("fetch-owner") == "true"
    return Answer.xml("ListBucketResult", result + _rows(items, text, call.caller.account if fetch_owner else None))


def list_object_versions(call: Call) -> Answer:
    """Every object has one version, `null`, as in a bucket that never had versioning."""
    call.require("s3:ListBucketVersions", call.bucket)
    text = text_encoder(call)
    prefix, delimiter, marker = (call.query.get(name, "") for name in ("prefix", "delimiter", "key-marker"))
    limit = call.number("max-keys", MAX_KEYS, MAX_KEYS)
    items, more = _page(call, prefix, delimiter, marker, limit)
    result = _head(call, text, prefix, delimiter, limit, more)
    result += [("KeyMarker", text(marker)), ("VersionIdMarker", call.query.get("version-id-marker", ""))]
    if more:
        result += [("NextKeyMarker", text(_name(items[-1]))), ("NextVersionIdMarker", "null")]
    version: list[Element] = [("VersionId", "null"), ("IsLatest", "true")]
    rows = _rows(items, text, call.caller.account, "Version", version)
    return Answer.xml("ListVersionsResult", result + rows)


def owner(account: str) -> list[Element]:
    """An account as S3 names owners."""
    return [("ID", hashlib.sha256(account.encode()).hexdigest()), ("DisplayName", account)]


def _page(call: Call, prefix: str, delimiter: str, after: str, limit: int) -> tuple[Sequence[Stored | str], bool]:
    """A page, and whether there are more."""
    if limit == 0:
        return [], False
    items: Sequence[Stored | str]
    if delimiter:
        items = call.objects.list_folders(call.bucket, prefix, delimiter, after, limit + 1)
    else:
        items = call.objects.list_objects(call.bucket, prefix, after, limit + 1)
    return items[:limit], len(items) > limit


def _head(call: Call, text: Callable[[str], str], prefix: str, delimiter: str, limit: int, more: bool) -> list[Element]:
    head: list[Element] = [("Name", call.bucket), ("Prefix", text(prefix))]
    if delimiter:
        head.append(("Delimiter", text(delimiter)))
    if "encoding-type" in call.query:
        head.append(("EncodingType", call.query["encoding-type"]))
    return [*head, ("MaxKeys", limit), ("IsTruncated", "true" if more else "false")]


def _rows(
    items: Sequence[Stored | str],
    text: Callable[[str], str],
    account: str | None,
    name: str = "Contents",
    further: Sequence[Element] = (),
) -> list[Element]:
    rows: list[Element] = []
    for item in items:
        if isinstance(item, str):
            continue
        row: list[Element] = [
            ("Key", text(item.key)),
            *further,
            ("LastModified", iso_time(item.modified)),
            ("ETag", f'"{item.etag}"'),
            ("Size", item.size),
            ("StorageClass", "STANDARD"),
        ]
        if account:
            row.append(("Owner", owner(account)))
        rows.append((name, row))
    return rows + [("CommonPrefixes", [("Prefix", text(item))]) for item in items if isinstance(item, str)]


def _name(item: Stored | str) -> str:
    return item if isinstance(item, str) else item.key


def text_encoder(call: Call) -> Callable[[str], str]:
    encoding = call.query.get("encoding-type")
    if encoding not in (None, "url"):
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", ArgumentName="encoding-type")
    return str if encoding is None else lambda text: quote(text, safe="/")


def _position(call: Call, name: str, *scope: str) -> str | None:
    token = call.query.get(name)
    if token is None:
        return None
    try:
        position = call.service.pages.position(token, "s3", call.caller.account, *scope)
    except InvalidPaginationTokenException:
        position = None
    if not isinstance(position, str):
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect", ArgumentName=name)
    return position
