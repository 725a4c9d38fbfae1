"""How an object's row and its file stay together.

An object is its row. The row names its content, anew with every put, and its place: a path that a person finds, below
the bucket's folder. The content is in the file of its name in the reserved folder if there is one, else at the place.

A put writes a new file of a new name, syncs it and its folder, commits the row, and then renames the file to the
place. A deletion renames the file back to its name, commits the removal of the row, and then removes the file. So at
every moment, also after kill -9 or a power cut, the row that the database has and the file that it leads to belong
together; what was acknowledged stays; and a rename that cannot be (a person's folder is in the way) does no harm.
Renames happen while the database lets nobody else write, and only where the row still is as it was when the file was
written. A file that no row names is removed, a day old, when the store is opened.

A reader opens a file and keeps it to its end, whatever becomes of the object. One that found the file at the place
looks at the row again: had another put come in between, the row would name another content.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from customlabels.store.database import Database
from customlabels.store.objects import (
    CHUNK,
    NoSuchBucket,
    NoSuchKey,
    PreconditionFailed,
    Stored,
    StoreUnavailable,
    bucket_rows,
    object_rows,
    upload_rows,
)
from customlabels.store.objects.bucket_folder import GRAVE, BucketFolder
from customlabels.store.objects.files import (
    Written,
    naming_disk_faults,
    new_name,
    set_modified,
    sync_folder,
    write_file,
)
from customlabels.store.objects.object_rows import ObjectRow

LEFTOVER_SECONDS = 24 * 3600
"""A file without a row is no longer of a put under way when nobody has written to it for so long."""

_TRIES = 10


class Contents:
    """The objects in a folder that has a folder for each bucket."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root = root
        self._database = database

    def folder(self, bucket: str) -> BucketFolder:
        """Where the files of a bucket lie."""
        return BucketFolder(self.root / bucket)

    def find(self, bucket: str, key: str) -> ObjectRow:
        """Raises NoSuchBucket, NoSuchKey."""
        with self._database.read() as connection:
            return require(connection, bucket, key)

    def open(self, bucket: str, key: str) -> tuple[ObjectRow, int]:
        """An object and a descriptor of its content. Raises NoSuchBucket, NoSuchKey, StoreUnavailable."""
        folder = self.folder(bucket)
        with naming_disk_faults(self.root):
            for _ in range(_TRIES):
                row = self.find(bucket, key)
                descriptor = folder.open_new(row)
                if descriptor is not None:
                    return row, descriptor
                descriptor = folder.open_at_place(row)
                if self.find(bucket, key).content == row.content and descriptor is not None:
                    return row, descriptor
                if descriptor is not None:
                    os.close(descriptor)
        raise StoreUnavailable(
            f"The file of {bucket}/{key}, {folder.at_place(row)}, is gone or was changed by hand. "
            "Have the bucket follow its folder: customlabels objects scan"
        )

    def write(self, bucket: str, content: bytes | Iterable[bytes]) -> Written:
        """A new file for `commit`. Raises NoSuchBucket, StoreUnavailable."""
        return write_file(self._to_write(bucket).content(new_name()), chunks(content))

    def write_part(self, bucket: str, name: str, content: bytes | Iterable[bytes]) -> Written:
        """A new file for a part of an upload. Raises NoSuchBucket, StoreUnavailable."""
        return write_file(self._to_write(bucket).parts / name, chunks(content))

    def _to_write(self, bucket: str) -> BucketFolder:
        """A bucket's folder, which must be there: one made anew would lie where a disk is to be mounted."""
        folder = self.folder(bucket)
        if not folder.root.is_dir():
            with self._database.read() as connection:
                bucket_rows.require(connection, bucket)
            raise StoreUnavailable(
                f"The bucket {bucket!r} has no folder {folder.root}. Mount its disk, or make the folder if it was "
                "removed by hand."
            )
        return folder

    def commit(
        self,
        bucket: str,
        stored: Stored,
        written: Written,
        replacing: str | None = None,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Make a written file an object. `also` is done in the same transaction.

        Raises NoSuchBucket, PreconditionFailed, and what `also` does; the written file is removed then.
        """
        # A commit that fails may have come about: the file stays then.
        with self._database.write() as connection, removed_on_error(written.path):
            bucket_rows.require(connection, bucket)
            old = object_rows.find(connection, bucket, stored.key.encode())
            check_replaced(old, replacing, bucket, stored.key)
            place = old.place if old else object_rows.choose_place(connection, bucket, stored.key)
            row = ObjectRow(stored, place, written.path.name)
            object_rows.store(connection, bucket, row)
            also(connection)
            try:
                set_modified(written.path, stored.modified)
            except FileNotFoundError as error:  # the bucket was deleted and made again meanwhile
                raise NoSuchBucket(f"There is no bucket {bucket!r}.") from error
        self._settle(bucket, row)
        if old:
            self.folder(bucket).content(old.content).unlink(missing_ok=True)

    def delete(self, bucket: str, keys: Sequence[bytes]) -> None:
        """Remove objects, all in one transaction. Raises NoSuchBucket, StoreUnavailable."""
        folder = self.folder(bucket)
        with naming_disk_faults(self.root):
            with self._database.write() as connection:
                bucket_rows.require(connection, bucket)
                rows = object_rows.find_all(connection, bucket, keys)
                for row in rows:
                    folder.unsettle(row)
                if rows and folder.new.exists():
                    sync_folder(folder.new)
                object_rows.remove(connection, bucket, keys)
            for row in rows:
                folder.remove(row)

    def sweep(self, age: float = LEFTOVER_SECONDS) -> None:
        """Remove or settle what puts and deletions that were cut short have left. Raises StoreUnavailable."""
        with naming_disk_faults(self.root):
            for entry in list(os.scandir(self.root)):
                if entry.name.startswith(GRAVE):
                    shutil.rmtree(entry.path, ignore_errors=True)
                elif entry.is_dir():
                    self._sweep(entry.name, age)

    def settle_all(self, bucket: str) -> None:
        """Move what has stayed under the name of its content to its place, where that can be."""
        folder = self.folder(bucket)
        for path in folder.leftovers(folder.new, age=0):
            with self._database.read() as connection:
                row = object_rows.with_content(connection, bucket, path.name)
            if row:
                self._settle(bucket, row)

    def _sweep(self, bucket: str, age: float) -> None:
        folder = self.folder(bucket)
        for path in folder.leftovers(folder.new, age):
            with self._database.read() as connection:
                row = object_rows.with_content(connection, bucket, path.name)
            if row:
                self._settle(bucket, row)
            else:
                path.unlink(missing_ok=True)
        for path in folder.leftovers(folder.parts, age):
            with self._database.read() as connection:
                used = upload_rows.has_part(connection, path.name)
            if not used:
                path.unlink(missing_ok=True)

    def _settle(self, bucket: str, row: ObjectRow) -> None:
        folder = self.folder(bucket)
        folder.prepare(row)
        with self._database.write() as connection:
            found = object_rows.find(connection, bucket, row.stored.key.encode())
            if found is None or found.content != row.content:  # another put or a deletion was quicker
                folder.content(row.content).unlink(missing_ok=True)
                return
            settled = folder.settle(row)
        if settled:
            with naming_disk_faults(self.root):
                folder.sync_place(row)


def check_replaced(old: ObjectRow | None, replacing: str | None, bucket: str, key: str) -> None:
    """Raises PreconditionFailed where `old` is not what a put is to replace (see Objects.put)."""
    if replacing is not None and replacing != (old.stored.etag if old else ""):
        raise PreconditionFailed(f"{bucket}/{key} " + ("is another object." if old else "does not exist."))


def chunks(content: bytes | Iterable[bytes]) -> Iterable[bytes]:
    """Content in pieces of at most CHUNK bytes, or as they come."""
    if isinstance(content, bytes):
        return (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))
    return content


@contextmanager
def removed_on_error(path: Path) -> Iterator[None]:
    """A file that is removed after any exception."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def require(connection: Connection, bucket: str, key: str) -> ObjectRow:
    """Raises NoSuchBucket, NoSuchKey."""
    row = object_rows.find(connection, bucket, key.encode())
    if row is None:
        bucket_rows.require(connection, bucket)
        raise NoSuchKey(f"There is no object {bucket}/{key}.")
    return row
