"""The database: SQLite in WAL mode, or PostgreSQL by URL. Transactions are short, and either happen or don't.

In both, writers take turns: a transaction that checks a rule and then writes cannot be overtaken in between, and
needs no locks on rows. In both, what a reader sees is of one moment, and readers wait for nobody.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from customlabels.store import migrations
from customlabels.store.engines import BUSY_SECONDS, WRITES, make_engine
from customlabels.store.faults import DatabaseUnavailable, naming_faults

__all__ = ["BUSY_SECONDS", "Database", "DatabaseUnavailable", "now"]

_FOLLOWING = "customlabels_following"


def now() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class Database:
    """Connections to one database. Safe for threads, for any number of processes at once, and after a fork.

    What `read`, `write` and `migrate` do raises DatabaseUnavailable where the database cannot be used (unreachable,
    locked for long, full, damaged), and else SQLAlchemy's errors: IntegrityError for a row that cannot be.
    """

    def __init__(self, url: str) -> None:
        """Raises sqlalchemy.exc.ArgumentError for a URL of no database that we work with."""
        self.url = url
        self.engine = make_engine(url)
        # Threads queue here, with no connection in their hands yet: SQLite would have them sleep and try again in no
        # order, and in PostgreSQL they could take all connections from the one whose turn it is.
        self._turn = threading.Lock()
        _open.add(self)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def migrate(self) -> None:
        """Bring the tables to this version's state; makes them in an empty database.

        Raises migrations.DatabaseTooNew for a database that a newer version has been at.
        """
        with naming_faults(self.engine):
            migrations.upgrade(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with; all that is read through it is of one moment."""
        with naming_faults(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed, durably, at the end of the block; nothing of it remains after an exception.

        There is one at a time. A thread must not begin a second one within its first.
        """
        with naming_faults(self.engine), _held(self._turn), self.engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            following: list[Callable[[], None]] = []
            connection.info[_FOLLOWING] = following
            with connection.begin():
                yield connection
        for callback in following:
            callback()

    @staticmethod
    def after_commit(connection: Connection, callback: Callable[[], None]) -> None:
        """Call something once the transaction of `connection` (from `write`) is committed; never after a rollback."""
        connection.info[_FOLLOWING].append(callback)

    def close(self) -> None:
        self.engine.dispose()

    def _forked(self) -> None:
        self.engine.dispose(close=False)  # the connections are the parent's
        self._turn = threading.Lock()


_open: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_open):
        database._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def _held(turn: threading.Lock) -> Iterator[None]:
    if not turn.acquire(timeout=BUSY_SECONDS):
        raise DatabaseUnavailable(f"The database was busy for {BUSY_SECONDS} s with writes of others. Try again later.")
    try:
        yield
    finally:
        turn.release()
