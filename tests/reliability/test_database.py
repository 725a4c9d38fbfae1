"""A database that is not there at the start, goes away, is silent, or is only read."""

from __future__ import annotations

import gc
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from customlabels.store import Database
from customlabels.store.database import DatabaseUnavailable
from customlabels.store.tables import facts

from ..postgres import PostgresServer
from .site import TRAINING_SECONDS, Site, refused, until

UNAVAILABLE = ("ThrottlingException", 500, "Service Unavailable")
TURN = "BEGIN IMMEDIATE"


@contextmanager
def outage(place: Site, seconds: float) -> Iterator[None]:
    """PostgreSQL is killed, and started again at the end; a SQLite file is locked by another process for some time."""
    if place.postgresql is not None:
        place.postgresql.kill()
        try:
            yield
            time.sleep(seconds)
        finally:
            place.postgresql.start()
        return
    with closing(sqlite3.connect(place.server.home / "customlabels.db", isolation_level=None)) as connection:
        connection.execute(TURN)
        yield
        time.sleep(seconds)


def test_a_database_that_is_down_at_the_start_ends_it_with_the_reason(place: Site, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "customlabels", "serve", "--home", str(tmp_path / "home"), "--port", "0"]

    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=place.server.environment, capture_output=True, text=True, timeout=600)

    if place.postgresql is None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "customlabels.db").write_bytes(b"no database" * 1000)
        ended = start()
        assert "its file is no SQLite database" in ended.stderr
    else:
        with outage(place, 0):
            ended = start()
        assert "it cannot be reached" in ended.stderr
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    until(place.server.is_well)


# checklist: L07
def test_a_database_that_goes_away_loses_nothing_that_was_acknowledged(place: Site) -> None:
    acknowledged = [place.new_project("before-the-outage")]
    asking = threading.Thread(target=lambda: acknowledged.append(place.new_project("waits-for-its-turn")))
    with outage(place, 1.0):
        if place.postgresql is None:  # the call waits for the other process
            asking.start()
        else:
            assert refused(lambda: place.new_project("refused")) == UNAVAILABLE
    if place.postgresql is None:
        asking.join()

    def answered() -> bool:
        acknowledged.append(place.new_project("after-the-outage"))
        return True

    until(answered)
    known = {p["ProjectArn"] for p in place.rekognition.describe_projects(MaxResults=100)["ProjectDescriptions"]}
    assert len(acknowledged) == (3 if place.postgresql is None else 2)
    assert known >= set(acknowledged)
    until(place.server.is_well)


def test_a_training_outlives_an_outage_of_the_database(place: Site) -> None:
    arn = place.begin_training("outage-while-training")
    until(lambda: place.status(arn)[1].startswith("Training: "))
    with outage(place, 2.0):
        pass
    until(lambda: place.status(arn)[0] != "TRAINING_IN_PROGRESS", TRAINING_SECONDS)
    assert place.status(arn) == ("TRAINING_COMPLETED", "The model is ready to run.")


def test_a_database_that_can_only_be_read_refuses_changes_and_answers_questions(place: Site) -> None:
    if place.postgresql is None:
        pytest.skip("An open SQLite file stays writable; test_a_home_that_can_only_be_read has the other case.")
    place.postgresql.run("ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        place.postgresql.run("SELECT pg_reload_conf()")
        until(lambda: refused(lambda: place.new_project("only-read")) == UNAVAILABLE)
        assert place.rekognition.describe_projects()["ProjectDescriptions"]
    finally:
        place.postgresql.run("ALTER SYSTEM RESET default_transaction_read_only")
        place.postgresql.run("SELECT pg_reload_conf()")
    until(lambda: place.new_project("written-again"))


@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
def test_a_database_that_is_silent_is_given_up_and_used_again(
    database_url: str, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is suspended; of SQLite, a process is that has the turn to write."""
    for name in ("customlabels.store.engines", "customlabels.store.database"):
        monkeypatch.setattr(f"{name}.BUSY_SECONDS", 1)
    monkeypatch.setattr("customlabels.store.engines._ANSWER_SECONDS", 2)
    hold = f"import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('{TURN}'); print(1, flush=True); input()"
    with closing(Database(database_url)) as database:
        database.migrate()

        def write(name: str) -> None:
            with database.write() as connection:
                connection.execute(facts.insert(), {"name": name, "value": "x"})

        write("before")
        if database.is_sqlite:
            command = [sys.executable, "-c", hold, str(database.engine.url.database)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
                assert holder.stdout is not None
                holder.stdout.readline()
                holder.send_signal(signal.SIGSTOP)
                with pytest.raises(DatabaseUnavailable, match="locked for too long"):
                    write("refused")
                holder.kill()
        else:
            postgresql.signal(signal.SIGSTOP)
            try:
                with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                    write("refused")
            finally:
                postgresql.signal(signal.SIGCONT)
        write("after")
    gc.collect()  # the driver leaves the socket of a connection that did not come about to the collector, which warns


def test_a_process_that_was_suspended_while_it_wrote_gives_its_turn_to_others(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customlabels.store.engines._IDLE_SECONDS", 1)
    with postgresql.database() as url, closing(Database(url)) as suspended, closing(Database(url)) as other:

        def wakes_up() -> None:
            with suspended.write() as connection:
                connection.execute(facts.insert(), {"name": "of the suspended one", "value": "x"})
                with other.write() as second:
                    second.execute(facts.insert(), {"name": "of the other", "value": "x"})
                connection.execute(facts.insert(), {"name": "too late", "value": "x"})

        with pytest.raises(DatabaseUnavailable):
            wakes_up()
        with other.read() as connection:
            assert connection.execute(facts.select()).scalars().all() == ["of the other"]
