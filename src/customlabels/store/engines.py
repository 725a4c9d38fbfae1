"""How connections to SQLite and PostgreSQL are made and set up."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from customlabels.store import postgresql
from customlabels.store.faults import tell_integrity_errors

BUSY_SECONDS = 30
"""How long a writer waits for its turn."""
WRITES = "customlabels_writes"
"""Execution option of connections that write."""
_POOL = {"pool_size": 10, "pool_use_lifo": True}
_SQLITE_OVERFLOW = 120  # a connection costs an open file: one for each thread of a server
_POSTGRESQL_OVERFLOW = 30  # a connection costs a process there, and 100 is its usual limit; threads wait for one

_DRIVER = "postgresql+pg8000"
_ANSWER_SECONDS = BUSY_SECONDS + 60
"""How long PostgreSQL may be silent, be it at a long statement; one that is cut off would keep every thread else."""
_IDLE_SECONDS = 60
"""How long a transaction may do nothing: a process that was suspended in the midst of one holds up all writers."""
_WRITERS = 0x637573746C6162  # key of the advisory lock by which writers take turns: "custlab"

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


def make_engine(url: str) -> Engine:
    """Raises sqlalchemy.exc.ArgumentError for a URL of no database that we work with."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername=_DRIVER)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise ArgumentError(f"The database is sqlite:///FILE or postgresql://USER@HOST/NAME, not {other}.")


def _sqlite(url: URL) -> Engine:
    if not url.database or ":memory:" in url.database:
        raise ArgumentError("A SQLite database must be a file, since several processes work with it: sqlite:///FILE")
    if not url.database.startswith("file:"):
        with suppress(OSError):  # opening the file says what is wrong
            Path(url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, max_overflow=_SQLITE_OVERFLOW, **_POOL)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself: `begin` below does
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            _to_wal(connection)
        # FULL: a commit is on the disk when it returns. The journal file shrinks again after a large import.
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32000", "journal_size_limit=67108864"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once where another has written in between.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _to_wal(connection: sqlite3.Connection) -> None:
    """The mode is part of the file. Of processes that set it at once in a new one, some fail: SQLite does not wait."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgresql(url: URL) -> Engine:
    postgresql.register()
    try:
        patience = {"timeout": _ANSWER_SECONDS}
        engine = create_engine(
            url, pool_pre_ping=True, max_overflow=_POSTGRESQL_OVERFLOW, connect_args=patience, **_POOL
        )
    except ModuleNotFoundError as error:
        raise ArgumentError(
            f"PostgreSQL needs the package {error.name}: pip install 'customlabels[postgres]'"
        ) from error
    tell_integrity_errors(engine)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        # A machine that is gone must not keep its turn for the two hours that TCP would take to notice.
        for setting in (
            f"lock_timeout = '{BUSY_SECONDS}s'",
            f"idle_in_transaction_session_timeout = '{_IDLE_SECONDS}s'",
            "tcp_keepalives_idle = 10",
            "tcp_keepalives_interval = 5",
        ):
            cursor.execute(f"SET {setting}")
        connection.commit()
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        statement = f"SELECT pg_advisory_xact_lock({_WRITERS})" if writes else _SNAPSHOT
        connection.exec_driver_sql(statement, None, {"stream_results": False, "yield_per": None})

    return engine
