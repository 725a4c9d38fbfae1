"""Has the objects of a bucket follow its folder: files that a person put there, changed or removed."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from customlabels.store.database import Database
from customlabels.store.objects import (
    CHUNK,
    BucketExists,
    InvalidName,
    Stored,
    StoreUnavailable,
    bucket_rows,
    object_rows,
)
from customlabels.store.objects.bucket_rows import BucketRows
from customlabels.store.objects.contents import Contents
from customlabels.store.objects.files import naming_disk_faults, new_name
from customlabels.store.objects.names import check_bucket_name, encode_key, folded, ordinary_place
from customlabels.store.objects.object_rows import ObjectRow

_AT_ONCE = 500


@dataclass
class Findings:
    """What a scan of a bucket did. `skipped` has paths below the bucket's folder and why they are no objects."""

    bucket: str
    created: bool = False
    """Whether the bucket was made for a folder that had none."""
    adopted: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def scan(root: Path, database: Database, account: str, bucket: str | None = None) -> Iterator[Findings]:
    """Scan one bucket, or all folders in `root`; a folder of no bucket becomes one of `account`.

    Raises NoSuchBucket, and StoreUnavailable where a bucket has no folder (a disk that is not mounted, say).
    """
    rows = BucketRows(database)
    with naming_disk_faults(root):
        names = [bucket] if bucket is not None else sorted(e.name for e in os.scandir(root) if e.is_dir())
        for name in names:
            created = bucket is None and _create(rows, name, account)
            if created is None:
                continue
            rows.find(name)
            findings = Findings(name, created=bool(created))
            _Scan(Contents(root, database), database, findings).run()
            yield findings


def _create(rows: BucketRows, name: str, account: str) -> bool | None:
    """Whether a bucket was made; None for a folder that can be none."""
    try:
        check_bucket_name(name)
        rows.insert(name, account)
    except InvalidName:
        return None
    except BucketExists:
        return False
    return True


class _Scan:
    def __init__(self, contents: Contents, database: Database, findings: Findings) -> None:
        self._contents = contents
        self._database = database
        self._findings = findings
        self._bucket = findings.bucket
        self._folder = contents.folder(findings.bucket)

    def run(self) -> None:
        if not self._folder.root.is_dir():
            raise StoreUnavailable(
                f"The bucket {self._bucket!r} has no folder {self._folder.root}. Is its disk mounted?"
            )
        self._contents.settle_all(self._bucket)
        files = self._folder.ordinary_files()
        while some := list(islice(files, _AT_ONCE)):
            self._compare(some)
        self._forget()

    def _compare(self, paths: list[Path]) -> None:
        keys = {path: key for path in paths if (key := self._key(path)) is not None}
        with self._database.read() as connection:
            known = object_rows.at_places(connection, self._bucket, [folded(key) for key in keys.values()])
        for path, key in keys.items():
            row = known.get(folded(key))
            if row is not None and self._same_file(row, path):
                self._update(row, path)
            elif row is None and ordinary_place(key) is not None:
                self._adopt(key, path)
            else:
                self._take(key, path)

    def _key(self, path: Path) -> str | None:
        """The key of a file; None, with a finding, where it can have none."""
        key = path.as_posix()
        try:
            encode_key(key)
        except InvalidName as error:
            self._skip(path, str(error))
            return None
        if not (self._folder.root / path).is_file() or (self._folder.root / path).is_symlink():
            self._skip(path, "It is a link or no regular file. Put a copy there.")
            return None
        return key

    def _same_file(self, row: ObjectRow, path: Path) -> bool:
        """Whether the file is the object's: of the same name, or of one that the file system takes for the same."""
        place = self._folder.at_place(row)
        return place.exists() and place.samefile(self._folder.root / path)

    def _update(self, row: ObjectRow, path: Path) -> None:
        status = (self._folder.root / path).stat()
        if status.st_size == row.stored.size and _milliseconds(status) == row.stored.modified:
            self._findings.unchanged += 1
            return
        found = self._read(row.stored.key, path)
        if found is None:
            return
        if (found.size, found.etag) == (row.stored.size, row.stored.etag):
            self._findings.unchanged += 1
            return
        headers = {n: value for n, value in row.stored.headers.items() if not n.startswith("x-amz-checksum-")}
        stored = replace(found, headers=headers, metadata=row.stored.metadata)
        self._findings.changed += self._store(row, ObjectRow(stored, row.place, new_name()), path)

    def _adopt(self, key: str, path: Path) -> None:
        found = self._read(key, path)
        place = ordinary_place(key)
        if found is not None and place is not None:
            self._findings.adopted += self._store(None, ObjectRow(found, place, new_name()), path)

    def _take(self, key: str, path: Path) -> None:
        """Make an object of a file that cannot stay where it is, since its name and another's differ only in case."""
        found = self._read(key, path)
        if found is None:
            return
        written = self._contents.write(self._bucket, _chunks(self._folder.root / path))
        if written.md5 != found.etag:
            written.path.unlink()
            self._skip(path, "It changed while it was read. Scan again.")
            return
        self._contents.commit(self._bucket, found, written)
        (self._folder.root / path).unlink()
        self._findings.adopted += 1

    def _store(self, expected: ObjectRow | None, row: ObjectRow, path: Path) -> int:
        """Store a row for the file at its place: 1, or 0 where a put or deletion was quicker or the file is another."""
        key = row.stored.key.encode()
        with self._database.write() as connection:
            bucket_rows.require(connection, self._bucket)
            current = object_rows.find(connection, self._bucket, key)
            free = (
                expected is not None or object_rows.choose_place(connection, self._bucket, row.stored.key) == row.place
            )
            status = (self._folder.root / path).stat()
            same = (status.st_size, _milliseconds(status)) == (row.stored.size, row.stored.modified)
            if same and free and (current and current.content) == (expected and expected.content):
                object_rows.store(connection, self._bucket, row)
                return 1
        self._skip(path, "It was replaced while it was read. Scan again.")
        return 0

    def _read(self, key: str, path: Path) -> Stored | None:
        """What a file holds; None, with a finding, where somebody writes to it."""
        file = self._folder.root / path
        before, digest = file.stat(), hashlib.md5(usedforsecurity=False)
        for chunk in _chunks(file):
            digest.update(chunk)
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            self._skip(path, "It changed while it was read. Scan again.")
            return None
        kind = mimetypes.guess_type(path.name)[0] or "binary/octet-stream"
        return Stored(key, after.st_size, digest.hexdigest(), _milliseconds(after), {"content-type": kind})

    def _forget(self) -> None:
        """Remove the rows of files that are gone."""
        start = b""
        while True:
            with self._database.read() as connection:
                rows = list(object_rows.scan(connection, self._bucket, b"", start, _AT_ONCE))
            gone = [row for row in rows if not self._folder.holds(row)]
            if gone:
                self._findings.removed += self._remove(gone)
            if len(rows) < _AT_ONCE:
                return
            start = rows[-1].stored.key.encode() + b"\0"

    def _remove(self, rows: list[ObjectRow]) -> int:
        with self._database.write() as connection:
            current = object_rows.find_all(connection, self._bucket, [row.stored.key.encode() for row in rows])
            gone = [row.stored.key.encode() for row in current if not self._folder.holds(row)]
            object_rows.remove(connection, self._bucket, gone)
        return len(gone)

    def _skip(self, path: Path, reason: str) -> None:
        self._findings.skipped.append((str(path), reason))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _milliseconds(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000
