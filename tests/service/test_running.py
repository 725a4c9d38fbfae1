"""Rows say which models run; units follow, also after a restart and after a change by another process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from customlabels.engine.fleet import Fleet
from customlabels.engine.units import Counts, NotRunning
from customlabels.engine.wire import Answer, Kind, Question
from customlabels.service.running import RunningModel, RunningModels
from customlabels.service.service import Service
from customlabels.store.tables import tags, versions

from .. import tiny
from .rows import add_version, model_folder, state

Server = Callable[..., RunningModels]
RED = tiny.picture(255)


@pytest.fixture
def server(service: Service) -> Iterator[Server]:
    """server(idle_seconds) begins to serve the models of `service`, and is closed after the test."""
    made: list[RunningModels] = []

    def make(idle_seconds: int = 0) -> RunningModels:
        made.append(
            RunningModels(
                replace(service.settings, idle_seconds=idle_seconds), service.database, service.models, f"{len(made)}"
            )
        )
        return made[-1]

    yield make
    for models in made:
        models.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within 20 seconds."
        time.sleep(0.005)


def test_a_restart_brings_running_models_back_and_finishes_what_stopped(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    running = add_version(service, "a", "RUNNING", model="m", min_units=1)
    starting = add_version(service, "b", "STARTING", model="m", min_units=1)
    stopping = add_version(service, "c", "STOPPING", model="m", min_units=1)
    models = server()
    until(lambda: state(service, stopping)[0] == "STOPPED" and state(service, starting)[0] == "RUNNING")
    assert state(service, running)[0] == "RUNNING"
    until(lambda: models.find(running) and models.find(starting))
    assert set(models.counts()) == {running, starting}
    for arn in (running, starting):
        assert models.ask(arn, Question(RED)).kind is Kind.FOUND
    models.close()
    assert {state(service, running)[0], state(service, starting)[0]} == {"RUNNING"}
    again = server()
    until(lambda: again.find(running))
    assert again.ask(running, Question(RED)).kind is Kind.FOUND


def test_changes_of_rows_by_another_process_are_followed(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    arn = add_version(service, "a", "STOPPED", model="m")
    models = server()
    change(service, arn, "STARTING", min_units=1, max_units=2)
    until(lambda: state(service, arn)[0] == "RUNNING" and models.find(arn))
    assert models.counts() == {arn: Counts(least=1, most=2, desired=1, in_service=1)}
    change(service, arn, "STOPPING")
    until(lambda: state(service, arn)[0] == "STOPPED" and models.find(arn) is None)
    with pytest.raises(NotRunning):
        models.ask(arn, Question(RED))
    assert models.counts() == {}


def test_a_running_model_is_known_with_its_account_and_tags(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    arn = add_version(service, "a", "RUNNING", model="m", min_units=1)
    with service.database.write() as connection:
        connection.execute(tags.insert(), {"arn": arn, "key": "team", "value": "zoo"})
    models = server()
    models.refresh()
    assert models.find(arn) == RunningModel(service.account, {"team": "zoo"})
    assert models.find(f"{arn}1") is None


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
@pytest.mark.parametrize("model", [None, "missing"])
def test_a_version_without_its_model_fails_with_the_reason(
    service: Service, server: Server, status: str, model: str | None
) -> None:
    arn = add_version(service, "a", status, model=model, min_units=1)
    server()
    until(lambda: state(service, arn)[0] == "FAILED")
    assert "The model cannot be loaded" in state(service, arn)[1]


def test_a_model_that_is_stopped_while_it_starts_stays_stopped(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    arn = add_version(service, "a", "STARTING", model="m", min_units=2)
    models = server()
    models.refresh()
    change(service, arn, "STOPPING")
    models.refresh()
    until(lambda: state(service, arn)[0] == "STOPPED")
    assert models.find(arn) is None


# checklist: L09
def test_an_idle_model_stays_running_without_units_and_wakes(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    arn = add_version(service, "a", "RUNNING", model="m", min_units=1)
    models = server(idle_seconds=1)
    until(lambda: models.find(arn))
    first = models.ask(arn, Question(RED))
    until(lambda: models.counts()[arn].in_service == 0)
    assert state(service, arn)[0] == "RUNNING"
    assert models.ask(arn, Question(RED)) == first != Answer(Kind.FOUND, b"[]")


def test_units_that_are_killed_are_replaced_and_the_model_stays_running(service: Service, server: Server) -> None:
    tiny.classifier(model_folder(service, "m"))
    arn = add_version(service, "a", "RUNNING", model="m", min_units=1)
    models = server()
    until(lambda: models.counts().get(arn, Counts(0, 0, 0, 0)).in_service)
    expected = models.ask(arn, Question(RED))
    assert isinstance(models._fleet, Fleet)
    for unit in list(models._fleet._models[arn]._serving):
        os.kill(unit.pid, signal.SIGKILL)
        until(lambda unit=unit: not unit.alive())  # type: ignore[misc]
    assert models.ask(arn, Question(RED)) == expected
    assert state(service, arn)[0] == "RUNNING"


def change(service: Service, arn: str, status: str, **values: int) -> None:
    with service.database.write() as connection:
        connection.execute(update(versions).where(versions.c.arn == arn).values(status=status, **values))
