"""Multipart uploads, by hand and by boto3's transfers."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zlib
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from .conftest import Refused, Running, get

PART = 5 << 20
AT = {"Bucket": "photos", "Key": "big/ü"}


def test_an_upload(s3: Any, running: Running, refused: Refused) -> None:
    first, last = os.urandom(PART), b"the end"
    upload = s3.create_multipart_upload(**AT, ContentType="video/mp4", Metadata={"by": "me"})["UploadId"]
    part = {**AT, "UploadId": upload}
    etags = [s3.upload_part(**part, PartNumber=n, Body=body)["ETag"] for n, body in [(1, first), (3, last)]]
    pages = s3.get_paginator("list_parts").paginate(**part, PaginationConfig={"PageSize": 1})
    listed = [(entry["PartNumber"], entry["Size"], entry["ETag"]) for page in pages for entry in page["Parts"]]
    assert listed == [(1, PART, etags[0]), (3, 7, etags[1])]
    (found,) = s3.list_multipart_uploads(Bucket="photos")["Uploads"]
    assert (found["Key"], found["UploadId"]) == (AT["Key"], upload)

    parts = [{"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 3, "ETag": etags[1]}]
    complete = {**part, "MultipartUpload": {"Parts": parts[::-1]}}
    assert refused(s3.complete_multipart_upload, **complete) == ("InvalidPartOrder", 400)
    wrong = [{"PartNumber": 1, "ETag": etags[1]}]
    assert refused(s3.complete_multipart_upload, **part, MultipartUpload={"Parts": wrong}) == ("InvalidPart", 400)
    done = s3.complete_multipart_upload(**part, MultipartUpload={"Parts": parts})
    digest = hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(last).digest()).hexdigest()
    assert done["ETag"] == f'"{digest}-2"'
    got = get(s3, **AT)
    assert got["Body"] == first + last
    assert (got["ContentType"], got["Metadata"]) == ("video/mp4", {"by": "me"})
    assert refused(s3.list_parts, **part) == ("NoSuchUpload", 404)


def test_an_upload_that_is_given_up(s3: Any, refused: Refused) -> None:
    upload = s3.create_multipart_upload(**AT)["UploadId"]
    s3.upload_part(**AT, UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**AT, UploadId=upload)
    assert refused(s3.upload_part, **AT, UploadId=upload, PartNumber=2, Body=b"") == ("NoSuchUpload", 404)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="photos")


def test_parts_have_limits(s3: Any, refused: Refused) -> None:
    upload = s3.create_multipart_upload(**AT)["UploadId"]
    part = {**AT, "UploadId": upload}
    for number in (0, 10_001):
        assert refused(s3.upload_part, **part, PartNumber=number, Body=b"") == ("InvalidArgument", 400)
    etags = [s3.upload_part(**part, PartNumber=n, Body=b"x")["ETag"] for n in (1, 10_000)]
    parts = [{"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 10_000, "ETag": etags[1]}]
    assert refused(s3.complete_multipart_upload, **part, MultipartUpload={"Parts": parts}) == ("EntityTooSmall", 400)
    assert refused(s3.complete_multipart_upload, **part, MultipartUpload={"Parts": []}) == ("MalformedXML", 400)


def test_uploads_are_listed_in_pages(s3: Any) -> None:
    started = [
        (key, s3.create_multipart_upload(Bucket="photos", Key=key)["UploadId"]) for key in ("a", "b", "b", "c/d", "e")
    ]
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket="photos", PaginationConfig={"PageSize": 2})
    found = [(entry["Key"], entry["UploadId"]) for page in pages for entry in page["Uploads"]]
    assert found == sorted(started)
    (only,) = s3.list_multipart_uploads(Bucket="photos", Prefix="c/")["Uploads"]
    assert only["Key"] == "c/d"


def test_a_part_may_be_a_copy(s3: Any, refused: Refused) -> None:
    s3.put_object(Bucket="photos", Key="source", Body=b"0123456789")
    upload = s3.create_multipart_upload(**AT)["UploadId"]
    part = {**AT, "UploadId": upload, "PartNumber": 1, "CopySource": {"Bucket": "photos", "Key": "source"}}
    for wrong in ("bytes=5-", "bytes=5-2", "bytes=5-10"):
        assert refused(s3.upload_part_copy, **part, CopySourceRange=wrong) == ("InvalidArgument", 400)
    assert refused(s3.upload_part_copy, **part, CopySourceIfNoneMatch="*") == ("PreconditionFailed", 412)
    etag = s3.upload_part_copy(**part, CopySourceRange="bytes=2-4")["CopyPartResult"]["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**AT, UploadId=upload, MultipartUpload=parts)
    assert get(s3, **AT)["Body"] == b"234"


def test_transfers_of_boto3(s3: Any) -> None:
    content = os.urandom(2 * PART + 100)
    config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=3)
    s3.upload_fileobj(io.BytesIO(content), "photos", "big", Config=config)
    s3.copy({"Bucket": "photos", "Key": "big"}, "photos", "copy", Config=config)
    for key in ("big", "copy"):
        assert s3.head_object(Bucket="photos", Key=key)["ETag"].endswith('-3"')
        target = io.BytesIO()
        s3.download_fileobj("photos", key, target, Config=config)
        assert target.getvalue() == content


def base64_crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("FULL_OBJECT", lambda parts: base64_crc32(b"".join(parts))),
        ("COMPOSITE", lambda parts: base64_crc32(b"".join(zlib.crc32(p).to_bytes(4, "big") for p in parts)) + "-2"),
    ],
)
def test_the_checksum_of_an_upload(s3: Any, refused: Refused, kind: str, expected: Any) -> None:
    contents = [os.urandom(PART), b"the end"]
    started = s3.create_multipart_upload(**AT, ChecksumAlgorithm="CRC32", ChecksumType=kind)
    assert (started["ChecksumAlgorithm"], started["ChecksumType"]) == ("CRC32", kind)
    part = {**AT, "UploadId": started["UploadId"]}
    parts = []
    for number, content in enumerate(contents, start=1):
        put = s3.upload_part(**part, PartNumber=number, Body=content, ChecksumAlgorithm="CRC32")
        parts.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumCRC32": put["ChecksumCRC32"]})
    assert [entry["ChecksumCRC32"] for entry in s3.list_parts(**part)["Parts"]] == [p["ChecksumCRC32"] for p in parts]
    false = [{**parts[0], "ChecksumCRC32": "AAAAAA=="}, parts[1]]
    assert refused(s3.complete_multipart_upload, **part, MultipartUpload={"Parts": false}) == ("InvalidPart", 400)
    done = s3.complete_multipart_upload(**part, MultipartUpload={"Parts": parts})
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (expected(contents), kind)
    head = s3.head_object(**AT, ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (expected(contents), kind)


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE"), ("CRC32", "HALF")]
)
def test_checksums_that_no_upload_has(s3: Any, refused: Refused, algorithm: str, kind: str) -> None:
    wrong = refused(s3.create_multipart_upload, **AT, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    assert wrong == ("InvalidRequest", 400)
