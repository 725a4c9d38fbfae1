"""Multipart uploads."""

from __future__ import annotations

from customlabels.api.s3 import checksums, conditions
from customlabels.api.s3.call import NO_CONTENT, Answer, Call
from customlabels.api.s3.checksums import PREFIX
from customlabels.api.s3.copying import SOURCE, copy_result, source_of, source_range
from customlabels.api.s3.errors import S3Error
from customlabels.api.s3.listing import MAX_KEYS, owner, text_encoder
from customlabels.api.s3.object_headers import given_headers, given_metadata, kept_checksums
from customlabels.api.s3.objects import check_put, checksum_element, find, with_checksum
from customlabels.api.s3.times import iso_time
from customlabels.api.s3.xml import Element, Node
from customlabels.store.objects import Part, Stored, Upload

MAX_PARTS = 10_000


def create_multipart_upload(call: Call) -> Answer:
    call.require("s3:PutObject")
    check_put(call)
    headers = given_headers(call.headers)
    answer: dict[str, str] = {}
    if algorithm := call.headers.get(checksums.ALGORITHM, "").lower():
        kind = checksums.check_kind(algorithm, call.headers.get(checksums.TYPE, "").upper() or None)
        headers |= {checksums.ALGORITHM: algorithm, checksums.TYPE: kind}
        answer = {checksums.ALGORITHM: algorithm.upper(), checksums.TYPE: kind}
    upload = call.objects.start_upload(call.bucket, call.key, headers, given_metadata(call.headers))
    rows: list[Element] = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload)]
    return Answer.xml("InitiateMultipartUploadResult", rows, answer)


def upload_part(call: Call) -> Answer:
    call.require("s3:PutObject")
    check_put(call)
    upload, number = call.query["uploadId"], _part_number(call)
    if SOURCE in call.headers:
        return _upload_part_copy(call, upload, number)
    headers: dict[str, str] = {}
    part = call.objects.put_part(call.bucket, call.key, upload, number, with_checksum(call, headers), headers)
    return Answer(headers={"etag": f'"{part.etag}"', **headers})


def _upload_part_copy(call: Call, upload: str, number: int) -> Answer:
    bucket, key = source_of(call)
    source = find(call, "s3:GetObject", bucket, key)
    conditions.check_source(source, call.headers)
    stored, chunks = call.objects.open(bucket, key, *source_range(call, source.size))
    if stored.etag != source.etag:
        raise S3Error("ServiceUnavailable", "The source was replaced in this moment. Try again.")
    part = call.objects.put_part(call.bucket, call.key, upload, number, chunks)
    return Answer.xml("CopyPartResult", copy_result(Stored("", part.size, part.etag, part.modified)))


def list_parts(call: Call) -> Answer:
    call.require("s3:ListMultipartUploadParts")
    upload = call.query["uploadId"]
    limit, after = call.number("max-parts", 1000, 1000), call.number("part-number-marker", 0, MAX_PARTS)
    parts = call.objects.parts(call.bucket, call.key, upload, after, limit + 1)
    shown = parts[:limit]
    named = owner(call.caller.account)
    rows: list[Element] = [
        ("Bucket", call.bucket),
        ("Key", text_encoder(call)(call.key)),
        ("UploadId", upload),
        ("Initiator", named),
        ("Owner", named),
        ("StorageClass", "STANDARD"),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", shown[-1].number if shown else 0),
        ("MaxParts", limit),
        ("IsTruncated", "true" if len(parts) > limit else "false"),
        *[("Part", _part_row(part)) for part in shown],
    ]
    return Answer.xml("ListPartsResult", rows)


def list_multipart_uploads(call: Call) -> Answer:
    call.require("s3:ListBucketMultipartUploads")
    text = text_encoder(call)
    prefix, marker = call.query.get("prefix", ""), call.query.get("key-marker", "")
    if call.query.get("delimiter"):
        raise S3Error("NotImplemented", "Uploads are listed without a delimiter here.")
    after = (marker, call.query.get("upload-id-marker", "") if marker else "")
    limit = call.number("max-uploads", MAX_KEYS, MAX_KEYS)
    uploads = call.objects.uploads(call.bucket, prefix, after, limit + 1) if limit else []
    shown, more = uploads[:limit], len(uploads) > limit
    rows: list[Element] = [
        ("Bucket", call.bucket),
        ("KeyMarker", text(after[0])),
        ("UploadIdMarker", after[1]),
        ("Prefix", text(prefix)),
        ("MaxUploads", limit),
        ("IsTruncated", "true" if more else "false"),
    ]
    if "encoding-type" in call.query:
        rows.append(("EncodingType", call.query["encoding-type"]))
    if more:
        rows += [("NextKeyMarker", text(shown[-1].key)), ("NextUploadIdMarker", shown[-1].id)]
    named = owner(call.caller.account)
    for upload in shown:
        described: list[Element] = [
            ("Key", text(upload.key)),
            ("UploadId", upload.id),
            ("Initiator", named),
            ("Owner", named),
            ("StorageClass", "STANDARD"),
            ("Initiated", iso_time(upload.created)),
        ]
        rows.append(("Upload", described))
    return Answer.xml("ListMultipartUploadsResult", rows)


def complete_multipart_upload(call: Call) -> Answer:
    call.require("s3:PutObject")
    id, replacing = call.query["uploadId"], conditions.replacing(call.headers)
    upload = call.objects.upload(call.bucket, call.key, id)
    nodes = call.document("CompleteMultipartUpload").all("Part")
    chosen = [_chosen(node) for node in nodes]
    numbers = [number for number, _ in chosen]
    if not 1 <= len(chosen) <= MAX_PARTS:
        raise S3Error("MalformedXML", f"The XML you provided was not well-formed: there are 1 to {MAX_PARTS:,} parts.")
    if numbers != sorted(set(numbers)):
        raise S3Error(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
        )
    found = {part.number: part for part in call.objects.parts(call.bucket, call.key, id, limit=MAX_PARTS)}
    _check_parts(nodes, numbers, found)
    headers = _checksum_of(call, upload, [found[number] for number in numbers if number in found])
    stored = call.objects.complete_upload(call.bucket, call.key, id, chosen, headers, replacing)
    rows: list[Element] = [
        ("Location", f"/{call.bucket}/{call.key}"),
        ("Bucket", call.bucket),
        ("Key", call.key),
        ("ETag", f'"{stored.etag}"'),
        *[(checksum_element(name), value) for name, value in kept_checksums(stored.headers).items()],
    ]
    return Answer.xml("CompleteMultipartUploadResult", rows)


def abort_multipart_upload(call: Call) -> Answer:
    call.require("s3:AbortMultipartUpload")
    call.objects.abort_upload(call.bucket, call.key, call.query["uploadId"])
    return NO_CONTENT


def _part_number(call: Call) -> int:
    number = call.number("partNumber", 0, 2**31)
    if not 1 <= number <= MAX_PARTS:
        raise S3Error(
            "InvalidArgument",
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=call.query.get("partNumber", "")[:100],
        )
    return number


def _part_row(part: Part) -> list[Element]:
    checksum: list[Element] = [
        (checksum_element(name), value)
        for name, value in kept_checksums(part.headers).items()
        if name != checksums.TYPE
    ]
    return [
        ("PartNumber", part.number),
        ("LastModified", iso_time(part.modified)),
        ("ETag", f'"{part.etag}"'),
        ("Size", part.size),
        *checksum,
    ]


def _chosen(node: Node) -> tuple[int, str]:
    number, etag = node.find("PartNumber") or "", node.find("ETag") or ""
    if not (number.isascii() and number.isdecimal()) or not etag or len(number) > 9:
        raise S3Error("MalformedXML", "The XML you provided was not well-formed: a Part has a PartNumber and an ETag.")
    return int(number), etag.strip().strip('"')


def _check_parts(nodes: list[Node], numbers: list[int], found: dict[int, Part]) -> None:
    """Raises S3Error where a checksum that the client names is not that of the part."""
    for node, number in zip(nodes, numbers, strict=True):
        for name, value in kept_checksums(found[number].headers if number in found else {}).items():
            given = node.find(checksum_element(name))
            if name != checksums.TYPE and given is not None and given != value:
                raise S3Error("InvalidPart", f"The checksum of part {number} is not the one that it was uploaded with.")


def _checksum_of(call: Call, upload: Upload, parts: list[Part]) -> dict[str, str]:
    """The headers of the whole object's checksum. Raises S3Error where the client expects another."""
    algorithm, kind = upload.headers.get(checksums.ALGORITHM), upload.headers.get(checksums.TYPE, "")
    if algorithm is None:
        return {}
    name = PREFIX + algorithm
    value = checksums.of_parts(algorithm, kind, [(part.headers.get(name, ""), part.size) for part in parts])
    expected = call.headers.get(name)
    if value is not None and expected not in (None, value):
        raise S3Error("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    return {} if value is None else {name: value, checksums.TYPE: kind}
