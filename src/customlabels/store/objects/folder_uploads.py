"""Multipart uploads to a folder: each part is a file, and the object is made of them in the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from customlabels.store.database import Database, now
from customlabels.store.objects import (
    InvalidPart,
    Part,
    PartTooSmall,
    Stored,
    Upload,
    bucket_rows,
    upload_rows,
)
from customlabels.store.objects.contents import Contents, removed_on_error
from customlabels.store.objects.files import new_name
from customlabels.store.objects.names import encode_key
from customlabels.store.objects.upload_rows import PartRow

MIN_PART_BYTES = 5 << 20
"""Of all parts but the last."""


class FolderUploads:
    """The part of `customlabels.store.objects.Objects` for multipart uploads."""

    def __init__(self, contents: Contents, database: Database) -> None:
        self._contents = contents
        self._database = database

    def start_upload(
        self, bucket: str, key: str, headers: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None
    ) -> str:
        encode_key(key)
        upload = Upload(new_name(), key, now(), dict(headers or {}), dict(metadata or {}))
        with self._database.write() as connection:
            bucket_rows.require(connection, bucket)
            upload_rows.insert(connection, bucket, upload)
        return upload.id

    def upload(self, bucket: str, key: str, upload: str) -> Upload:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            return upload_rows.find(connection, bucket, key, upload)

    def put_part(
        self,
        bucket: str,
        key: str,
        upload: str,
        number: int,
        content: bytes | Iterable[bytes],
        headers: Mapping[str, str] | None = None,
    ) -> Part:
        self.upload(bucket, key, upload)
        folder = self._contents.folder(bucket).parts
        written = self._contents.write_part(bucket, f"{upload}.{number}.{new_name()}", content)
        part = Part(number, written.size, written.md5, now(), dict(headers or {}))
        with self._database.write() as connection, removed_on_error(written.path):
            upload_rows.find(connection, bucket, key, upload)
            old = upload_rows.store_part(connection, upload, PartRow(part, written.path.name))
        if old:
            (folder / old.content).unlink(missing_ok=True)
        return part

    def parts(self, bucket: str, key: str, upload: str, after: int = 0, limit: int = 1000) -> list[Part]:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            upload_rows.find(connection, bucket, key, upload)
            return upload_rows.list_parts(connection, upload, after, limit)

    def uploads(
        self, bucket: str, prefix: str = "", after: tuple[str, str] = ("", ""), limit: int = 1000
    ) -> list[Upload]:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            return upload_rows.list_uploads(connection, bucket, prefix, after, limit)

    def complete_upload(
        self,
        bucket: str,
        key: str,
        upload: str,
        parts: Sequence[tuple[int, str]],
        headers: Mapping[str, str] | None = None,
        replacing: str | None = None,
    ) -> Stored:
        with self._database.read() as connection:
            bucket_rows.require(connection, bucket)
            started = upload_rows.find(connection, bucket, key, upload)
            rows = _chosen(upload_rows.all_parts(connection, upload), parts)
        folder = self._contents.folder(bucket)
        written = self._contents.write(bucket, (chunk for row in rows for chunk in self._read(bucket, row)))
        digests = hashlib.md5(b"".join(bytes.fromhex(row.part.etag) for row in rows), usedforsecurity=False)
        etag = f"{digests.hexdigest()}-{len(rows)}"
        stored = Stored(key, written.size, etag, now(), {**started.headers, **(headers or {})}, started.metadata)
        gone: list[PartRow] = []

        def finish(connection: Connection) -> None:
            upload_rows.find(connection, bucket, key, upload)  # another may have completed or aborted it
            gone.extend(upload_rows.remove(connection, upload))

        self._contents.commit(bucket, stored, written, replacing, finish)
        for row in gone:
            (folder.parts / row.content).unlink(missing_ok=True)
        return stored

    def abort_upload(self, bucket: str, key: str, upload: str) -> None:
        with self._database.write() as connection:
            bucket_rows.require(connection, bucket)
            upload_rows.find(connection, bucket, key, upload)
            gone = upload_rows.remove(connection, upload)
        for row in gone:
            (self._contents.folder(bucket).parts / row.content).unlink(missing_ok=True)

    def _read(self, bucket: str, row: PartRow) -> Iterator[bytes]:
        try:
            yield from self._contents.folder(bucket).read_part(row.content)
        except FileNotFoundError as error:
            raise InvalidPart(f"Part {row.part.number} was replaced or removed meanwhile. Upload it again.") from error


def _chosen(uploaded: list[PartRow], parts: Sequence[tuple[int, str]]) -> list[PartRow]:
    by_number = {row.part.number: row for row in uploaded}
    upload_rows.check_order(parts)
    for number, etag in parts:
        if number not in by_number or by_number[number].part.etag != etag:
            raise InvalidPart(f"Part {number} was not uploaded, or has another ETag than {etag!r}.")
    rows = [by_number[number] for number, _ in parts]
    for row in rows[:-1]:
        if row.part.size < MIN_PART_BYTES:
            raise PartTooSmall(
                f"Part {row.part.number} has {row.part.size:,} bytes; all but the last have {MIN_PART_BYTES:,} or more."
            )
    return rows
