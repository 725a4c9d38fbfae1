"""Processes that are killed, suspended, or short of memory or descriptors."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psutil
import pytest
from sqlalchemy import select, text, update

from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.tables import jobs

from .. import tiny
from ..service.manifests import asked, described, stats, tagged
from ..torture.operations import BUCKET
from ..torture.running import Target
from .site import TRAINING_SECONDS, Site, refused, until

RED = tiny.picture(255)


@contextmanager
def limited(process: psutil.Process, kind: int, value: int) -> Iterator[None]:
    """A process that may have only so much of something, until the block ends or it does."""
    if not hasattr(process, "rlimit"):
        pytest.skip("Only Linux lets the limits of another process be changed.")
    before = process.rlimit(kind)
    process.rlimit(kind, (value, before[1]))
    try:
        yield
    finally:
        if process.is_running():
            process.rlimit(kind, before)


# checklist: L07
@pytest.mark.parametrize("target", ["server", "worker", "unit"])
def test_whatever_is_killed_comes_back_with_all_that_was_acknowledged(place: Site, target: Target) -> None:
    model = place.new_model(f"killed-{target}")
    place.rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    until(lambda: place.status(model)[0] == "RUNNING")
    answer = place.ask(model, RED)
    arn = place.new_dataset(place.new_project(f"killed-{target}"))
    place.s3.put_object(Bucket=BUCKET, Key="o/kept", Body=target.encode())
    assert place.server.kill(target) == target
    if not place.server.runs:
        place.server.start()
    until(lambda: place.ask(model, RED) == answer)
    until(lambda: place.dataset(arn)["Status"] == "CREATE_COMPLETE")
    assert place.dataset(arn)["DatasetStats"]["TotalEntries"] == 24
    assert place.s3.get_object(Bucket=BUCKET, Key="o/kept")["Body"].read() == target.encode()
    until(place.server.is_well)
    place.rekognition.stop_project_version(ProjectVersionArn=model)


def test_a_training_that_has_no_memory_fails_with_the_reason_and_the_next_one_completes(place: Site) -> None:
    worker = place.worker("training")
    log = place.settings.logs / "training-0.jsonl"
    until(lambda: re.search(rf'"process": {worker.pid}, "message": "warm after', log.read_text()))
    with limited(worker, resource.RLIMIT_AS, worker.memory_info().vms + (4 << 20)):
        arn = place.begin_training("no-memory")
        until(lambda: place.status(arn)[0] != "TRAINING_IN_PROGRESS", TRAINING_SECONDS)
    status, message = place.status(arn)
    if status == "TRAINING_FAILED":
        assert any(word in message for word in ("memory", "alloc", "thread"))
    else:  # it died of it, and its successor has no limit
        assert not worker.is_running()
        assert status == "TRAINING_COMPLETED"
    again = place.begin_training("memory-again")
    until(lambda: place.status(again)[0] != "TRAINING_IN_PROGRESS", TRAINING_SECONDS)
    assert place.status(again)[0] == "TRAINING_COMPLETED"


def test_a_unit_that_has_no_memory_fails_a_request_and_not_the_model(place: Site) -> None:
    model = place.new_model("unit-memory")
    place.rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    until(lambda: place.status(model)[0] == "RUNNING")
    answer = place.ask(model, RED)
    large = tiny.picture(200, size=(4096, 4096))
    with ExitStack() as stack:
        for unit in place.server.processes("customlabels.engine.unit"):
            stack.enter_context(limited(unit, resource.RLIMIT_AS, unit.memory_info().vms + (1 << 20)))
        code, status, words = refused(lambda: place.ask(model, large))
        assert (code, status) == ("InternalServerError", 500)
        assert "memory" in words.lower() or "restarted" in words
    until(lambda: place.ask(model, RED) == answer)
    until(lambda: place.ask(model, large))
    assert place.status(model)[0] == "RUNNING"
    place.rekognition.stop_project_version(ProjectVersionArn=model)


def test_a_server_without_descriptors_goes_on_when_it_has_some(place: Site) -> None:
    model = place.new_model("descriptors")
    place.rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    until(lambda: place.status(model)[0] == "RUNNING")
    answer = place.ask(model, RED)
    server = place.server.process
    with ExitStack() as stack:
        with limited(server, resource.RLIMIT_NOFILE, server.num_fds() + 3):
            for _ in range(20):
                stack.enter_context(socket.create_connection(("127.0.0.1", place.server.port)))
            place.server.kill("unit")
            time.sleep(2)  # neither a call nor a new unit can be had now
        assert place.server.runs
    until(lambda: place.ask(model, RED) == answer)
    until(place.server.is_well)
    place.s3.put_object(Bucket=BUCKET, Key="o/after", Body=b"after")
    place.rekognition.stop_project_version(ProjectVersionArn=model)


@contextmanager
def data_worker(service: Service, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A further worker of a site, which its server knows nothing of."""
    environment = {**os.environ, **service.settings.environment(), "CUSTOMLABELS_WORKER": f"elsewhere:1:{name}"}
    command = [sys.executable, "-P", "-m", "customlabels.service.worker", "data"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def suspend(service: Service, process: subprocess.Popen[bytes] | psutil.Process) -> None:
    """SIGSTOP, at a moment at which the process has not the turn to write."""
    process.send_signal(signal.SIGSTOP)
    while _is_being_written(service):
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)


def _is_being_written(service: Service) -> bool:
    if service.database.is_sqlite:
        with closing(sqlite3.connect(str(service.database.engine.url.database), timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
        return False
    with service.database.read() as reading:
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        return bool(reading.exec_driver_sql(held).scalar())


# checklist: L07
def test_a_worker_that_wakes_up_after_its_job_went_to_another_changes_nothing(place: Site) -> None:
    lines = [tagged(f"{number}.png", "red", more="x" * 500) for number in range(20_000)]
    mine = place.worker("data")
    try:
        with place.service() as service, data_worker(service, "first") as first:
            suspend(service, mine)  # the two workers of this test are to have the job
            caller = Caller.administrator(service.account)
            arn = asked(service, caller, lines)
            until(lambda: _position(service, arn) > 1000)
            suspend(service, first)
            assert described(service, caller, arn)["Status"] == "CREATE_IN_PROGRESS"
            with service.database.write() as connection:  # as much time goes by as a lease lasts
                connection.execute(update(jobs).where(jobs.c.subject == arn).values(lease_until=0))
            with data_worker(service, "second"):
                until(lambda: _holder(service, arn).endswith("second"))
                until(lambda: _position(service, arn) > 1000)
                first.send_signal(signal.SIGCONT)
                until(lambda: described(service, caller, arn)["Status"] == "CREATE_COMPLETE")
                assert stats(service, caller, arn) == (20_000, 20_000, 0, 1)
                assert first.poll() is None
    finally:
        mine.resume()


def _position(service: Service, arn: str) -> int:
    """How many entries of a dataset there are so far."""
    count = "SELECT count(*) FROM entries JOIN datasets ON datasets.id = dataset_id WHERE arn = :arn"
    with service.database.read() as connection:
        return int(connection.execute(text(count), {"arn": arn}).scalar_one())


def _holder(service: Service, arn: str) -> str:
    with service.database.read() as connection:
        return str(connection.execute(select(jobs.c.worker).where(jobs.c.subject == arn)).scalar())
