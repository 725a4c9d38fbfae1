"""Buckets as folders of files, and their keys as rows. How the two stay together is said in `contents`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from customlabels.store.database import Database, now
from customlabels.store.objects import (
    Bucket,
    BucketNotEmpty,
    ObjectTooLarge,
    Stored,
    bucket_rows,
    object_rows,
    upload_rows,
)
from customlabels.store.objects.bucket_folder import unused_name
from customlabels.store.objects.bucket_rows import BucketRows
from customlabels.store.objects.contents import Contents, require
from customlabels.store.objects.files import Chunks, naming_disk_faults
from customlabels.store.objects.folder_uploads import FolderUploads
from customlabels.store.objects.names import check_bucket_name, encode_key
from customlabels.store.tables import buckets

TAGGING = "x-amz-tagging"
"""The header that holds an object's tags, as a query string."""

_AT_ONCE = 1000


class FolderObjects(FolderUploads):
    """Implements `customlabels.store.objects.Objects` in a folder that has a folder for each bucket."""

    def __init__(self, root: Path, database: Database) -> None:
        """Raises StoreUnavailable."""
        super().__init__(Contents(root, database), database)
        self._root = root
        self._buckets = BucketRows(database)
        with naming_disk_faults(root):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._contents.sweep()

    def create_bucket(self, name: str, account: str) -> None:
        check_bucket_name(name)
        self._buckets.insert(name, account)
        with naming_disk_faults(self._root):
            (self._root / name).mkdir(exist_ok=True, mode=0o700)

    def bucket(self, name: str) -> Bucket:
        return self._buckets.find(name)

    def buckets(self, account: str) -> list[Bucket]:
        return self._buckets.of(account)

    def configure_bucket(self, name: str, settings: Mapping[str, str | None]) -> None:
        self._buckets.configure(name, settings)

    def delete_bucket(self, name: str) -> None:
        folder, grave = self._contents.folder(name), unused_name(self._root)
        with naming_disk_faults(self._root):
            with self._database.write() as connection:
                bucket_rows.require(connection, name)
                if object_rows.any_in(connection, name):
                    raise BucketNotEmpty(f"The bucket {name!r} is not empty. Delete its objects first.")
                if (file := next(folder.ordinary_files(), None)) is not None:
                    raise BucketNotEmpty(
                        f"The folder of the bucket {name!r} has files that are no objects, such as {str(file)!r}. "
                        "Remove them, or make objects of them: customlabels objects scan"
                    )
                upload_rows.remove_all(connection, name)
                connection.execute(buckets.delete().where(buckets.c.name == name))
                if folder.root.exists():
                    os.rename(folder.root, grave)
            shutil.rmtree(grave, ignore_errors=True)

    def put(
        self,
        bucket: str,
        key: str,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        encode_key(key)
        self.bucket(bucket)
        written = self._contents.write(bucket, content)
        stored = Stored(key, written.size, written.md5, now(), dict(headers or {}), dict(metadata or {}))
        self._contents.commit(bucket, stored, written, replacing)
        return stored

    def head(self, bucket: str, key: str) -> Stored:
        return self._contents.find(bucket, key).stored

    def open(self, bucket: str, key: str, start: int = 0, end: int | None = None) -> tuple[Stored, Iterator[bytes]]:
        row, descriptor = self._contents.open(bucket, key)
        size = row.stored.size
        return row.stored, Chunks(descriptor, start, size if end is None else min(end, size))

    def read(self, bucket: str, key: str, limit: int | None = None) -> bytes:
        stored, chunks = self.open(bucket, key)
        if limit is not None and stored.size > limit:
            raise ObjectTooLarge(f"The object {bucket}/{key} has {stored.size:,} bytes; at most {limit:,} can be read.")
        return b"".join(chunks)

    def copy(
        self,
        source: tuple[str, str],
        bucket: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Stored:
        if source == (bucket, key):
            return self._change(bucket, key, headers, metadata)
        encode_key(key)
        self.bucket(bucket)
        stored, chunks = self.open(*source)
        return self.put(
            bucket,
            key,
            chunks,
            stored.headers if headers is None else headers,
            stored.metadata if metadata is None else metadata,
        )

    def tags(self, bucket: str, key: str) -> dict[str, str]:
        return dict(parse_qsl(self.head(bucket, key).headers.get(TAGGING, ""), keep_blank_values=True))

    def tag(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        with self._database.write() as connection:
            row = require(connection, bucket, key)
            headers = {name: value for name, value in row.stored.headers.items() if name != TAGGING}
            if tags:
                headers[TAGGING] = urlencode(tags)
            object_rows.store(connection, bucket, replace(row, stored=replace(row.stored, headers=headers)))

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        self.bucket(bucket)
        for first in range(0, len(keys), _AT_ONCE):
            self._contents.delete(bucket, [encode_key(key) for key in keys[first : first + _AT_ONCE]])

    def list_objects(self, bucket: str, prefix: str = "", after: str = "", limit: int = 1000) -> list[Stored]:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            return object_rows.list_objects(connection, bucket, prefix, after, limit)

    def list_folders(
        self, bucket: str, prefix: str, delimiter: str, after: str = "", limit: int = 1000
    ) -> list[Stored | str]:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            return object_rows.list_folders(connection, bucket, prefix, delimiter, after, limit)

    def _change(
        self, bucket: str, key: str, headers: Mapping[str, str] | None, metadata: Mapping[str, str] | None
    ) -> Stored:
        with self._database.write() as connection:
            row = require(connection, bucket, key)
            stored = replace(
                row.stored,
                modified=now(),
                headers=dict(row.stored.headers if headers is None else headers),
                metadata=dict(row.stored.metadata if metadata is None else metadata),
            )
            object_rows.store(connection, bucket, replace(row, stored=stored))
            self._contents.folder(bucket).touch(row, stored.modified)
        return stored
