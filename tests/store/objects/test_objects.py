"""What every store of objects does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator

import pytest

from customlabels.store import Objects
from customlabels.store.objects import (
    BucketExists,
    BucketNotEmpty,
    InvalidName,
    InvalidPart,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    ObjectTooLarge,
    PartTooSmall,
    PreconditionFailed,
    Stored,
)

from .conftest import ACCOUNT, OTHER

PART = 5 << 20


def keys(items: list[Stored] | list[Stored | str]) -> list[str]:
    return [item if isinstance(item, str) else item.key for item in items]


def test_an_object_is_what_was_put(objects: Objects) -> None:
    put = objects.put("photos", "a/cat.jpg", b"meow", {"content-type": "image/jpeg"}, {"owner": "Zoë"})
    head = objects.head("photos", "a/cat.jpg")
    assert objects.read("photos", "a/cat.jpg") == b"meow"
    assert (head.key, head.size, head.etag) == ("a/cat.jpg", 4, hashlib.md5(b"meow").hexdigest())
    assert head.headers["content-type"] == "image/jpeg"
    assert head.metadata == {"owner": "Zoë"}
    assert (put.etag, put.size) == (head.etag, head.size)


def test_content_streams_in_and_ranges_out(objects: Objects) -> None:
    objects.put("photos", "letters", (letter for letter in (b"abc", b"", b"defg")))
    for start, end, expected in [(0, None, b"abcdefg"), (2, 4, b"cd"), (5, 99, b"fg"), (7, None, b""), (3, 3, b"")]:
        stored, chunks = objects.open("photos", "letters", start, end)
        assert (b"".join(chunks), stored.size) == (expected, 7)


def test_an_exception_of_the_content_leaves_all_as_it_was(objects: Objects) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"new"
        raise ConnectionError("the client is gone")

    objects.put("photos", "kept", b"old")
    for key in ("kept", "other"):
        with pytest.raises(ConnectionError):
            objects.put("photos", key, breaks())
    assert keys(objects.list_objects("photos")) == ["kept"]
    assert objects.read("photos", "kept") == b"old"


def test_headers_may_come_with_the_end_of_the_content(objects: Objects) -> None:
    headers: dict[str, str] = {}

    def content() -> Iterator[bytes]:
        yield b"x"
        headers["cache-control"] = "no-store"

    objects.put("photos", "x", content(), headers)
    assert objects.head("photos", "x").headers["cache-control"] == "no-store"


def test_read_refuses_what_is_larger_than_its_limit(objects: Objects) -> None:
    objects.put("photos", "x", b"12345")
    assert objects.read("photos", "x", limit=5) == b"12345"
    with pytest.raises(ObjectTooLarge, match="photos/x has 5 bytes; at most 4"):
        objects.read("photos", "x", limit=4)


@pytest.mark.parametrize(
    "ask",
    [
        lambda objects, bucket: objects.head(bucket, "none"),
        lambda objects, bucket: objects.read(bucket, "none"),
        lambda objects, bucket: objects.open(bucket, "none"),
        lambda objects, bucket: objects.copy((bucket, "none"), bucket, "copy"),
        lambda objects, bucket: objects.tags(bucket, "none"),
        lambda objects, bucket: objects.tag(bucket, "none", {"set": "train"}),
    ],
)
def test_what_does_not_exist(objects: Objects, ask: Callable[[Objects, str], object]) -> None:
    with pytest.raises(NoSuchKey):
        ask(objects, "photos")
    with pytest.raises(NoSuchBucket):
        ask(objects, "nowhere")


@pytest.mark.parametrize(
    "ask",
    [
        lambda objects: objects.bucket("nowhere"),
        lambda objects: objects.configure_bucket("nowhere", {}),
        lambda objects: objects.delete_bucket("nowhere"),
        lambda objects: objects.put("nowhere", "x", b""),
        lambda objects: objects.delete("nowhere", ["x"]),
        lambda objects: objects.list_objects("nowhere"),
        lambda objects: objects.list_folders("nowhere", "", "/"),
        lambda objects: objects.start_upload("nowhere", "x"),
    ],
)
def test_a_bucket_that_does_not_exist(objects: Objects, ask: Callable[[Objects], object]) -> None:
    with pytest.raises(NoSuchBucket):
        ask(objects)


def test_buckets_belong_to_accounts(objects: Objects) -> None:
    objects.create_bucket("albums", ACCOUNT)
    objects.create_bucket("others", OTHER)
    assert [bucket.name for bucket in objects.buckets(ACCOUNT)] == ["albums", "photos"]
    assert [bucket.name for bucket in objects.buckets(OTHER)] == ["others"]
    with pytest.raises(BucketExists) as refused:
        objects.create_bucket("others", ACCOUNT)
    assert refused.value.account == OTHER


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 64, "Upper", "under_score", "a..b", "-a-", "10.0.0.1", "../up", "a/b", "console", "metrics"],
)
def test_names_that_no_bucket_can_have(objects: Objects, name: str) -> None:
    with pytest.raises(InvalidName):
        objects.create_bucket(name, ACCOUNT)


@pytest.mark.parametrize("key", ["", "k" * 1025, "ü" * 513])
def test_keys_have_1_to_1024_bytes(objects: Objects, key: str) -> None:
    with pytest.raises(InvalidName, match="1,024 bytes"):
        objects.put("photos", key, b"")
    with pytest.raises(InvalidName):
        objects.start_upload("photos", key)


def test_settings_of_a_bucket_are_kept(objects: Objects) -> None:
    objects.configure_bucket("photos", {"policy": "{}", "cors": "<CORS/>"})
    objects.configure_bucket("photos", {"policy": "[]", "cors": None})
    assert objects.bucket("photos").settings == {"policy": "[]"}


def test_only_an_empty_bucket_can_be_deleted(objects: Objects) -> None:
    objects.put("photos", "x", b"")
    with pytest.raises(BucketNotEmpty):
        objects.delete_bucket("photos")
    objects.delete("photos", ["x", "was never there"])
    objects.delete_bucket("photos")
    with pytest.raises(NoSuchBucket):
        objects.bucket("photos")
    objects.create_bucket("photos", OTHER)
    assert objects.list_objects("photos") == []


def test_a_copy_has_the_headers_and_metadata_of_its_source_or_new_ones(objects: Objects) -> None:
    objects.create_bucket("albums", ACCOUNT)
    objects.put("photos", "a", b"content", {"content-type": "image/png"}, {"by": "me"})
    same = objects.copy(("photos", "a"), "albums", "b")
    other = objects.copy(("photos", "a"), "photos", "c", {"content-type": "text/plain"}, {})
    assert objects.read("albums", "b") == objects.read("photos", "c") == b"content"
    assert (same.headers["content-type"], same.metadata) == ("image/png", {"by": "me"})
    assert (other.headers["content-type"], other.metadata) == ("text/plain", {})


def test_an_object_that_is_copied_to_itself_changes_its_headers(objects: Objects) -> None:
    objects.put("photos", "a", b"content", {"content-type": "image/png"}, {"by": "me"})
    objects.copy(("photos", "a"), "photos", "a", {"content-type": "text/plain"}, {"by": "you"})
    head = objects.head("photos", "a")
    assert objects.read("photos", "a") == b"content"
    assert (head.headers["content-type"], head.metadata) == ("text/plain", {"by": "you"})


def test_tags(objects: Objects) -> None:
    objects.put("photos", "a", b"", {"x-amz-tagging": "set=train&empty=&n%C3%A4me=%C3%BC+1"})
    assert objects.tags("photos", "a") == {"set": "train", "empty": "", "näme": "ü 1"}
    objects.tag("photos", "a", {"set": "test = more"})
    assert objects.tags("photos", "a") == {"set": "test = more"}
    objects.tag("photos", "a", {})
    assert objects.tags("photos", "a") == {}


def test_a_put_may_name_what_it_replaces(objects: Objects) -> None:
    first = objects.put("photos", "x", b"1", replacing="")
    with pytest.raises(PreconditionFailed):
        objects.put("photos", "x", b"2", replacing="")
    with pytest.raises(PreconditionFailed):
        objects.put("photos", "x", b"2", replacing="0" * 32)
    objects.put("photos", "x", b"3", replacing=first.etag)
    assert objects.read("photos", "x") == b"3"


LISTED = ["a", "a/b", "a/c/d", "a/c/e", "b//", "b//x", "c", "ä/ö"]
LISTINGS = [
    # prefix, delimiter, after, limit -> listed
    ("", "", "", 1000, LISTED),
    ("", "", "", 3, LISTED[:3]),
    ("", "", "a/b", 1000, LISTED[2:]),
    ("a/", "", "", 1000, ["a/b", "a/c/d", "a/c/e"]),
    ("a/", "", "a/c/d", 1000, ["a/c/e"]),
    ("b", "", "a", 1000, ["b//", "b//x"]),
    ("zz", "", "", 1000, []),
    ("a", "", "zz", 1000, []),
    ("", "/", "", 1000, ["a", "a/", "b/", "c", "ä/"]),
    ("", "/", "", 2, ["a", "a/"]),
    ("", "/", "a/", 2, ["b/", "c"]),
    ("a", "/", "", 1000, ["a", "a/"]),
    ("a/", "/", "", 1000, ["a/b", "a/c/"]),
    ("a/", "/", "a/c/", 1000, []),
    ("b/", "/", "", 1000, ["b//"]),
    ("", "c/", "", 1000, ["a", "a/b", "a/c/", "b//", "b//x", "c", "ä/ö"]),
]


def test_lists(objects: Objects) -> None:
    for key in reversed(LISTED):
        objects.put("photos", key, b"")
    for prefix, delimiter, after, limit, expected in LISTINGS:
        if delimiter:
            found = keys(objects.list_folders("photos", prefix, delimiter, after, limit))
        else:
            found = keys(objects.list_objects("photos", prefix, after, limit))
        assert found == expected, (prefix, delimiter, after, limit)


def test_an_upload_in_parts(objects: Objects) -> None:
    first, second = os.urandom(PART), b"the rest"
    upload = objects.start_upload("photos", "big", {"content-type": "video/mp4"}, {"by": "me"})
    assert objects.list_objects("photos") == []
    assert [(found.key, found.id) for found in objects.uploads("photos")] == [("big", upload)]
    objects.put_part("photos", "big", upload, 1, b"to be replaced")
    etags = [
        objects.put_part("photos", "big", upload, number, iter([content])).etag
        for number, content in [(7, second), (1, first)]
    ]
    assert [(part.number, part.size) for part in objects.parts("photos", "big", upload)] == [(1, PART), (7, 8)]
    assert [part.number for part in objects.parts("photos", "big", upload, after=1)] == [7]

    stored = objects.complete_upload("photos", "big", upload, [(1, etags[1]), (7, etags[0])])
    digests = hashlib.md5(first).digest() + hashlib.md5(second).digest()
    assert stored.etag == hashlib.md5(digests).hexdigest() + "-2"
    assert objects.read("photos", "big") == first + second
    head = objects.head("photos", "big")
    assert (head.headers["content-type"], head.metadata) == ("video/mp4", {"by": "me"})
    assert objects.uploads("photos") == []
    with pytest.raises(NoSuchUpload):
        objects.parts("photos", "big", upload)


def test_an_upload_that_is_aborted(objects: Objects) -> None:
    upload = objects.start_upload("photos", "big")
    objects.put_part("photos", "big", upload, 1, b"x")
    objects.abort_upload("photos", "big", upload)
    for ask in (
        lambda: objects.abort_upload("photos", "big", upload),
        lambda: objects.upload("photos", "big", upload),
        lambda: objects.put_part("photos", "big", upload, 1, b"x"),
    ):
        with pytest.raises(NoSuchUpload):
            ask()
    assert objects.list_objects("photos") == []
    assert objects.uploads("photos") == []


def test_names_with_a_zero_byte(objects: Objects) -> None:
    with pytest.raises(NoSuchBucket):
        objects.bucket("photos\0")
    for key in ("a\0b", "\x1f\uffff"):
        objects.put("photos", key, b"zero")
        assert objects.read("photos", key) == b"zero"
    objects.delete("photos", ["a\0b", "none", "\x1f\uffff"])
    with pytest.raises(NoSuchKey):
        objects.head("photos", "a\0b")


def test_parts_that_make_no_object(objects: Objects) -> None:
    upload = objects.start_upload("photos", "big")
    small = objects.put_part("photos", "big", upload, 1, b"small").etag
    last = objects.put_part("photos", "big", upload, 2, b"last").etag
    with pytest.raises(PartTooSmall):
        objects.complete_upload("photos", "big", upload, [(1, small), (2, last)])
    large = objects.put_part("photos", "big", upload, 3, bytes(PART)).etag
    for wrong in ([(3, large), (2, last)], [(1, last)], [(9, last)], []):
        with pytest.raises(InvalidPart):
            objects.complete_upload("photos", "big", upload, wrong)
    assert objects.complete_upload("photos", "big", upload, [(2, last)]).size == 4
