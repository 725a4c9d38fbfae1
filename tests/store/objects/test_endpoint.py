"""Objects at an S3 endpoint: what differs from a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from customlabels.settings import Settings
from customlabels.store import Database
from customlabels.store.objects import BucketExists, NoSuchBucket, NoSuchKey, StoreUnavailable
from customlabels.store.objects.endpoint import EndpointObjects
from customlabels.store.objects.endpoint_uploads import PART_BYTES
from customlabels.store.objects.place import open_objects

from .conftest import ACCOUNT, OTHER, endpoint_client


def test_settings_with_an_endpoint_open_it(endpoint_settings: Settings, sqlite: Database) -> None:
    assert isinstance(open_objects(endpoint_settings, sqlite), EndpointObjects)


def test_a_bucket_of_the_endpoint_becomes_one_of_the_first_account(
    endpoint_settings: Settings, endpoint: EndpointObjects
) -> None:
    client = endpoint_client(endpoint_settings)
    for name in ("older", "other"):
        client.create_bucket(Bucket=name)
    with pytest.raises(BucketExists) as refused:
        endpoint.create_bucket("older", OTHER)
    assert refused.value.account == ACCOUNT
    assert endpoint.bucket("older").account == ACCOUNT
    assert [bucket.name for bucket in endpoint.buckets(OTHER)] == []
    assert [bucket.name for bucket in endpoint.buckets(ACCOUNT)] == ["older", "other", "photos"]


def test_a_bucket_that_is_deleted_at_the_endpoint_is_gone(
    endpoint_settings: Settings, endpoint: EndpointObjects
) -> None:
    endpoint_client(endpoint_settings).delete_bucket(Bucket="photos")
    assert endpoint.buckets(ACCOUNT) == []
    with pytest.raises(NoSuchBucket):
        endpoint.read("photos", "x")
    endpoint.create_bucket("photos", ACCOUNT)
    assert [bucket.name for bucket in endpoint.buckets(ACCOUNT)] == ["photos"]


def test_large_content_is_stored_in_parts(endpoint: EndpointObjects) -> None:
    block = bytes(range(256)) * 4096
    blocks = 2 * PART_BYTES // len(block) + 1
    stored = endpoint.put("photos", "large", (block for _ in range(blocks)), {"content-type": "video/mp4"})
    assert stored.etag.endswith("-3")
    assert stored.headers["content-type"] == "video/mp4"
    digest = hashlib.md5()
    for chunk in endpoint.open("photos", "large")[1]:
        digest.update(chunk)
    assert digest.hexdigest() == hashlib.md5(block * blocks).hexdigest()


def test_large_content_that_breaks_off_leaves_nothing(endpoint: EndpointObjects) -> None:
    def breaks() -> Iterator[bytes]:
        yield bytes(2 * PART_BYTES)
        raise ConnectionError("the client is gone")

    with pytest.raises(ConnectionError):
        endpoint.put("photos", "large", breaks())
    with pytest.raises(NoSuchKey):
        endpoint.head("photos", "large")
    assert endpoint.uploads("photos") == []


def test_a_checksum_of_the_client_is_kept(endpoint: EndpointObjects) -> None:
    endpoint.put("photos", "x", b"123456789", {"x-amz-checksum-crc32": "y/Q5Jg=="})
    assert endpoint.head("photos", "x").headers["x-amz-checksum-crc32"] == "y/Q5Jg=="


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:s3:us-east-1:111122223333:accesspoint/x",
        "arn:aws:s3-outposts:x:1:outpost/a/b",
        "..",
        "a/b",
        "@h",
    ],
)
def test_a_bucket_is_not_the_name_of_another_host(endpoint: EndpointObjects, name: str) -> None:
    # checklist: L04
    endpoint.put("photos", "x", b"")
    for ask in (
        lambda: endpoint.bucket(name),
        lambda: endpoint.read(name, "x"),
        lambda: endpoint.put(name, "x", b""),
        lambda: endpoint.copy((name, "x"), "photos", "y"),
        lambda: endpoint.copy(("photos", "x"), name, "y"),
        lambda: endpoint.list_objects(name),
        lambda: endpoint.start_upload(name, "x"),
    ):
        with pytest.raises(NoSuchBucket):
            ask()


def test_an_endpoint_that_does_not_answer_is_named(endpoint_settings: Settings, sqlite: Database) -> None:
    store = EndpointObjects(replace(endpoint_settings, s3_endpoint="http://127.0.0.1:9"), sqlite)
    with pytest.raises(StoreUnavailable, match=r"http://127\.0\.0\.1:9 \(CUSTOMLABELS_S3_ENDPOINT\)"):
        store.head("photos", "x")
