"""A training worker in a process of its own: killed at work, cancelled, left alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from customlabels.engine.workers import Workers
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service, open_service
from customlabels.service.versions import cancel_training
from customlabels.service.worker import roles
from customlabels.settings import Settings

from .manifests import made, new_project, tagged
from .trainings import begin, describe, put_photos, work


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Service]:
    opened = open_service(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def project(home: Service) -> str:
    """A project ready to train for some seconds."""
    caller = Caller.administrator(home.account)
    arn = new_project(home, caller)
    lines = [tagged(key, label) for key, label in put_photos(home, "train", ("dusk", "dawn"), 8)]
    made(home, caller, lines, arn)
    return arn


@pytest.fixture
def workers(home: Service) -> Iterator[Workers]:
    running = Workers(
        roles(home.settings)[1:], {**os.environ, **home.settings.environment()}, home.queue.release, "here"
    )
    running.start()
    yield running
    running.stop()


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# checklist: F14, L07
def test_a_training_survives_its_worker(home: Service, project: str, workers: Workers) -> None:
    caller = Caller.administrator(home.account)

    def now() -> dict[str, Any]:
        return describe(home, caller, project, "v1")

    begin(home, caller, project)
    until(lambda: now()["StatusMessage"].startswith("Training: "))
    (pid,) = workers.processes()
    os.kill(pid, signal.SIGKILL)
    until(lambda: now()["Status"] != "TRAINING_IN_PROGRESS")
    assert now()["Status"] == "TRAINING_COMPLETED"
    assert workers.processes() != [pid]


# checklist: L07
def test_a_stop_of_the_server_is_no_failed_attempt(home: Service, project: str, workers: Workers) -> None:
    caller = Caller.administrator(home.account)
    begin(home, caller, project)
    until(lambda: describe(home, caller, project, "v1")["StatusMessage"].startswith("Training: "))
    workers.stop()
    job = home.queue.claim(["version.train"], "at the next start")
    assert job is not None
    assert job.attempts == 1


# checklist: L10
def test_a_training_is_cancelled_while_it_runs(home: Service, project: str, workers: Workers) -> None:
    caller = Caller.administrator(home.account)
    arn = begin(home, caller, project, tags={"customlabels:effort": "best"})
    until(lambda: describe(home, caller, project, "v1")["StatusMessage"].startswith("Training: "))
    cancel_training(home, caller, arn)
    until(lambda: describe(home, caller, project, "v1")["Status"] != "TRAINING_IN_PROGRESS")
    assert describe(home, caller, project, "v1")["StatusMessage"] == "The training was cancelled."


# checklist: F14
def test_a_training_that_takes_its_worker_with_it_ends(home: Service, project: str) -> None:
    caller = Caller.administrator(home.account)
    begin(home, caller, project)
    for attempt in range(3):
        assert home.queue.claim(["version.train"], f"killed-{attempt}") is not None
        home.queue.release(f"killed-{attempt}")
    work(home)
    description = describe(home, caller, project, "v1")
    assert description["Status"] == "TRAINING_FAILED"
    assert description["StatusMessage"] == "The worker stopped 3 times while it worked on this."


def test_what_dead_workers_of_this_home_held_is_free_at_the_next_start(home: Service, project: str) -> None:
    begin(home, Caller.administrator(home.account), project)
    assert home.queue.claim(["version.train"], "here:host:1:2:training-0") is not None
    assert home.queue.claim(["version.train"], "next") is None
    home.queue.release_dead("here")
    assert home.queue.claim(["version.train"], "next") is not None


def test_each_setting_reaches_the_workers(tmp_path: Path) -> None:
    settings = replace(Settings(home=tmp_path), training_workers=3, allowed_hosts=("a", "b"), region="eu-central-1")
    assert Settings.from_environment(settings.environment()) == settings
    assert [(role.name, role.number) for role in roles(settings)] == [("data", 1), ("training", 3)]
    none = replace(settings, training_workers=0, data_workers=0)
    assert [role.number for role in roles(none)] == [0, 0]
