"""What the errors of SQLite and PostgreSQL mean to us: rows that cannot be, a database that cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class DatabaseUnavailable(Exception):
    """The database cannot be used now: unreachable, locked for long, full, read-only, damaged. The text says which."""


_SQLITE = {
    sqlite3.SQLITE_BUSY: "it was locked for too long by another process; try again later",
    sqlite3.SQLITE_LOCKED: "it was locked for too long by another process; try again later",
    sqlite3.SQLITE_FULL: "its disk is full; make room",
    sqlite3.SQLITE_READONLY: "it may only be read; let the server's user write to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened; see whether the server's user may write to its folder",
    sqlite3.SQLITE_IOERR: "its disk answers with errors; see the system's log",
    sqlite3.SQLITE_CORRUPT: "its file is damaged; restore a backup",
    sqlite3.SQLITE_NOTADB: "its file is no SQLite database; name another",
}

# Classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "08": "the connection broke; see whether it runs and can be reached",
    "25006": "it may only be read; name the primary server, not a replica",
    "28": "it refuses the user or the password; see the URL",
    "3D": "there is no database of this name; create it: CREATE DATABASE",
    "42501": "the user lacks a right; let it own the database",
    "53100": "its disk is full; make room",
    "53300": "it has too many connections; raise max_connections",
    "53": "it is out of resources; see its log",
    "55P03": "it was locked for too long by another process; try again later",
    "57P": "it shuts down or starts; try again later",
    "58": "its disk answers with errors; see its log",
    "XX": "its files are damaged or it has a defect; see its log",
}


@contextmanager
def naming_faults(engine: Engine) -> Iterator[None]:
    """Errors of the database's own, as DatabaseUnavailable; those of statements and rows pass."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable(f"{_name(engine)} has no free connection; try again later.") from error
    except DBAPIError as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise DatabaseUnavailable(f"{_name(engine)} cannot be used: {reason}.") from error


def tell_integrity_errors(engine: Engine) -> None:
    """Have errors of all constraints be IntegrityErrors: pg8000 has one only for unique constraints."""

    @event.listens_for(engine, "handle_error")
    def handle(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, Exception) and _code(context.original_exception).startswith("23"):
            raise IntegrityError(context.statement, context.parameters, context.original_exception)


def _name(engine: Engine) -> str:
    return f"The database {engine.url.render_as_string(hide_password=True)}"


def _reason(error: DBAPIError) -> str | None:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    code = _code(original)
    for prefix in (code, code[:3], code[:2]):
        if prefix in _POSTGRESQL:
            return _POSTGRESQL[prefix]
    if error.connection_invalidated or (not code and type(original).__name__ == "InterfaceError"):
        return f"it cannot be reached ({_first_words(original)}); see whether it runs, and the URL"
    return None


def _code(original: BaseException | None) -> str:
    """PostgreSQL's SQLSTATE, empty for an error that has none."""
    first: Any = original.args[0] if original is not None and original.args else None
    return str(first.get("C", "")) if isinstance(first, dict) else ""


def _first_words(original: BaseException | None) -> str:
    return str(original).split("(")[0].strip(" .")
