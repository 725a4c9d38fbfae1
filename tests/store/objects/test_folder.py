"""Objects as files in a folder: where they lie, and what remains of a put or deletion that is cut short."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Row, select

from customlabels.store import Database
from customlabels.store.objects import NoSuchBucket, NoSuchKey, NoSuchUpload, StoreUnavailable, object_rows
from customlabels.store.objects.folder import FolderObjects
from customlabels.store.objects.names import folded
from customlabels.store.tables import objects as object_table

from .conftest import ACCOUNT, prepared


def files(root: Path) -> list[str]:
    """All files of the bucket `photos`."""
    folder = root / "photos"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_person_finds_the_files_of_ordinary_keys(root: Path, folder: FolderObjects) -> None:
    folder.put("photos", "pets/cat.jpg", b"meow")
    folder.put("photos", "pets/Zoë 1.jpg", b"woof")
    assert files(root) == ["pets/Zoë 1.jpg", "pets/cat.jpg"]
    assert (root / "photos/pets/cat.jpg").read_bytes() == b"meow"


def test_an_overwritten_object_leaves_no_second_file(root: Path, folder: FolderObjects) -> None:
    for content in (b"1", b"22"):
        folder.put("photos", "x", content)
    assert files(root) == ["x"]
    assert (root / "photos/x").read_bytes() == b"22"


def test_a_deleted_object_leaves_neither_file_nor_folder(root: Path, folder: FolderObjects) -> None:
    for key in ("a/b/c", "a/d", "a/b/"):
        folder.put("photos", key, b"")
    folder.delete("photos", ["a/b/c", "a/b/"])
    assert files(root) == ["a/d"]
    assert not (root / "photos/a/b").exists()


def test_a_key_may_also_be_the_folder_of_others(root: Path, folder: FolderObjects) -> None:
    for key in ("a", "a/b", "c/d", "c"):
        folder.put("photos", key, key.encode())
    assert [(root / "photos" / path).is_file() for path in ("a", "c/d")] == [True, True]
    assert [folder.read("photos", key) for key in ("a", "a/b", "c", "c/d")] == [b"a", b"a/b", b"c", b"c/d"]


def test_a_key_does_not_leave_the_folder(root: Path, tmp_path: Path, folder: FolderObjects) -> None:
    # checklist: L04
    (root / "albums").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    for key in ("../albums/x", "/etc/x", "..", "a/../../x", "..\\x", "albums/../../../x"):
        folder.put("photos", key, b"")
    assert list((root / "albums").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert all(file.startswith(".customlabels/keys/") for file in files(root))


def test_a_reader_keeps_what_it_opened(folder: FolderObjects) -> None:
    old = os.urandom(3 << 20)
    folder.put("photos", "x", old)
    _, first = folder.open("photos", "x")
    _, second = folder.open("photos", "x")
    begun = next(first)
    folder.put("photos", "x", b"new")
    folder.delete("photos", ["x"])
    assert begun + b"".join(first) == b"".join(second) == old


@pytest.mark.parametrize("key", ["ordinary", "not//ordinary"])
def test_a_place_that_is_taken_by_a_folder_does_no_harm(root: Path, folder: FolderObjects, key: str) -> None:
    folder.put("photos", key, b"0")
    (place,) = [root / "photos" / file for file in files(root)]
    place.unlink()
    (place / "of a person").mkdir(parents=True)
    folder.put("photos", key, b"1")
    folder.put("photos", key, b"2")
    assert folder.read("photos", key) == b"2"
    folder.delete("photos", [key])
    assert folder.list_objects("photos") == []
    assert (place / "of a person").is_dir()


def test_a_file_that_a_person_removed_or_cut_is_told(root: Path, folder: FolderObjects) -> None:
    for key in ("gone", "cut"):
        folder.put("photos", key, b"content")
    (root / "photos/gone").unlink()
    (root / "photos/cut").write_bytes(b"con")
    for key in ("gone", "cut"):
        with pytest.raises(StoreUnavailable, match=rf"photos/{key}, .* customlabels objects scan"):
            folder.open("photos", key)


def test_nothing_is_written_where_the_disk_of_a_bucket_is_not_mounted(root: Path, folder: FolderObjects) -> None:
    folder.put("photos", "x", b"old")
    upload = folder.start_upload("photos", "large")
    (root / "photos").rename(root / "away")
    for write in (
        lambda: folder.put("photos", "x", b"new"),
        lambda: folder.put_part("photos", "large", upload, 1, b""),
    ):
        with pytest.raises(StoreUnavailable, match="Mount its disk"):
            write()
    assert not (root / "photos").exists()
    (root / "away").rename(root / "photos")
    assert folder.read("photos", "x") == b"old"
    with pytest.raises(NoSuchBucket):
        folder.put("other", "x", b"")


def test_a_bucket_whose_folder_has_files_of_a_person_is_not_deleted(root: Path, folder: FolderObjects) -> None:
    (root / "photos/a").mkdir()
    (root / "photos/a/mine.jpg").write_bytes(b"")
    with pytest.raises(Exception, match=r"a/mine\.jpg.* customlabels objects scan"):
        folder.delete_bucket("photos")
    (root / "photos/a/mine.jpg").unlink()
    folder.delete_bucket("photos")
    assert list(root.iterdir()) == []


def test_no_upload_has_a_zero_byte_in_its_id(folder: FolderObjects) -> None:
    with pytest.raises(NoSuchUpload):
        folder.parts("photos", "x", "\0")
    assert folder.uploads("photos", after=("a", "\0")) == []


def test_the_files_of_an_upload_are_gone_after_its_end(root: Path, folder: FolderObjects) -> None:
    for end in ("abort", "complete"):
        upload = folder.start_upload("photos", "x")
        parts = [(1, folder.put_part("photos", "x", upload, 1, b"x").etag)]
        if end == "abort":
            folder.abort_upload("photos", "x", upload)
            assert files(root) == []
        else:
            folder.complete_upload("photos", "x", upload, parts)
            assert files(root) == ["x"]
        with pytest.raises(NoSuchUpload):
            folder.complete_upload("photos", "x", upload, parts)


@pytest.mark.parametrize("key", ["a/x", "a//x"])
def test_killed_at_any_moment_an_object_is_old_or_new_or_gone(root: Path, sqlite: Database, key: str) -> None:
    store = FolderObjects(root, sqlite)
    store.create_bucket("photos", ACCOUNT)
    store.put("photos", key, b"the old one", {"cache-control": "old"})
    script = Path(__file__).with_name("killed.py")
    killed_before = itertools.count(1)
    outcomes = set()
    while True:
        command = [sys.executable, str(script), str(root), sqlite.url, key, str(next(killed_before))]
        done = subprocess.run(command, capture_output=True, text=True)
        acknowledged = done.stdout.split()[-1]
        assert done.returncode in (0, 9), done.stderr
        allowed = {"old": {"old", "new"}, "new": {"new", "deleted"}, "deleted": {"deleted"}}[acknowledged]

        again = FolderObjects(root, sqlite)
        again._contents.sweep(age=-60)
        try:
            stored, chunks = again.open("photos", key)
            state = stored.headers["cache-control"]
            assert b"".join(chunks) == {"old": b"the old one", "new": b"the new"}[state]
            assert len(files(root)) == 1
        except NoSuchKey:
            state = "deleted"
            assert files(root) == []
        assert state in allowed
        outcomes.add((acknowledged, state))
        if done.returncode == 0:
            break
    assert outcomes >= {("old", "old"), ("old", "new"), ("new", "new"), ("new", "deleted"), ("deleted", "deleted")}


def test_what_a_killed_put_left_is_removed_after_a_day(root: Path, sqlite: Database) -> None:
    store = FolderObjects(root, sqlite)
    store.create_bucket("photos", ACCOUNT)
    store.put("photos", "x", b"")
    upload = store.start_upload("photos", "y")
    store.put_part("photos", "y", upload, 1, b"kept")
    (part,) = (root / "photos/.customlabels/parts").iterdir()
    two_days_ago = time.time() - 2 * 86400
    os.utime(part, (two_days_ago, two_days_ago))
    for age, name in [(25 * 3600, "old"), (3600, "young")]:
        for folder in ("new", "parts"):
            left = root / "photos/.customlabels" / folder / name
            left.write_bytes(b"")
            os.utime(left, (time.time() - age, time.time() - age))
    FolderObjects(root, sqlite)
    assert files(root) == [f".customlabels/{p}" for p in sorted(["new/young", f"parts/{part.name}", "parts/young"])] + [
        "x"
    ]


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full; make room"), (errno.EROFS, "the disk may only be read; mount it for writing")],
)
def test_a_disk_that_cannot_be_written(
    root: Path, folder: FolderObjects, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    folder.put("photos", "x", b"old")
    upload = folder.start_upload("photos", "big")

    def fails(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fails)
        with pytest.raises(StoreUnavailable, match=words):
            folder.put("photos", "x", b"new")
        with pytest.raises(StoreUnavailable, match=words):
            folder.put_part("photos", "big", upload, 1, b"new")
    assert folder.read("photos", "x") == b"old"
    assert files(root) == ["x"]


def test_writers_readers_and_deletions_at_once(folder: FolderObjects) -> None:
    contents = {str(size): bytes([size]) * size for size in range(200)}
    failures: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for size in range(first, 200, 20):
                folder.put("photos", "x", contents[str(size)], {"size": str(size)})
                if size % 3 == 0:
                    folder.delete("photos", ["x"])
        except BaseException as error:
            failures.append(error)

    def read() -> None:
        try:
            for _ in range(60):
                with suppress(NoSuchKey):
                    stored, chunks = folder.open("photos", "x")
                    assert b"".join(chunks) == contents[stored.headers["size"]]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=[first]) for first in range(4)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


NASTY = st.sampled_from(
    ["a", "A", "b", "ä", "a\u0308", "Ä", "ß", "SS", "/", "//", ".", "..", "\\", ":", "\0", " ", "con", "é" * 200]
)
KEY = st.one_of(
    st.lists(NASTY, min_size=1, max_size=5).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.sampled_from(["k" * 1024, "k" * 1023 + "K", "d/" * 512, "€" * 341, "e" * 200 + "/" + "f" * 300]),
).filter(lambda key: 1 <= len(key.encode()) <= 1024)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, FolderObjects, Database]]:
    home = tmp_path_factory.mktemp("home")
    database = prepared(f"sqlite:///{home / 'customlabels.db'}")
    store = FolderObjects(home / "buckets", database)
    store.create_bucket("photos", ACCOUNT)
    yield home / "buckets", store, database
    database.close()


def listing(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """What a listing has, by the definition."""
    items = set()
    for key in keys:
        if key.startswith(prefix):
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            items.add(key[: end + len(delimiter)] if end >= 0 else key)
    return sorted(items, key=str.encode)


@given(keys=st.lists(KEY, min_size=1, max_size=12, unique=True), data=st.data())
def test_any_keys_come_back_and_are_listed_in_order(
    shared: tuple[Path, FolderObjects, Database], keys: list[str], data: st.DataObject
) -> None:
    root, store, database = shared
    store.delete("photos", [stored.key for stored in store.list_objects("photos", limit=10**6)])
    assert files(root) == []
    for key in keys:
        store.put("photos", key, key.encode())
    again = data.draw(st.lists(st.sampled_from(keys)), "put again")
    for key in again:
        store.put("photos", key, b"again " + key.encode())
    for key in keys:
        assert store.read("photos", key) == (b"again " if key in again else b"") + key.encode()
    assert [stored.key for stored in store.list_objects("photos")] == sorted(keys, key=str.encode)

    some = data.draw(st.sampled_from(keys), "some key")
    prefix = some[: data.draw(st.integers(0, len(some)), "length of the prefix")]
    delimiter = data.draw(st.sampled_from(["/", "a", "//", ".", "\0"]), "delimiter")
    limit = data.draw(st.integers(1, 4), "limit")
    found: list[str] = []
    while page := store.list_folders("photos", prefix, delimiter, found[-1] if found else "", limit):
        found += [item if isinstance(item, str) else item.key for item in page]
    assert found == listing(keys, prefix, delimiter)
    found = []
    while stored := store.list_objects("photos", prefix, found[-1] if found else "", limit):
        found += [item.key for item in stored]
    assert found == listing(keys, prefix, "")

    # On a file system that takes `A` and `a` for the same, no file is another's, or the folder of another's.
    places = [folded(file) for file in files(root)]
    assert len(set(places)) == len(places) == len(keys)
    assert not any(other.startswith(f"{place}/") for place in places for other in places)
    with database.read() as connection:
        assert sorted(connection.execute(select(object_table.c.place)).scalars()) == sorted(places)

    gone = keys[::2]
    store.delete("photos", gone)
    assert [stored.key for stored in store.list_objects("photos")] == sorted(set(keys) - set(gone), key=str.encode)
    assert len(files(root)) == len(keys) - len(gone)


def test_a_folder_of_many_keys_is_listed_by_a_few_rows(
    folder: FolderObjects, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {
            "bucket": "photos", "key": f"{f}/{n:06}".encode(), "place": f"{f}/{n:06}", "content": "", "size": 0,
            "etag": "", "modified": 0, "headers": {}, "metadata": {},
        }
        for f in ("a", "b", "c") for n in range(3000)
    ]  # fmt: skip
    with database.write() as connection:
        connection.execute(object_table.insert(), rows)
    read = 0
    original = object_rows._object_row

    def counted(row: Row[Any]) -> object_rows.ObjectRow:
        nonlocal read
        read += 1
        return original(row)

    monkeypatch.setattr(object_rows, "_object_row", counted)
    assert folder.list_folders("photos", "", "/") == ["a/", "b/", "c/"]
    assert read < 100
