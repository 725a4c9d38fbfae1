"""Databases of every revision become those of this version; nobody else's are touched."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from customlabels.store import migrations
from customlabels.store.database import Database
from customlabels.store.migrations import DatabaseTooNew, revision_of, revisions, run
from customlabels.store.tables import accounts, metadata


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


def schema(database: Database) -> set[tuple[Any, ...]]:
    """All that a database says of its tables: columns with types and collations, constraints, indexes."""
    if database.is_sqlite:
        statements = ["SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'"]
    else:
        statements = [
            "SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default, ordinal_position"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'",
            "SELECT tablename, indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
        ]
    with database.read() as connection:
        rows = [row for statement in statements for row in connection.execute(text(statement))]
    return {tuple(_normal(value) if isinstance(value, str) else value for value in row) for row in rows}


def _normal(sql: str) -> str:
    """Without what depends on the order in which constraints were named."""
    return " ".join(sorted(re.findall(r"[^\s,]+", sql)))


@pytest.mark.parametrize("start", [None, *revisions()])
def test_from_every_revision_the_tables_become_those_of_the_code(
    empty: Database, start: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if start:
        migrations.upgrade(empty, start)
    empty.migrate()
    with empty.read() as connection:
        assert revision_of(connection) == revisions()[-1]
        words = "tables.py has changed; see customlabels/store/migrations/__init__.py"
        assert run.differences(connection) == [], words
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'made.db'}"
        if not empty.is_sqlite:
            url = stack.enter_context(request.getfixturevalue("postgresql").database(template="template0"))
        made = stack.enter_context(closing(Database(url)))
        with made.write() as connection:
            metadata.create_all(connection)
        assert schema(empty) == schema(made)


def test_rows_survive_a_second_start(empty: Database) -> None:
    empty.migrate()
    with empty.write() as connection:
        connection.execute(accounts.insert(), {"id": "123456789012", "name": "default", "created": 1})
    empty.migrate()
    with empty.read() as connection:
        assert connection.execute(accounts.select()).all() == [("123456789012", "default", 1)]


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(empty: Database) -> None:
    empty.migrate()
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = schema(empty)
    with pytest.raises(DatabaseTooNew, match=r"revision 9999.*up to 0.*Update customlabels"):
        empty.migrate()
    assert schema(empty) == before


def test_an_interrupted_change_leaves_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(connection: Any, target: str) -> None:
        metadata.create_all(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            empty.migrate()
    assert schema(empty) == set()
    empty.migrate()
    assert schema(empty) != set()


def test_processes_that_start_at_once_make_the_tables_once(empty: Database) -> None:
    code = "import sys; from customlabels.store import Database; Database(sys.argv[1]).migrate()"
    command = [sys.executable, "-c", code, empty.url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    with empty.read() as connection:
        assert revision_of(connection) == revisions()[-1]


def test_alembic_is_not_imported_where_nothing_is_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'customlabels.db'}"
    code = "import sys; from customlabels.store import Database; Database(sys.argv[1]).migrate()"
    command = [sys.executable, "-c", f"{code}; print('alembic' in sys.modules)", url]
    said = [subprocess.run(command, capture_output=True, text=True).stdout.strip() for _ in range(2)]
    assert said == ["True", "False"]
