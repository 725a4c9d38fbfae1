"""Buckets, and what they can be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from customlabels.service.access.caller import Caller

from .conftest import OTHER, Refused, Running

ARN = "arn:aws:s3:::photos"


def test_create_list_and_delete(s3: Any, running: Running, refused: Refused) -> None:
    s3.create_bucket(Bucket="albums", CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    listed = s3.list_buckets()
    assert [bucket["Name"] for bucket in listed["Buckets"]] == ["albums", "photos"]
    assert listed["Owner"]["DisplayName"] == running.service.account
    s3.put_object(Bucket="albums", Key="x", Body=b"")
    assert refused(s3.delete_bucket, Bucket="albums") == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket="albums", Key="x")
    s3.delete_bucket(Bucket="albums")
    s3.get_waiter("bucket_not_exists").wait(Bucket="albums")
    assert refused(s3.delete_bucket, Bucket="albums") == ("NoSuchBucket", 404)
    assert refused(s3.create_bucket, Bucket="health") == ("InvalidBucketName", 400)


def test_buckets_are_listed_in_pages(s3: Any) -> None:
    for name in ("photos-1", "photos-2", "videos"):
        s3.create_bucket(Bucket=name)
    pages = s3.get_paginator("list_buckets").paginate(Prefix="photos", PaginationConfig={"PageSize": 2})
    assert [[b["Name"] for b in page["Buckets"]] for page in pages] == [["photos", "photos-1"], ["photos-2"]]


def test_head_and_location(s3: Any, running: Running, refused: Refused) -> None:
    head = s3.head_bucket(Bucket="photos")["ResponseMetadata"]["HTTPHeaders"]
    assert head["x-amz-bucket-region"] == "us-east-1"
    assert refused(s3.head_bucket, Bucket="nowhere") == ("404", 404)
    assert s3.get_bucket_location(Bucket="photos")["LocationConstraint"] is None
    s3.get_waiter("bucket_exists").wait(Bucket="photos")


def test_a_bucket_is_created_again(s3: Any, running: Running, refused: Refused) -> None:
    s3.create_bucket(Bucket="photos")  # as in us-east-1
    running.service = replace(running.service, settings=replace(running.service.settings, region="eu-west-1"))
    assert refused(s3.create_bucket, Bucket="photos") == ("BucketAlreadyOwnedByYou", 409)
    assert s3.get_bucket_location(Bucket="photos")["LocationConstraint"] == "eu-west-1"
    elsewhere = {"LocationConstraint": "eu-central-1"}
    code = ("IllegalLocationConstraintException", 400)
    assert refused(s3.create_bucket, Bucket="other", CreateBucketConfiguration=elsewhere) == code
    running.caller = Caller.administrator(OTHER)
    assert refused(s3.create_bucket, Bucket="photos") == ("BucketAlreadyExists", 409)


UNSET = [
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_bucket_policy_status", "NoSuchBucketPolicy"),
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_ownership_controls", "OwnershipControlsNotFoundError"),
    ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
]


@pytest.mark.parametrize(("operation", "code"), UNSET)
def test_what_a_bucket_was_not_told(s3: Any, refused: Refused, operation: str, code: str) -> None:
    assert refused(getattr(s3, operation), Bucket="photos") == (code, 404)
    assert refused(getattr(s3, operation), Bucket="nowhere") == ("NoSuchBucket", 404)


def test_defaults(s3: Any) -> None:
    for operation in ("get_bucket_versioning", "get_bucket_logging", "get_bucket_accelerate_configuration"):
        assert set(getattr(s3, operation)(Bucket="photos")) == {"ResponseMetadata"}
    assert set(s3.get_bucket_notification_configuration(Bucket="photos")) == {"ResponseMetadata"}
    assert s3.get_bucket_request_payment(Bucket="photos")["Payer"] == "BucketOwner"
    acl = s3.get_bucket_acl(Bucket="photos")
    assert acl["Grants"] == [{"Grantee": {**acl["Owner"], "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}]


POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'
)
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}]}
BLOCK = {
    "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True,
}  # fmt: skip
TAGS = {"TagSet": [{"Key": "a", "Value": "ü & 1"}]}
RULE = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
OWNERSHIP = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
SETTINGS = [
    # operations after put_/get_/delete_, what is put, member of the answer, can be deleted
    ("bucket_policy", {"Policy": POLICY}, {"Policy": POLICY}, True),
    ("bucket_cors", {"CORSConfiguration": CORS}, CORS, True),
    ("bucket_tagging", {"Tagging": TAGS}, TAGS, True),
    ("bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}, {"Status": "Enabled"}, False),
    ("public_access_block", {"PublicAccessBlockConfiguration": BLOCK}, {"PublicAccessBlockConfiguration": BLOCK}, True),
    (
        "bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": [RULE]}},
        {"ServerSideEncryptionConfiguration": {"Rules": [RULE]}},
        True,
    ),
    ("bucket_ownership_controls", {"OwnershipControls": OWNERSHIP}, {"OwnershipControls": OWNERSHIP}, True),
]


@pytest.mark.parametrize(("name", "put", "got", "deletable"), SETTINGS)
def test_what_a_bucket_is_told_is_given_back(
    s3: Any, refused: Refused, name: str, put: dict[str, Any], got: dict[str, Any], deletable: bool
) -> None:
    getattr(s3, f"put_{name}")(Bucket="photos", **put)
    answer = getattr(s3, f"get_{name}")(Bucket="photos")
    assert {key: value for key, value in answer.items() if key != "ResponseMetadata"} == got
    if deletable:
        getattr(s3, f"delete_{name}")(Bucket="photos")
        assert refused(getattr(s3, f"get_{name}"), Bucket="photos")[1] == 404


BAD = [
    ("policy", b"{", "MalformedPolicy"),
    ("policy", b"[" * 20000, "MalformedPolicy"),
    ("policy", b"{}", "MalformedPolicy"),
    ("policy", b" " * 30000, "EntityTooLarge"),
    ("cors", b"<CORSConfiguration>", "MalformedXML"),
    ("cors", b"<Other/>", "MalformedXML"),
    ("cors", b"", "MalformedXML"),
    ("cors", b'<!DOCTYPE a [<!ENTITY b "c">]><CORSConfiguration>&b;</CORSConfiguration>', "MalformedXML"),
    ("cors", b"<a>" * 30, "MalformedXML"),
    ("cors", b'<?xml version="1.0" encoding="nonsense"?><CORSConfiguration/>', "MalformedXML"),
    ("cors", "<CORSConfiguration/>".encode("utf-16"), "InvalidRequest"),
    ("tagging", b"<Tagging/>", "MalformedXML"),
    ("tagging", b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "MalformedXML"),
    ("versioning", b"<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>", "MalformedXML"),
    ("object-lock", b"<ObjectLockConfiguration/>", "NotImplemented"),
    ("acl", b"<Other/>", "MalformedXML"),
]


@pytest.mark.parametrize(("sub", "content", "code"), BAD)
def test_what_a_bucket_cannot_be_told(s3: Any, running: Running, sub: str, content: bytes, code: str) -> None:
    answer = httpx.put(f"{running.url}/photos?{sub}", content=content)
    assert f"<Code>{code}</Code>" in answer.text
    assert running.service.objects.bucket("photos").settings == {}


REFUSED = [
    ("GET", "/photos?inventory", "NotImplemented"),
    ("GET", "/photos/x?torrent", "NotImplemented"),
    ("POST", "/photos/x?select&select-type=2", "NotImplemented"),
    ("POST", "/photos", "NotImplemented"),
    ("POST", "/", "MethodNotAllowed"),
    ("PUT", "/photos?location", "MethodNotAllowed"),
    ("DELETE", "/photos?versioning", "MethodNotAllowed"),
    ("PUT", "/", "MethodNotAllowed"),
    ("GET", "/photos/%ff", "InvalidURI"),
    ("GET", "/photos?prefix=%ff", "InvalidURI"),
    ("GET", "/photos?" + "&".join(f"a{n}=" for n in range(200)), "InvalidURI"),
    ("GET", "/photos?max-keys=ten", "InvalidArgument"),
    ("GET", "/photos?max-keys=99999999999", "InvalidArgument"),
    ("GET", "/photos?list-type=3", "InvalidArgument"),
    ("GET", "/photos?encoding-type=xml", "InvalidArgument"),
    ("GET", "/photos?list-type=2&continuation-token=forged", "InvalidArgument"),
]


@pytest.mark.parametrize(("method", "path", "code"), REFUSED)
def test_requests_that_are_refused(s3: Any, running: Running, method: str, path: str, code: str) -> None:
    answer = httpx.request(method, running.url + path, headers={"content-length": "0"} if method == "PUT" else {})
    assert f"<Code>{code}</Code>" in answer.text
    assert answer.status_code in (400, 405, 501)
