"""Brings the tables of a database to the state that this version works with.

Each change is a module of `versions`, named by its revision: 0001_first.py. To write one, change `store/tables.py` and

    python -m customlabels.store.migrations.write "what changes"

then read what it wrote. (While no version has been released, delete 0001 first and write it anew.) Alembic runs the
changes; it is imported only where there are any to make.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from customlabels.store.database import Database

VERSIONS = Path(__file__).parent / "versions"
TABLE = "alembic_version"


class DatabaseTooNew(Exception):
    """The database has been changed by a newer version of customlabels than this one."""


def revisions() -> list[str]:
    """The revisions that this version knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def revision_of(connection: Connection) -> str | None:
    """The revision of a database, None for one without tables."""
    if not inspect(connection).has_table(TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()


def upgrade(database: Database, target: str | None = None) -> None:
    """Make or change the tables up to `target`, by default the newest revision, in one transaction.

    Does nothing where they are up to date. Any number of processes may call it at once. Raises DatabaseTooNew.
    """
    known = revisions()
    target = target or known[-1]
    with database.read() as connection:
        if _state(connection, known) == target:
            return
    with database.write() as connection:
        if _state(connection, known) != target:
            from customlabels.store.migrations.run import run

            run(connection, target)


def _state(connection: Connection, known: list[str]) -> str | None:
    revision = revision_of(connection)
    if revision is not None and revision not in known:
        raise DatabaseTooNew(
            f"The database {connection.engine.url.render_as_string()} is of a newer version of customlabels: its "
            f"tables are of revision {revision}, and this version knows those up to {known[-1]}. Update customlabels, "
            "or restore a backup that this version made."
        )
    return revision
