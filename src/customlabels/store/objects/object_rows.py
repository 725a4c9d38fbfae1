"""The rows of objects: found, replaced, and listed in the order of their keys' bytes by ranges of the primary key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from customlabels.store.objects import Stored
from customlabels.store.objects.names import folders_of, hashed_place, is_hashed, ordinary_place
from customlabels.store.tables import objects

_FIRST_ROWS = 16


@dataclass(frozen=True)
class ObjectRow:
    """An object and where its content lies: in the file named `content`, else at its place."""

    stored: Stored
    place: str
    content: str

    @property
    def path(self) -> str:
        """Of the file at its place, below the bucket's folder."""
        return self.place if is_hashed(self.place) else self.stored.key


def find(connection: Connection, bucket: str, key: bytes) -> ObjectRow | None:
    row = connection.execute(select(objects).where(objects.c.bucket == bucket, objects.c.key == key)).first()
    return _object_row(row) if row else None


def find_all(connection: Connection, bucket: str, keys: Sequence[bytes]) -> list[ObjectRow]:
    query = select(objects).where(objects.c.bucket == bucket, objects.c.key.in_(keys))
    return [_object_row(row) for row in connection.execute(query)]


def at_places(connection: Connection, bucket: str, places: Sequence[str]) -> dict[str, ObjectRow]:
    """The objects whose files have these places, by place."""
    query = select(objects).where(objects.c.bucket == bucket, objects.c.place.in_(places))
    return {row.place: row for row in map(_object_row, connection.execute(query))}


def with_content(connection: Connection, bucket: str, content: str) -> ObjectRow | None:
    """The object whose content has this name."""
    row = connection.execute(select(objects).where(objects.c.bucket == bucket, objects.c.content == content)).first()
    return _object_row(row) if row else None


def any_in(connection: Connection, bucket: str) -> bool:
    """Whether there is any object."""
    return connection.execute(select(objects.c.key).where(objects.c.bucket == bucket).limit(1)).first() is not None


def store(connection: Connection, bucket: str, row: ObjectRow) -> None:
    """Insert a row, or replace the one of its key."""
    key = row.stored.key.encode()
    values = {
        "place": row.place,
        "content": row.content,
        "size": row.stored.size,
        "etag": row.stored.etag,
        "modified": row.stored.modified,
        "headers": dict(row.stored.headers),
        "metadata": dict(row.stored.metadata),
    }
    same = and_(objects.c.bucket == bucket, objects.c.key == key)
    if not connection.execute(objects.update().where(same).values(values)).rowcount:
        connection.execute(objects.insert(), {"bucket": bucket, "key": key, **values})


def remove(connection: Connection, bucket: str, keys: Sequence[bytes]) -> None:
    connection.execute(objects.delete().where(objects.c.bucket == bucket, objects.c.key.in_(keys)))


def choose_place(connection: Connection, bucket: str, key: str) -> str:
    """A place for a new key: the ordinary one, unless it is another's, or something had to be a file and a folder."""
    place = ordinary_place(key)
    if place is not None:
        taken = or_(
            objects.c.place.in_([place, *folders_of(place)]),
            and_(objects.c.place > f"{place}/", objects.c.place < f"{place}0"),  # below it: 0 comes next after /
        )
        query = select(objects.c.place).where(objects.c.bucket == bucket, taken).limit(1)
        if connection.execute(query).first() is None:
            return place
    return hashed_place(key.encode())


def scan(connection: Connection, bucket: str, prefix: bytes, start: bytes, limit: int) -> Iterator[ObjectRow]:
    """Up to `limit` rows whose keys begin with `prefix` and are `start` or come after it, in order."""
    conditions = [objects.c.bucket == bucket, objects.c.key >= max(start, prefix)]
    if prefix:
        conditions.append(objects.c.key < after_all(prefix))
    query = select(objects).where(*conditions).order_by(objects.c.key).limit(limit)
    return map(_object_row, connection.execute(query))


def list_objects(connection: Connection, bucket: str, prefix: str, after: str, limit: int) -> list[Stored]:
    rows = scan(connection, bucket, prefix.encode(), _next(after), limit)
    return [row.stored for row in rows]


def list_folders(
    connection: Connection, bucket: str, prefix: str, delimiter: str, after: str, limit: int
) -> list[Stored | str]:
    """Each folder costs a query of a few rows, whatever it holds: the next one starts behind the folder."""
    found: list[Stored | str] = []
    folder = _folder(after, prefix, delimiter)
    start = after_all(folder.encode()) if folder and folder == after else _next(after)
    count = _FIRST_ROWS
    while len(found) < limit:
        rows = [row.stored for row in scan(connection, bucket, prefix.encode(), start, count)]
        folder = None
        for stored in rows:
            if folder is not None and stored.key.startswith(folder):
                continue
            folder = _folder(stored.key, prefix, delimiter)
            found.append(folder or stored)
            start = after_all(folder.encode()) if folder else _next(stored.key)
        if len(rows) < count:
            break
        count = _FIRST_ROWS if folder else min(2 * count, limit)
    return found[:limit]


def after_all(prefix: bytes) -> bytes:
    """The first bytes that come after all that begin with a prefix (of UTF-8, which has no byte 255)."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def _next(key: str) -> bytes:
    """The first key after this one."""
    return key.encode() + b"\0" if key else b""


def _folder(key: str, prefix: str, delimiter: str) -> str | None:
    end = key.find(delimiter, len(prefix)) if key.startswith(prefix) else -1
    return key[: end + len(delimiter)] if end >= 0 else None


def _object_row(row: Row[Any]) -> ObjectRow:
    values = row._mapping
    stored = Stored(
        bytes(values["key"]).decode(),
        values["size"],
        values["etag"],
        values["modified"],
        values["headers"],
        values["metadata"],
    )
    return ObjectRow(stored, values["place"], values["content"])
