"""All rows of a database, as one SQLite file, and from such a file into another database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Integer, func, select, text

from customlabels.store.database import Database
from customlabels.store.tables import accounts, metadata, servers, uploads

_AT_ONCE = 1000


class DatabaseNotEmpty(Exception):
    """Rows were to be put into a database that has some."""


def save(database: Database, file: Path) -> None:
    """Write a SQLite database with the rows of this moment. Others may write meanwhile, and need not wait."""
    if database.is_sqlite:
        with database.read() as connection, closing(sqlite3.connect(file)) as target:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            source.backup(target)
            return
    with closing(Database(f"sqlite:///{file}")) as target:
        target.migrate()
        with database.read() as source, target.write() as connection:
            copy(source, connection)


def load(file: Path, database: Database) -> None:
    """Put the rows of a SQLite database that `save` wrote into an empty database. Raises DatabaseNotEmpty."""
    database.migrate()
    with closing(Database(f"sqlite:///{file}")) as saved, saved.read() as source, database.write() as connection:
        if connection.execute(select(accounts).limit(1)).first() is not None:
            raise DatabaseNotEmpty(
                f"The database {database.engine.url.render_as_string()} has rows already. Name an empty one with "
                "CUSTOMLABELS_DATABASE_URL."
            )
        copy(source, connection)


def copy(source: Connection, target: Connection) -> None:
    """Copy the rows of all tables; both databases are of this version's revision."""
    for table in metadata.sorted_tables:
        for rows in source.execution_options(yield_per=_AT_ONCE).execute(select(table)).mappings().partitions():
            target.execute(table.insert(), [dict(row) for row in rows])
        if target.dialect.name == "postgresql":
            for column in table.primary_key.columns:
                if column is table.autoincrement_column and isinstance(column.type, Integer):
                    highest = target.execute(select(func.max(column))).scalar()
                    sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
                    if highest is not None:
                        target.execute(sequence, {"table": table.name, "column": column.name, "highest": highest})


def forget_passing(file: Path) -> None:
    """Remove what is not saved with the rows: the parts of multipart uploads under way, and the servers of now."""
    with closing(Database(f"sqlite:///{file}")) as saved, saved.write() as connection:
        connection.execute(uploads.delete())
        connection.execute(servers.delete())
