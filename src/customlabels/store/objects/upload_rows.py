"""The rows of multipart uploads and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from customlabels.store.objects import InvalidPart, NoSuchUpload, Part, Upload
from customlabels.store.objects.object_rows import after_all
from customlabels.store.tables import parts, uploads


@dataclass(frozen=True)
class PartRow:
    """A part and the name of its file."""

    part: Part
    content: str


def insert(connection: Connection, bucket: str, upload: Upload) -> None:
    connection.execute(
        uploads.insert(),
        {
            "id": upload.id,
            "bucket": bucket,
            "key": upload.key.encode(),
            "created": upload.created,
            "headers": dict(upload.headers),
            "metadata": dict(upload.metadata),
        },
    )


def find(connection: Connection, bucket: str, key: str, upload: str) -> Upload:
    """Raises NoSuchUpload."""
    same = and_(uploads.c.id == upload, uploads.c.bucket == bucket, uploads.c.key == key.encode())
    row = connection.execute(select(uploads).where(same)).first() if "\0" not in upload else None
    if row is None:
        raise NoSuchUpload(
            f"There is no multipart upload {upload!r} of this key; it may have been completed or aborted."
        )
    return _upload(row)


def remove(connection: Connection, upload: str) -> list[PartRow]:
    """Remove an upload and its parts, and return those."""
    gone = all_parts(connection, upload)
    connection.execute(parts.delete().where(parts.c.upload == upload))
    connection.execute(uploads.delete().where(uploads.c.id == upload))
    return gone


def remove_all(connection: Connection, bucket: str) -> None:
    """Remove a bucket's uploads."""
    ids = select(uploads.c.id).where(uploads.c.bucket == bucket)
    connection.execute(parts.delete().where(parts.c.upload.in_(ids)))
    connection.execute(uploads.delete().where(uploads.c.bucket == bucket))


def store_part(connection: Connection, upload: str, row: PartRow) -> PartRow | None:
    """Insert a part and return the one of its number that it replaces."""
    same = and_(parts.c.upload == upload, parts.c.number == row.part.number)
    old = connection.execute(select(parts).where(same)).first()
    connection.execute(parts.delete().where(same))
    connection.execute(
        parts.insert(),
        {
            "upload": upload,
            "number": row.part.number,
            "content": row.content,
            "size": row.part.size,
            "etag": row.part.etag,
            "modified": row.part.modified,
            "headers": dict(row.part.headers),
        },
    )
    return _part(old) if old else None


def all_parts(connection: Connection, upload: str) -> list[PartRow]:
    query = select(parts).where(parts.c.upload == upload).order_by(parts.c.number)
    return [_part(row) for row in connection.execute(query)]


def list_parts(connection: Connection, upload: str, after: int, limit: int) -> list[Part]:
    query = select(parts).where(parts.c.upload == upload, parts.c.number > after).order_by(parts.c.number).limit(limit)
    return [_part(row).part for row in connection.execute(query)]


def has_part(connection: Connection, content: str) -> bool:
    """Whether a part's file has this name."""
    upload = content.partition(".")[0]
    query = select(parts.c.number).where(parts.c.upload == upload, parts.c.content == content)
    return connection.execute(query).first() is not None


def list_uploads(connection: Connection, bucket: str, prefix: str, after: tuple[str, str], limit: int) -> list[Upload]:
    start, key, id = prefix.encode(), after[0].encode(), after[1].partition("\0")[0]
    later = or_(uploads.c.key > key, and_(uploads.c.key == key, uploads.c.id > id)) if id else uploads.c.key > key
    conditions = [uploads.c.bucket == bucket, later]
    if start:
        conditions += [uploads.c.key >= start, uploads.c.key < after_all(start)]
    query = select(uploads).where(*conditions).order_by(uploads.c.key, uploads.c.id).limit(limit)
    return [_upload(row) for row in connection.execute(query)]


def check_order(parts: Sequence[tuple[int, str]]) -> None:
    """Raises InvalidPart where (number, etag) are not those of one or more parts by number."""
    numbers = [number for number, _ in parts]
    if not parts or numbers != sorted(set(numbers)):
        raise InvalidPart("An upload is completed with one or more parts in ascending order, each once.")


def _upload(row: Row[Any]) -> Upload:
    values = row._mapping
    key = bytes(values["key"]).decode()
    return Upload(values["id"], key, values["created"], values["headers"], values["metadata"])


def _part(row: Row[Any]) -> PartRow:
    values = row._mapping
    part = Part(values["number"], values["size"], values["etag"], values["modified"], values["headers"])
    return PartRow(part, values["content"])
