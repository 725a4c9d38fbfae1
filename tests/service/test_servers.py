"""Which servers of a database are alive, and that a model's state is true of all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from customlabels.engine.wire import Kind, Question
from customlabels.service.running import RunningModels
from customlabels.service.servers import FAILED, LEAVING, LOADING, SERVING, Servers
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store import Database, now
from customlabels.store.clock import Clock
from customlabels.store.models import FolderModels
from customlabels.store.tables import servers, versions

from .. import tiny
from ..postgres import PostgresServer
from .rows import add_version, state

RED = tiny.picture(255)


@pytest.fixture
def url(postgresql: PostgresServer) -> Iterator[str]:
    with postgresql.database() as made:
        yield made


@pytest.fixture
def service(url: str, tmp_path: Path) -> Iterator[Service]:
    with closing(open_service(Settings(home=tmp_path / "home", database_url=url))) as opened:
        yield opened


class Apart(FolderModels):
    """A home whose models come only when they are let in; `damage` are those that it finds damaged once."""

    def __init__(self, root: Path, *, there: bool = True) -> None:
        super().__init__(root)
        self.gate = threading.Event()
        self.mended: list[str] = []
        if there:
            self.gate.set()

    def here(self, name: str) -> Path | None:
        return super().here(name) if self.gate.is_set() else None

    def folder(self, name: str) -> Path:
        assert self.gate.wait(60)
        return super().folder(name)

    def mend(self, name: str) -> bool:
        folder = super().folder(name)
        if self.mended or not (folder / "spare.onnx").exists():
            return False
        (folder / "spare.onnx").rename(folder / "network.onnx")
        self.mended.append(name)
        return True


Serve = Callable[..., RunningModels]


@pytest.fixture
def serve(service: Service, tmp_path: Path) -> Iterator[Serve]:
    """serve(models) begins to serve in a home of its own."""
    made: list[RunningModels] = []

    def begin(models: FolderModels) -> RunningModels:
        settings = replace(service.settings, idle_seconds=0)
        made.append(RunningModels(settings, service.database, models, f"server-{len(made)}"))
        return made[-1]

    yield begin
    for running in made:
        running.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within a minute."
        time.sleep(0.01)


def change(service: Service, arn: str, status: str) -> None:
    with service.database.write() as connection:
        connection.execute(update(versions).where(versions.c.arn == arn).values(status=status))


def told(database: Database) -> Mapping[str, Mapping[str, str]]:
    with database.read() as connection:
        return {row.id: row.models for row in connection.execute(select(servers))}


def test_the_database_tells_the_time(database_url: str) -> None:
    with closing(Database(database_url)) as database, database.read() as connection:
        times = [connection.execute(select(Clock())).scalar_one() for _ in range(2)]
    assert times[0] <= times[1]
    assert abs(times[0] - now()) < 60_000


def test_servers_know_of_each_other_while_they_are_alive(service: Service) -> None:
    one, other = Servers(service.database, "one"), Servers(service.database, "other")
    with service.database.write() as connection:
        one.tell(connection, {"a": LOADING, "b": FAILED})
        one.tell(connection, {"a": SERVING, "b": FAILED})
        other.tell(connection, {"a": LEAVING})
        assert one.others(connection) == {"a": {LEAVING}}
        assert other.others(connection) == {"a": {SERVING}, "b": {FAILED}}
        connection.execute(update(servers).where(servers.c.id == "one").values(seen=now() - 60_000))
        assert other.others(connection) == {}
        other.tell(connection, {})
    assert told(service.database) == {"other": {}}
    other.leave()
    assert told(service.database) == {}


def test_a_model_runs_on_each_server_and_is_stopped_when_none_has_it(service: Service, serve: Serve) -> None:
    tiny.classifier(service.models.new("m"))
    arn = add_version(service, "a", "STARTING", model="m", min_units=1)
    one, other = serve(FolderModels(service.settings.models)), serve(FolderModels(service.settings.models))
    until(lambda: state(service, arn)[0] == "RUNNING" and one.find(arn) and other.find(arn))
    assert one.ask(arn, Question(RED)) == other.ask(arn, Question(RED))
    with service.database.write() as connection:  # one that is alive, and has not noticed yet
        Servers(service.database, "third").tell(connection, {arn: SERVING})
        connection.execute(update(versions).where(versions.c.arn == arn).values(status="STOPPING"))
    until(lambda: all(arn not in told(service.database)[f"server-{n}"] for n in (0, 1)))
    one.refresh()
    other.refresh()
    assert state(service, arn)[0] == "STOPPING"
    with service.database.write() as connection:  # and dies
        connection.execute(update(servers).where(servers.c.id == "third").values(seen=now() - 60_000))
    until(lambda: state(service, arn)[0] == "STOPPED")


def test_a_call_waits_for_a_model_that_is_on_its_way(service: Service, serve: Serve) -> None:
    tiny.classifier(service.models.new("m"))
    arn = add_version(service, "a", "STARTING", model="m", min_units=1)
    serve(FolderModels(service.settings.models))
    until(lambda: state(service, arn)[0] == "RUNNING")
    away = Apart(service.settings.models, there=False)
    late = serve(away)
    until(lambda: late.find(arn))
    threading.Timer(0.2, away.gate.set).start()
    assert late.ask(arn, Question(RED)).kind is Kind.FOUND


def test_a_model_that_one_server_cannot_run_goes_on_elsewhere(service: Service, serve: Serve, tmp_path: Path) -> None:
    tiny.classifier(service.models.new("m"))
    arn = add_version(service, "a", "STARTING", model="m", min_units=1)
    well = serve(FolderModels(service.settings.models))
    until(lambda: state(service, arn)[0] == "RUNNING")
    serve(FolderModels(tmp_path / "empty"))
    until(lambda: told(service.database).get("server-1") == {arn: FAILED})
    assert state(service, arn)[0] == "RUNNING"
    assert well.ask(arn, Question(RED)).kind is Kind.FOUND
    well.close()
    until(lambda: state(service, arn)[0] == "FAILED")
    assert "The model cannot be loaded" in state(service, arn)[1]


def test_a_damaged_folder_is_mended_and_the_model_runs(service: Service, serve: Serve) -> None:
    folder = tiny.classifier(service.models.new("m"))
    (folder / "network.onnx").rename(folder / "spare.onnx")
    (folder / "network.onnx").write_bytes(b"damaged")
    arn = add_version(service, "a", "STARTING", model="m", min_units=1)
    home = Apart(service.settings.models)
    running = serve(home)
    until(lambda: state(service, arn)[0] != "STARTING")
    assert state(service, arn) == ("RUNNING", "The model is running.")
    assert running.ask(arn, Question(RED)).kind is Kind.FOUND
    assert home.mended == ["m"]
