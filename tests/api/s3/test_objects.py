"""Objects over HTTP, as boto3 and plain HTTP clients see them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import socket
import time
from typing import Any

import httpx
import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement

from .conftest import OTHER, Refused, Running, client_of, get


def test_put_and_get(s3: Any) -> None:
    put = s3.put_object(
        Bucket="photos",
        Key="a b/ü+%2F.jpg",
        Body=b"meow",
        ContentType="image/jpeg",
        CacheControl="no-cache",
        Metadata={"owner": "me"},
    )
    got = get(s3, Bucket="photos", Key="a b/ü+%2F.jpg")
    assert got["Body"] == b"meow"
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(b"meow").hexdigest()}"'
    assert (got["ContentType"], got["CacheControl"], got["ContentLength"]) == ("image/jpeg", "no-cache", 4)
    assert (got["Metadata"], got["AcceptRanges"]) == ({"owner": "me"}, "bytes")
    head = s3.head_object(Bucket="photos", Key="a b/ü+%2F.jpg")
    assert (head["ETag"], head["ContentLength"], head["LastModified"]) == (got["ETag"], 4, got["LastModified"])
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]


def test_the_default_type(s3: Any) -> None:
    s3.put_object(Bucket="photos", Key="x", Body=b"")
    assert get(s3, Bucket="photos", Key="x")["ContentType"] == "binary/octet-stream"


def test_missing_things(s3: Any, refused: Refused) -> None:
    assert refused(s3.get_object, Bucket="photos", Key="x") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket="photos", Key="x") == ("404", 404)
    assert refused(s3.get_object, Bucket="nowhere", Key="x") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="nowhere", Key="x", Body=b"") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="photos", Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)
    assert refused(s3.get_object, Bucket="photos", Key="x", VersionId="7") == ("NoSuchKey", 404)


def test_an_error_is_xml_that_names_the_resource(s3: Any, running: Running) -> None:
    answer = httpx.get(f"{running.url}/photos/none%20here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/xml"
    assert answer.text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        "<Message>The specified key does not exist.</Message><Key>none here</Key><Resource>/photos/none here</Resource>"
        f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>"
    )


def test_the_audit_is_told_what_a_call_was(s3: Any, running: Running) -> None:
    running.operations.clear()
    s3.put_object(Bucket="photos", Key="a/b", Body=b"")
    s3.list_objects_v2(Bucket="photos")
    httpx.put(f"{running.url}/photos?inventory")
    arn = "arn:aws:s3:::photos"
    assert running.operations == [("PutObject", f"{arn}/a/b"), ("ListObjectsV2", arn), ("unknown", arn)]


RANGES = [
    ("bytes=0-0", b"0", "bytes 0-0/10"),
    ("bytes=2-4", b"234", "bytes 2-4/10"),
    ("bytes=7-", b"789", "bytes 7-9/10"),
    ("bytes=8-99", b"89", "bytes 8-9/10"),
    ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ("bytes=5-2", b"0123456789", None),
    ("bytes=1-2,4-5", b"0123456789", None),
    ("lines=1-2", b"0123456789", None),
]


@pytest.mark.parametrize(("range_", "content", "content_range"), RANGES)
def test_ranges(s3: Any, range_: str, content: bytes, content_range: str | None) -> None:
    s3.put_object(Bucket="photos", Key="x", Body=b"0123456789")
    got = get(s3, Bucket="photos", Key="x", Range=range_)
    assert got["Body"] == content
    assert got.get("ContentRange") == content_range
    assert got["ResponseMetadata"]["HTTPStatusCode"] == (206 if content_range else 200)
    head = s3.head_object(Bucket="photos", Key="x", Range=range_)
    assert (head["ContentLength"], head["ResponseMetadata"]["HTTPHeaders"].get("content-range")) == (
        len(content),
        content_range,
    )


@pytest.mark.parametrize("range_", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_ranges_that_are_not_there(s3: Any, refused: Refused, range_: str) -> None:
    s3.put_object(Bucket="photos", Key="x", Body=b"0123456789")
    assert refused(s3.get_object, Bucket="photos", Key="x", Range=range_) == ("InvalidRange", 416)


def test_a_range_of_another_state(s3: Any, running: Running) -> None:
    etag = s3.put_object(Bucket="photos", Key="x", Body=b"0123456789")["ETag"]
    modified = httpx.head(f"{running.url}/photos/x").headers["last-modified"]
    for state, status in [(etag, 206), (modified, 206), ('"other"', 200), ("Mon, 01 Jan 2001 00:00:00 GMT", 200)]:
        headers = {"range": "bytes=1-2", "if-range": state}
        assert httpx.get(f"{running.url}/photos/x", headers=headers).status_code == status


def test_conditions_of_get(s3: Any, refused: Refused) -> None:
    etag = s3.put_object(Bucket="photos", Key="x", Body=b"1")["ETag"]
    modified = s3.head_object(Bucket="photos", Key="x")["LastModified"]
    at = {"Bucket": "photos", "Key": "x"}
    assert get(s3, **at, IfMatch=etag)["ETag"] == etag
    assert get(s3, **at, IfUnmodifiedSince=modified)["ETag"] == etag
    assert refused(s3.get_object, **at, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert refused(s3.get_object, **at, IfNoneMatch=etag) == ("304", 304)
    assert refused(s3.get_object, **at, IfModifiedSince=modified) == ("304", 304)
    assert refused(s3.get_object, **at, IfUnmodifiedSince="Mon, 01 Jan 2001 00:00:00 GMT") == (
        "PreconditionFailed",
        412,
    )
    assert get(s3, **at, IfNoneMatch='"other"', IfModifiedSince=modified)["ETag"] == etag


def test_conditions_of_put(s3: Any, refused: Refused) -> None:
    at = {"Bucket": "photos", "Key": "x"}
    etag = s3.put_object(**at, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **at, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, **at, Body=b"2", IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.put_object(**at, Body=b"3", IfMatch=etag)
    assert get(s3, **at)["Body"] == b"3"


def test_a_query_may_override_headers(s3: Any, refused: Refused) -> None:
    s3.put_object(Bucket="photos", Key="x", Body=b"")
    got = get(
        s3,
        Bucket="photos",
        Key="x",
        ResponseContentType="text/csv",
        ResponseContentDisposition='attachment; filename="a"',
    )
    assert (got["ContentType"], got["ContentDisposition"]) == ("text/csv", 'attachment; filename="a"')
    injected = refused(s3.get_object, Bucket="photos", Key="x", ResponseContentType="a\r\nset-cookie: b")
    assert injected == ("InvalidArgument", 400)


def test_an_object_is_no_page_of_ours(s3: Any, running: Running) -> None:
    s3.put_object(Bucket="photos", Key="x.html", Body=b"<script>", ContentType="text/html")
    headers = httpx.get(f"{running.url}/photos/x.html").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox"


def test_metadata_that_are_not_ascii(s3: Any, running: Running) -> None:
    httpx.put(f"{running.url}/photos/x", content=b"", headers={b"x-amz-meta-name": "Zoë ☃".encode()})
    assert running.service.objects.head("photos", "x").metadata == {"name": "Zoë ☃"}
    assert httpx.get(f"{running.url}/photos/x").headers["x-amz-meta-name"] == "=?UTF-8?B?Wm/DqyDimIM=?="


def test_metadata_have_a_limit(s3: Any, refused: Refused) -> None:
    s3.put_object(Bucket="photos", Key="x", Body=b"", Metadata={"k": "v" * 2047})
    assert refused(s3.put_object, Bucket="photos", Key="x", Body=b"", Metadata={"k": "v" * 2048}) == (
        "MetadataTooLarge",
        400,
    )


def test_delete(s3: Any, running: Running) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket="photos", Key=key, Body=b"")
    s3.delete_object(Bucket="photos", Key="a")
    s3.delete_object(Bucket="photos", Key="a")
    keys = [{"Key": "b"}, {"Key": "none & <less>"}]
    deleted = s3.delete_objects(Bucket="photos", Delete={"Objects": keys})
    assert [entry["Key"] for entry in deleted["Deleted"]] == ["b", "none & <less>"]
    assert "Deleted" not in s3.delete_objects(Bucket="photos", Delete={"Objects": keys, "Quiet": True})
    assert [o.key for o in running.service.objects.list_objects("photos")] == ["c"]


def test_a_delete_of_keys_that_cannot_be(s3: Any) -> None:
    answer = s3.delete_objects(Bucket="photos", Delete={"Objects": [{"Key": "k" * 1025}]})
    assert [entry["Code"] for entry in answer["Errors"]] == ["KeyTooLongError"]


def test_copy(s3: Any, refused: Refused) -> None:
    s3.create_bucket(Bucket="albums")
    s3.put_object(
        Bucket="photos", Key="a ü", Body=b"meow", ContentType="image/png", Metadata={"by": "me"}, Tagging="set=train"
    )
    source = {"Bucket": "photos", "Key": "a ü"}
    copied = s3.copy_object(Bucket="albums", Key="b", CopySource=source)
    head = s3.head_object(Bucket="albums", Key="b")
    assert copied["CopyObjectResult"]["ETag"] == head["ETag"]
    assert (head["ContentType"], head["Metadata"]) == ("image/png", {"by": "me"})
    assert s3.get_object_tagging(Bucket="albums", Key="b")["TagSet"] == [{"Key": "set", "Value": "train"}]

    s3.copy_object(
        Bucket="albums",
        Key="b",
        CopySource=source,
        MetadataDirective="REPLACE",
        ContentType="text/plain",
        TaggingDirective="REPLACE",
    )
    head = s3.head_object(Bucket="albums", Key="b")
    assert (head["ContentType"], head["Metadata"]) == ("text/plain", {})
    assert s3.get_object_tagging(Bucket="albums", Key="b")["TagSet"] == []

    to = {"Bucket": "albums", "Key": "c"}
    assert refused(s3.copy_object, **to, CopySource=source, CopySourceIfMatch='"x"') == ("PreconditionFailed", 412)
    assert refused(s3.copy_object, **to, CopySource={"Bucket": "photos", "Key": "no"}) == ("NoSuchKey", 404)
    assert refused(s3.copy_object, **to, CopySource="photos") == ("InvalidArgument", 400)
    assert refused(s3.copy_object, **source, CopySource=source) == ("InvalidRequest", 400)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"by": "you"})
    assert s3.head_object(**source)["Metadata"] == {"by": "you"}


def test_tags_and_acl(s3: Any, refused: Refused) -> None:
    at = {"Bucket": "photos", "Key": "x"}
    s3.put_object(**at, Body=b"", Tagging="a=1&b=%26")
    assert s3.get_object_tagging(**at)["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "&"}]
    assert s3.head_object(**at)["TagCount"] == 2
    s3.put_object_tagging(**at, Tagging={"TagSet": [{"Key": "c", "Value": "<3"}]})
    assert s3.get_object_tagging(**at)["TagSet"] == [{"Key": "c", "Value": "<3"}]
    s3.delete_object_tagging(**at)
    assert s3.get_object_tagging(**at)["TagSet"] == []
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert refused(s3.put_object_tagging, **at, Tagging={"TagSet": many}) == ("InvalidTag", 400)
    assert s3.get_object_acl(**at)["Grants"][0]["Permission"] == "FULL_CONTROL"
    s3.put_object_acl(**at, ACL="public-read")
    assert refused(s3.get_object_acl, Bucket="photos", Key="no") == ("NoSuchKey", 404)


def test_attributes(s3: Any) -> None:
    put = s3.put_object(Bucket="photos", Key="x", Body=b"123456789")
    got = s3.get_object_attributes(Bucket="photos", Key="x", ObjectAttributes=["ETag", "ObjectSize", "Checksum"])
    assert (got["ObjectSize"], f'"{got["ETag"]}"') == (9, put["ETag"])
    assert got["Checksum"] == {"ChecksumCRC32": "y/Q5Jg==", "ChecksumType": "FULL_OBJECT"}


def test_a_presigned_url(s3: Any) -> None:
    at = {"Bucket": "photos", "Key": "a/ü b"}
    put = httpx.put(s3.generate_presigned_url("put_object", Params=at), content=b"meow")
    assert put.status_code == 200
    assert httpx.get(s3.generate_presigned_url("get_object", Params=at)).content == b"meow"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_of_boto3(s3: Any, algorithm: str) -> None:
    put = s3.put_object(Bucket="photos", Key="x", Body=b"123456789", ChecksumAlgorithm=algorithm)
    got = get(s3, Bucket="photos", Key="x", ChecksumMode="ENABLED")
    assert got["Body"] == b"123456789"
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["ChecksumType"] == "FULL_OBJECT"
    part = get(s3, Bucket="photos", Key="x", Range="bytes=1-2", ChecksumMode="ENABLED")
    assert f"Checksum{algorithm}" not in part


CHECKSUMS = {  # of 123456789, by the CRC catalogue and FIPS 180
    "crc32": "y/Q5Jg==",
    "crc32c": "4waSgw==",
    "crc64nvme": "rosUhgp5mIg=",
    "sha1": "98O8HYCOBHMq32eZZczDTKeuNEE=",
    "sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
}
HEADERS = [
    *[({f"x-amz-checksum-{name}": value}, None) for name, value in CHECKSUMS.items()],
    *[({f"x-amz-checksum-{name}": value[:1] + "A" + value[2:]}, "BadDigest") for name, value in CHECKSUMS.items()],
    ({"x-amz-checksum-crc32": "!"}, "InvalidRequest"),
    ({"x-amz-checksum-crc33": "y/Q5Jg=="}, "InvalidRequest"),
    ({"x-amz-checksum-xxhash64": "y/Q5Jg=="}, "NotImplemented"),
    ({f"x-amz-checksum-{name}": CHECKSUMS[name] for name in ("sha1", "crc32")}, "InvalidRequest"),
    ({"content-md5": base64.b64encode(hashlib.md5(b"123456789").digest()).decode()}, None),
    ({"content-md5": base64.b64encode(hashlib.md5(b"987654321").digest()).decode()}, "BadDigest"),
    ({"content-md5": "short"}, "InvalidDigest"),
    ({"x-amz-content-sha256": hashlib.sha256(b"123456789").hexdigest()}, None),
    ({"x-amz-content-sha256": hashlib.sha256(b"987654321").hexdigest()}, "XAmzContentSHA256Mismatch"),
    ({"x-amz-content-sha256": "nonsense"}, "InvalidArgument"),
    ({"x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}, "NotImplemented"),
    ({"x-amz-server-side-encryption": "AES256"}, None),
    ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, "NotImplemented"),
    ({"x-amz-object-lock-mode": "GOVERNANCE"}, "NotImplemented"),
    ({"x-amz-expected-bucket-owner": "999999999999"}, "AccessDenied"),
    ({"x-amz-tagging": "a=1&a=2"}, "InvalidTag"),
]


@pytest.mark.parametrize(("headers", "code"), HEADERS)
def test_what_headers_say_of_the_body(s3: Any, running: Running, headers: dict[str, str], code: str | None) -> None:
    answer = httpx.put(f"{running.url}/photos/x", content=b"123456789", headers=headers)
    stored = [o.key for o in running.service.objects.list_objects("photos")]
    if code:
        assert f"<Code>{code}</Code>" in answer.text
        assert stored == []
    else:
        assert (answer.status_code, stored) == (200, ["x"])
        for name, value in headers.items():
            if name.startswith("x-amz-checksum-"):
                assert answer.headers[name] == value


def test_a_body_that_is_cut_off_is_not_stored(s3: Any, running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + bytes(500))
    while not running.operations:
        time.sleep(0.01)
    assert running.operations == [("PutObject", "arn:aws:s3:::photos/x")]
    assert running.service.objects.list_objects("photos") == []


@pytest.mark.parametrize("piece", [b"", b"x"])
def test_a_body_that_comes_too_slowly_is_given_up(
    s3: Any, running: Running, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    """Also where some of it comes again and again."""
    monkeypatch.setattr("customlabels.api.s3.answering.PATIENCE_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.settimeout(0.05)
        connection.sendall(b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        answer = b""
        for _ in range(400):
            if not answer:
                connection.sendall(piece)
            try:
                answer += connection.recv(4096)
            except TimeoutError:
                continue
            if b"</Error>" in answer:
                break
    assert b"<Code>RequestTimeout</Code>" in answer
    assert running.service.objects.list_objects("photos") == []


def test_a_put_without_a_length(s3: Any, running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    connection.putrequest("PUT", "/photos/x")
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"<Code>MissingContentLength</Code>" in answer.read()) == (411, True)
    connection.close()


def test_a_client_may_wait_for_leave_to_send(s3: Any, running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        head = b"Host: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        connection.sendall(b"PUT /photos/x HTTP/1.1\r\n" + head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"meow")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(b"PUT /nowhere/x HTTP/1.1\r\n" + head)
        assert connection.recv(100).startswith(b"HTTP/1.1 404")


def test_objects_of_another_account(s3: Any, running: Running, refused: Refused) -> None:
    # checklist: L04
    s3.put_object(Bucket="photos", Key="x", Body=b"")
    running.caller = Caller.administrator(OTHER)
    s3.create_bucket(Bucket="mine")
    at = {"Bucket": "photos", "Key": "x"}
    refusals: list[tuple[Any, dict[str, Any]]] = [
        (s3.get_object, at),
        (s3.put_object, {**at, "Body": b""}),
        (s3.delete_object, at),
        (s3.delete_objects, {"Bucket": "photos", "Delete": {"Objects": [{"Key": "x"}]}}),
        (s3.copy_object, {"Bucket": "mine", "Key": "x", "CopySource": at}),
        (s3.copy_object, {**at, "CopySource": at}),
        (s3.list_objects_v2, {"Bucket": "photos"}),
        (s3.create_multipart_upload, at),
        (s3.get_bucket_policy, {"Bucket": "photos"}),
        (s3.delete_bucket, {"Bucket": "photos"}),
    ]
    for operation, parameters in refusals:
        assert refused(operation, **parameters) == ("AccessDenied", 403)
    assert refused(s3.head_object, **at) == ("403", 403)
    assert refused(s3.create_bucket, Bucket="photos") == ("BucketAlreadyExists", 409)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["mine"]


def test_what_a_user_may_do(s3: Any, running: Running, refused: Refused) -> None:
    s3.put_object(Bucket="photos", Key="train/x", Body=b"")
    s3.put_object(Bucket="photos", Key="test/x", Body=b"")
    running.caller = Caller(
        running.service.account,
        "labeler",
        (Statement("Allow", ("s3:GetObject", "s3:DeleteObject"), ("arn:aws:s3:::photos/train/*",)),),
    )
    get(s3, Bucket="photos", Key="train/x")
    assert refused(s3.get_object, Bucket="photos", Key="test/x") == ("AccessDenied", 403)
    assert refused(s3.get_object, Bucket="photos", Key="train/none") == ("AccessDenied", 403)
    assert refused(s3.put_object, Bucket="photos", Key="train/x", Body=b"") == ("AccessDenied", 403)
    assert refused(s3.list_buckets) == ("AccessDenied", 403)
    keys = [{"Key": "train/x"}, {"Key": "test/x"}]
    answer = s3.delete_objects(Bucket="photos", Delete={"Objects": keys})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["train/x"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("test/x", "AccessDenied")]


def test_a_large_object_through_boto3(s3: Any, running: Running) -> None:
    content = os.urandom(3 << 20)
    client = client_of(running, request_checksum_calculation="when_required")
    client.put_object(Bucket="photos", Key="x", Body=content)
    assert get(s3, Bucket="photos", Key="x")["Body"] == content
