"""Transactions happen or don't, whoever else writes, and a database that cannot be used says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ArgumentError, IntegrityError

from customlabels.store import Database, database, engines, now
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.tables import accounts, facts, users

from ..postgres import PostgresServer


@pytest.fixture
def store(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.close()


def total(store: Database) -> int:
    with store.read() as connection:
        return int(connection.execute(select(facts.c.value).where(facts.c.name == "count")).scalar_one())


def start_counting(store: Database) -> None:
    with store.write() as connection:
        connection.execute(facts.insert(), {"name": "count", "value": "0"})


def add_fact(store: Database) -> None:
    with store.write() as connection:
        connection.execute(facts.insert(), {"name": "a", "value": "1"})


def add_one(store: Database) -> None:
    """Reads, then writes what follows from it: loses counts where writers overtake each other."""
    with store.write() as connection:
        count = int(connection.execute(select(facts.c.value).where(facts.c.name == "count")).scalar_one())
        connection.execute(update(facts).where(facts.c.name == "count").values(value=str(count + 1)))


ADD = """
import sys
from sqlalchemy import select, update
from customlabels.store import Database
from customlabels.store.tables import facts

store = Database(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with store.write() as connection:
        count = int(connection.execute(select(facts.c.value).where(facts.c.name == "count")).scalar_one())
        connection.execute(update(facts).where(facts.c.name == "count").values(value=str(count + 1)))
    print(count + 1, flush=True)
"""


def adder(store: Database, times: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ADD, store.url, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_transaction_that_fails_leaves_nothing(store: Database) -> None:
    def fails() -> None:
        with store.write() as connection:
            connection.execute(facts.insert(), {"name": "a", "value": "1"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(facts)).scalar() == 0


def test_what_is_read_is_of_one_moment(store: Database) -> None:
    start_counting(store)
    with store.read() as connection:
        before = connection.execute(select(facts.c.value)).all()
        add_one(store)
        assert connection.execute(select(facts.c.value)).all() == before
    assert total(store) == 1


def test_rows_stream(store: Database) -> None:
    with store.write() as connection:
        connection.execute(facts.insert(), [{"name": f"{n:03}", "value": str(n)} for n in range(300)])
    with store.read() as connection:
        rows = connection.execution_options(yield_per=100).execute(select(facts.c.value).order_by(facts.c.name))
        assert [int(value) for value in rows.scalars()] == list(range(300))


def test_threads_and_processes_that_write_at_once_lose_nothing(store: Database) -> None:
    start_counting(store)
    processes = [adder(store, 25) for _ in range(3)]

    def add_ten() -> None:
        for _ in range(10):
            add_one(store)

    threads = [threading.Thread(target=add_ten) for _ in range(5)]
    for thread in threads:
        thread.start()
    for process in processes:
        assert process.communicate()[1] == ""
    for thread in threads:
        thread.join()
    assert total(store) == 3 * 25 + 5 * 10


# checklist: L07
def test_what_a_killed_process_was_told_is_written_stays_written(store: Database) -> None:
    start_counting(store)
    process = adder(store, 10**9)
    assert process.stdout is not None
    assert process.stderr is not None
    seen = [int(process.stdout.readline()) for _ in range(20)][-1]
    process.send_signal(signal.SIGKILL)
    seen = max([seen, *map(int, process.stdout.read().split())])
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert seen <= total(store) <= seen + 1
    add_one(store)  # nothing is locked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_its_own_connections(store: Database) -> None:
    start_counting(store)
    child = os.fork()
    if child == 0:
        try:
            add_one(store)
            store.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    add_one(store)
    assert total(store) == 2


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"id": "123456789012", "name": "other", "created": 1}, id="primary key"),
        pytest.param({"id": "999999999999", "name": "default", "created": 1}, id="unique"),
        pytest.param({"id": "999999999999", "name": None, "created": 1}, id="not null"),
    ],
)
def test_a_row_that_cannot_be_is_an_integrity_error(store: Database, row: dict[str, object]) -> None:
    with store.write() as connection:
        connection.execute(accounts.insert(), {"id": "123456789012", "name": "default", "created": now()})
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(accounts.insert(), row)


def test_a_reference_to_no_row_is_an_integrity_error(store: Database) -> None:
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(users.insert(), {"account": "999999999999", "name": "nobody", "created": 1})


def test_readers_cannot_write_in_postgresql(postgresql: PostgresServer) -> None:
    with (
        postgresql.database() as url,
        closing(Database(url)) as store,
        pytest.raises(DatabaseUnavailable, match="may only be read"),
        store.read() as connection,
    ):
        connection.execute(facts.insert(), {"name": "a", "value": "1"})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///{folder}/file/x.db", "cannot be opened"),
        ("sqlite:///{folder}/text", "no SQLite database"),
        ("sqlite:///file:{folder}/good.db?mode=ro&uri=true", "may only be read"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
        ("postgresql+pg8000://nobody@/none?unix_sock=/nowhere/.s.PGSQL.5432", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_says_why(tmp_path: Path, url: str, words: str) -> None:
    (tmp_path / "text").write_text("Not a database at all. " * 100)
    (tmp_path / "file").write_text("")
    with closing(Database(f"sqlite:///{tmp_path / 'good.db'}")) as good:
        good.migrate()
    with closing(Database(url.format(folder=tmp_path))) as store:

        def use() -> None:
            store.migrate()
            add_fact(store)

        with pytest.raises(DatabaseUnavailable, match=words):
            use()


def test_a_database_of_no_name_says_so(postgresql: PostgresServer) -> None:
    store = Database(postgresql.url("nowhere"))
    with pytest.raises(DatabaseUnavailable, match="no database of this name"):
        store.migrate()
    store.close()


def test_a_server_that_came_back_is_used_again(postgresql: PostgresServer) -> None:
    with postgresql.database() as url:
        store = Database(url)
        start_counting(store)
        stop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'"
        postgresql.run(stop)
        add_one(store)

        def cut_off() -> None:
            with store.write() as connection:
                connection.execute(update(facts).values(value="100"))
                postgresql.run(stop)
                connection.execute(update(facts).values(value="101"))

        with pytest.raises(DatabaseUnavailable, match=r"cannot be reached|shuts down"):
            cut_off()
        assert total(store) == 1
        store.close()


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path / 'customlabels.db'}")
    store.migrate()

    def fill() -> None:
        with store.write() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            connection.execute(facts.insert(), [{"name": str(n), "value": "x" * 4000} for n in range(100)])

    with pytest.raises(DatabaseUnavailable, match="disk is full"):
        fill()
    store.close()
    start_counting(store)
    assert total(store) == 0
    store.close()


def test_a_database_that_stays_locked_says_so(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with pytest.raises(DatabaseUnavailable, match="busy"), store.write():
        add_one(store)
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with (
        closing(Database(store.url)) as other,  # as another process
        pytest.raises(DatabaseUnavailable, match="locked for too long"),
        store.write(),
    ):
        add_one(other)


def test_many_threads_that_write_leave_connections_to_the_one_that_does(store: Database) -> None:
    start_counting(store)

    def look_and_add() -> None:
        with store.write() as connection:
            connection.execute(update(facts).values(value=str(total(store) + 1)))

    threads = [threading.Thread(target=look_and_add) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total(store) == 60


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("mysql://root@localhost/x", "sqlite:///FILE or postgresql://USER@HOST/NAME, not mysql"),
        ("what?", "Could not parse"),
    ],
)
def test_urls_of_no_database_are_refused(url: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Database(url)
