"""Lists of objects, as the paginators of boto3 follow them."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Refused, Running

KEYS = ["a", "a b+%&<>", "b/1", "b/2", "b/c/1", "d//", "ä\n"]


@pytest.fixture
def listed(s3: Any, running: Running) -> Any:
    for key in KEYS:
        running.service.objects.put("photos", key, b"123", {"content-type": "text/plain"})
    return s3


def test_the_whole_list(listed: Any, running: Running) -> None:
    answer = listed.list_objects_v2(Bucket="photos", FetchOwner=True)
    assert [entry["Key"] for entry in answer["Contents"]] == KEYS
    assert (answer["KeyCount"], answer["IsTruncated"], answer["MaxKeys"], answer["Name"]) == (7, False, 1000, "photos")
    entry = answer["Contents"][0]
    head = listed.head_object(Bucket="photos", Key="a")
    assert (entry["Size"], entry["ETag"], entry["StorageClass"]) == (3, head["ETag"], "STANDARD")
    assert entry["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert entry["Owner"]["DisplayName"] == running.service.account


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_pages(listed: Any, operation: str, size: int) -> None:
    keys, folders = [], []
    for page in listed.get_paginator(operation).paginate(
        Bucket="photos", Delimiter="/", PaginationConfig={"PageSize": size}
    ):
        entries = page.get("Versions" if operation == "list_object_versions" else "Contents", [])
        assert len(entries) + len(page.get("CommonPrefixes", [])) <= size
        keys += [entry["Key"] for entry in entries]
        folders += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    assert keys == ["a", "a b+%&<>", "ä\n"]
    assert folders == ["b/", "d/"]


def test_prefixes_and_starts(listed: Any) -> None:
    def keys(**parameters: object) -> list[str]:
        answer = listed.list_objects_v2(Bucket="photos", **parameters)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    assert keys(Prefix="b/") == ["b/1", "b/2", "b/c/1"]
    assert keys(StartAfter="b/1", Prefix="b/") == ["b/2", "b/c/1"]
    assert keys(StartAfter="d//") == ["ä\n"]
    assert keys(MaxKeys=0) == []
    assert [entry["Key"] for entry in listed.list_objects(Bucket="photos", Marker="b/2")["Contents"]] == KEYS[4:]


def test_keys_in_xml_without_encoding(listed: Any, running: Running) -> None:
    text = httpx.get(f"{running.url}/photos").text
    assert "<Key>a b+%&amp;&lt;&gt;</Key>" in text
    assert "<Key>ä\n</Key>" in text or "<Key>ä&#xa;</Key>" in text


def test_all_versions_can_be_deleted(listed: Any, refused: Refused) -> None:
    versions = listed.list_object_versions(Bucket="photos")["Versions"]
    assert {entry["VersionId"] for entry in versions} == {"null"}
    listed.delete_objects(
        Bucket="photos", Delete={"Objects": [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in versions]}
    )
    assert "Contents" not in listed.list_objects_v2(Bucket="photos")
    assert refused(listed.delete_object, Bucket="photos", Key="a", VersionId="7") == ("NoSuchVersion", 404)


CHARACTERS = st.characters(exclude_categories=["Cs"])
KEY = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=20),
    st.lists(st.sampled_from(["/", ".", "..", "a", "A", "\\", "%", "+", " ", "?", "#", "é"]), min_size=1).map("".join),
).filter(lambda key: len(key.encode()) <= 300)


@given(keys=st.lists(KEY, min_size=1, max_size=5, unique=True))
def test_any_key_comes_back_over_http(server: Running, client: Any, keys: list[str]) -> None:
    objects = server.service.objects
    objects.create_bucket("keys", server.service.account)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        for key in keys:
            connection.request("PUT", f"/keys/{quote(key, safe='')}", body=key.encode())
            assert connection.getresponse().read() == b""
        for key in keys:
            connection.request("GET", f"/keys/{quote(key, safe='/')}")
            assert connection.getresponse().read() == key.encode()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="keys", PaginationConfig={"PageSize": 2})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == sorted(keys, key=str.encode)
    objects.delete("keys", keys)
    objects.delete_bucket("keys")
