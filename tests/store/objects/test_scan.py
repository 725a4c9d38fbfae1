"""Files that a person puts into the folder of a bucket become objects."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from customlabels.store import Database
from customlabels.store.objects import NoSuchBucket, NoSuchKey, StoreUnavailable
from customlabels.store.objects.folder import FolderObjects
from customlabels.store.objects.scan import Findings, scan

from .conftest import ACCOUNT


@pytest.fixture
def photos(root: Path, folder: FolderObjects) -> Path:
    """The folder of the bucket `photos`."""
    return root / "photos"


def scanned(root: Path, database: Database, bucket: str | None = "photos") -> Findings:
    (findings,) = scan(root, database, ACCOUNT, bucket)
    return findings


def drop(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_dropped_files_are_adopted(root: Path, photos: Path, folder: FolderObjects, database: Database) -> None:
    folder.put("photos", "known", b"x")
    drop(photos / "pets/cat.jpg", b"meow")
    drop(photos / "Zürich.png", b"")
    findings = scanned(root, database)
    assert (findings.adopted, findings.unchanged, findings.removed, findings.skipped) == (2, 1, 0, [])
    stored = folder.head("photos", "pets/cat.jpg")
    assert (stored.size, stored.etag, stored.headers) == (
        4,
        hashlib.md5(b"meow").hexdigest(),
        {"content-type": "image/jpeg"},
    )
    assert folder.read("photos", "pets/cat.jpg") == b"meow"
    assert [o.key for o in folder.list_objects("photos")] == ["Zürich.png", "known", "pets/cat.jpg"]


def test_a_second_scan_finds_nothing_to_do(root: Path, photos: Path, folder: FolderObjects, database: Database) -> None:
    folder.put("photos", "a//b", b"x")
    upload = folder.start_upload("photos", "parts")
    folder.complete_upload("photos", "parts", upload, [(1, folder.put_part("photos", "parts", upload, 1, b"x").etag)])
    folder.copy(("photos", "parts"), "photos", "parts", {"content-type": "image/png"})
    drop(photos / "dropped", b"x")
    scanned(root, database)
    before = folder.list_objects("photos")
    again = scanned(root, database)
    assert (again.adopted, again.changed, again.removed, again.unchanged) == (0, 0, 0, 2)
    assert folder.list_objects("photos") == before


def test_changed_and_removed_files_are_noticed(
    root: Path, photos: Path, folder: FolderObjects, database: Database
) -> None:
    for key in ("changed", "removed", "touched"):
        folder.put("photos", key, b"1", {"content-type": "image/jpeg"}, {"by": "me"})
    drop(photos / "changed", b"2 3")
    (photos / "removed").unlink()
    os.utime(photos / "touched", (1, 1))
    findings = scanned(root, database)
    assert (findings.adopted, findings.changed, findings.removed, findings.unchanged) == (0, 1, 1, 1)
    stored = folder.head("photos", "changed")
    assert folder.read("photos", "changed") == b"2 3"
    assert (stored.headers, stored.metadata) == ({"content-type": "image/jpeg"}, {"by": "me"})
    with pytest.raises(NoSuchKey):
        folder.head("photos", "removed")


def test_a_file_that_differs_from_another_only_in_case(
    root: Path, photos: Path, folder: FolderObjects, database: Database
) -> None:
    folder.put("photos", "IMG.jpg", b"upper")
    drop(photos / "img.jpg", b"lower")
    if len(list(photos.glob("*.jpg"))) < 2:
        pytest.skip("this file system ignores case")
    assert scanned(root, database).adopted == 1
    assert (folder.read("photos", "IMG.jpg"), folder.read("photos", "img.jpg")) == (b"upper", b"lower")
    assert scanned(root, database).adopted == 0


def test_names_that_windows_has_not_are_adopted_too(
    root: Path, photos: Path, folder: FolderObjects, database: Database
) -> None:
    if os.name == "nt":
        pytest.skip("Windows cannot make such files")
    drop(photos / "12:30.jpg", b"noon")
    assert scanned(root, database).adopted == 1
    assert folder.read("photos", "12:30.jpg") == b"noon"


def test_what_is_no_object_is_named(root: Path, photos: Path, folder: FolderObjects, database: Database) -> None:
    drop(root.parent / "elsewhere/secret", b"")
    (photos / "link").symlink_to(root.parent / "elsewhere", target_is_directory=True)
    (photos / "file").symlink_to(root.parent / "elsewhere/secret")
    findings = scanned(root, database)
    assert [path for path, _ in findings.skipped] == ["file", "link"]
    assert folder.list_objects("photos") == []


def test_a_folder_becomes_a_bucket(root: Path, folder: FolderObjects, database: Database) -> None:
    drop(root / "albums/1.jpg", b"")
    drop(root / "No Bucket/1.jpg", b"")
    found = {findings.bucket: findings for findings in scan(root, database, ACCOUNT)}
    assert {name: findings.created for name, findings in found.items()} == {"albums": True, "photos": False}
    assert [o.key for o in folder.list_objects("albums")] == ["1.jpg"]


def test_a_bucket_without_a_folder_keeps_its_objects(
    root: Path, photos: Path, folder: FolderObjects, database: Database
) -> None:
    folder.put("photos", "x", b"")
    photos.rename(root.parent / "unmounted")
    with pytest.raises(StoreUnavailable, match="Is its disk mounted"):
        scanned(root, database)
    assert [o.key for o in folder.list_objects("photos")] == ["x"]
    with pytest.raises(NoSuchBucket):
        scanned(root, database, "nowhere")
