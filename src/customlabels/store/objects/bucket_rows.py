"""The rows of buckets: whose they are, and the settings that clients gave them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from customlabels.store.database import Database, now
from customlabels.store.objects import Bucket, BucketExists, NoSuchBucket
from customlabels.store.tables import buckets


class BucketRows:
    """What every store of objects knows of its buckets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, name: str, account: str) -> None:
        """Raises BucketExists."""
        with self._database.write() as connection:
            row = connection.execute(select(buckets).where(buckets.c.name == name)).first()
            if row is not None:
                raise BucketExists(f"There is a bucket {name!r} already.", row.account)
            connection.execute(buckets.insert(), {"name": name, "account": account, "created": now(), "settings": {}})

    def find(self, name: str) -> Bucket:
        """Raises NoSuchBucket."""
        row = None
        if "\0" not in name:  # PostgreSQL has no such text
            with self._database.read() as connection:
                row = connection.execute(select(buckets).where(buckets.c.name == name)).first()
        if row is None:
            raise NoSuchBucket(f"There is no bucket {name!r}.")
        return Bucket(row.name, row.account, row.created, row.settings)

    def delete(self, name: str) -> None:
        """Remove the row of a bucket that has no objects here."""
        with self._database.write() as connection:
            connection.execute(buckets.delete().where(buckets.c.name == name))

    def of(self, account: str) -> list[Bucket]:
        """The buckets of an account, by name."""
        query = select(buckets).where(buckets.c.account == account).order_by(buckets.c.name)
        with self._database.read() as connection:
            return [Bucket(row.name, row.account, row.created, row.settings) for row in connection.execute(query)]

    def configure(self, name: str, settings: Mapping[str, str | None]) -> None:
        """Raises NoSuchBucket."""
        with self._database.write() as connection:
            require(connection, name)
            known = connection.execute(select(buckets.c.settings).where(buckets.c.name == name)).scalar_one()
            changed = {key: value for key, value in {**known, **settings}.items() if value is not None}
            connection.execute(buckets.update().where(buckets.c.name == name).values(settings=changed))


def require(connection: Connection, name: str) -> None:
    """Raises NoSuchBucket."""
    if "\0" in name or connection.execute(select(buckets.c.name).where(buckets.c.name == name)).first() is None:
        raise NoSuchBucket(f"There is no bucket {name!r}.")
