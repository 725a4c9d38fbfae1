"""Objects: put, get, look at, delete."""

from __future__ import annotations

from collections.abc import Iterator

from customlabels.api.s3 import conditions
from customlabels.api.s3.call import NO_CONTENT, Answer, Call, arn, denied
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.listing import MAX_KEYS
from customlabels.api.s3.object_headers import answer_headers, given_headers, given_metadata, kept_checksums
from customlabels.api.s3.xml import Element
from customlabels.store.objects import MAX_KEY_BYTES, NoSuchKey, Stored

_REFUSED = {
    "x-amz-server-side-encryption-customer-algorithm": "Encryption with a client's own key",
    "x-amz-copy-source-server-side-encryption-customer-algorithm": "Encryption with a client's own key",
    "x-amz-object-lock-mode": "Object Lock",
    "x-amz-object-lock-legal-hold": "Object Lock",
    "x-amz-write-offset-bytes": "Appending to an object",
}
_TRIES = 5


def put_object(call: Call) -> Answer:
    call.require("s3:PutObject")
    check_put(call)
    headers, metadata = given_headers(call.headers), given_metadata(call.headers)
    stored = call.objects.put(
        call.bucket,
        call.key,
        with_checksum(call, headers),
        headers,
        metadata,
        replacing=conditions.replacing(call.headers),
    )
    return Answer(headers={"etag": f'"{stored.etag}"', **kept_checksums(headers)})


def get_object(call: Call) -> Answer:
    return _read(call, with_content=True)


def head_object(call: Call) -> Answer:
    return _read(call, with_content=False)


def get_object_attributes(call: Call) -> Answer:
    stored = find(call, "s3:GetObject")
    wanted = {name.strip() for name in call.headers.get("x-amz-object-attributes", "").split(",")}
    checksums = kept_checksums(stored.headers)
    rows: list[Element] = []
    if "ETag" in wanted:
        rows.append(("ETag", stored.etag))
    if "Checksum" in wanted and checksums:
        rows.append(("Checksum", [(checksum_element(name), value) for name, value in checksums.items()]))
    if "StorageClass" in wanted:
        rows.append(("StorageClass", "STANDARD"))
    if "ObjectSize" in wanted:
        rows.append(("ObjectSize", stored.size))
    headers = answer_headers(stored, {}, {})
    return Answer.xml("GetObjectAttributesResponse", rows, {"last-modified": headers["last-modified"]})


def delete_object(call: Call) -> Answer:
    call.require("s3:DeleteObject")
    check_version(call)
    call.objects.delete(call.bucket, [call.key])
    return NO_CONTENT


def delete_objects(call: Call) -> Answer:
    """Up to 1,000 at once; those that the caller may not delete are told one by one."""
    if call.objects.bucket(call.bucket).account != call.caller.account:
        raise denied(call.caller, "s3:DeleteObject", arn(call.bucket))
    if not call.caller.may_ever("s3:DeleteObject"):
        raise denied(call.caller, "s3:DeleteObject", arn(call.bucket))
    document = call.document("Delete")
    entries = document.all("Object")
    keys = [entry.find("Key") or "" for entry in entries]
    if not 1 <= len(keys) <= MAX_KEYS or not all(keys):
        raise S3Error("MalformedXML", f"The XML you provided was not well-formed: Delete has 1 to {MAX_KEYS} keys.")
    errors: list[Element] = []
    allowed: list[str] = []
    for key, entry in zip(keys, entries, strict=True):
        reason = _refusal(call, key, entry.find("VersionId"))
        if reason is None:
            allowed.append(key)
        else:
            errors.append(("Error", [("Key", key), ("Code", reason.code), ("Message", reason.message)]))
    if allowed:
        call.objects.delete(call.bucket, allowed)
    quiet = document.find("Quiet") == "true"
    deleted: list[Element] = [] if quiet else [("Deleted", [("Key", key)]) for key in allowed]
    return Answer.xml("DeleteResult", deleted + errors)


def find(call: Call, action: str, bucket: str | None = None, key: str | None = None) -> Stored:
    """An object that the caller may use so. Who may not list the bucket is not told that there is none."""
    bucket, key = (call.bucket, call.key) if bucket is None or key is None else (bucket, key)
    call.require(action, bucket, key)
    try:
        return call.objects.head(bucket, key)
    except NoSuchKey:
        if not call.caller.may("s3:ListBucket", arn(bucket)):
            raise denied(call.caller, "s3:ListBucket", arn(bucket)) from None
        raise


def with_checksum(call: Call, headers: dict[str, str]) -> Iterator[bytes]:
    """The content of a request; its checksum, which may follow it, is among the headers at the end."""
    yield from call.body
    headers.update(call.body.kept_headers())


def check_put(call: Call) -> None:
    """Raises S3Error for what a put asks for and cannot have."""
    for name, what in _REFUSED.items():
        if name in call.headers:
            raise S3Error("NotImplemented", f"{what} is not supported here.", Header=name)


def check_version(call: Call) -> None:
    """Raises S3Error where another version is asked for than the one that objects have."""
    version = call.query.get("versionId", "null")
    if version != "null":
        raise S3Error("NoSuchVersion", "The specified version does not exist.", Key=call.key, VersionId=version[:100])


def checksum_element(header: str) -> str:
    """The XML element of a checksum's header: ChecksumCRC32 of x-amz-checksum-crc32."""
    name = header.rpartition("-")[2]
    return "ChecksumType" if name == "type" else f"Checksum{name.upper()}"


def _read(call: Call, with_content: bool) -> Answer:
    for _ in range(_TRIES):
        stored = find(call, "s3:GetObject")
        check_version(call)
        headers = answer_headers(stored, call.headers, call.query)
        conditions.check(stored, call.headers, headers)
        if call.query.get("partNumber", "1") != "1":
            raise S3Error("NotImplemented", "An object is not kept in the parts it was uploaded in. Use Range.")
        span = conditions.byte_range(conditions.wanted_range(stored, call.headers), stored.size)
        start, end = span or (0, stored.size)
        headers["content-length"] = str(end - start)
        if span:
            headers["content-range"] = f"bytes {start}-{end - 1}/{stored.size}"
            for name in kept_checksums(headers):
                headers.pop(name, None)  # they are of the whole object
        status = 206 if span else 200
        if not with_content:
            return Answer(headers=headers, status=status)
        opened, chunks = call.objects.open(call.bucket, call.key, start, end)
        if (opened.etag, opened.size, opened.modified) == (stored.etag, stored.size, stored.modified):
            return Answer(chunks, headers, status)
    raise S3Error("ServiceUnavailable", "The object is replaced again and again. Try later.")


def _refusal(call: Call, key: str, version: str | None) -> S3Error | None:
    if len(key.encode()) > MAX_KEY_BYTES:
        return S3Error("KeyTooLongError", f"A key has at most {MAX_KEY_BYTES:,} bytes.")
    if version not in (None, "", "null"):
        return S3Error("NoSuchVersion", "The specified version does not exist.")
    if not call.caller.may("s3:DeleteObject", arn(call.bucket, key)):
        return denied(call.caller, "s3:DeleteObject", arn(call.bucket, key))
    return None
