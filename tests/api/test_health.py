"""What monitors are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from customlabels.api.health import health
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings
from customlabels.store.database import DatabaseUnavailable


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    opened = open_service(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("workers", "status"), [({}, "ok"), ({"data-0": True}, "ok"), ({"data-0": True, "training-0": False}, "degraded")]
)
def test_a_worker_that_is_gone_is_told_and_no_reason_to_be_taken_out(
    service: Service, workers: dict[str, bool], status: str
) -> None:
    answer = health(service, workers)
    assert answer.status_code == 200
    content = json.loads(bytes(answer.body))
    assert (content["status"], content["database"], content["workers"]) == (status, "ok", workers)


def test_a_server_without_its_database_is_to_be_taken_out(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def read() -> Iterator[None]:
        raise DatabaseUnavailable("The database postgresql://secret@host cannot be used.")
        yield

    monkeypatch.setattr(service.database, "read", read)
    answer = health(service, {})
    assert answer.status_code == 503
    assert b"unavailable" in bytes(answer.body)
    assert b"secret" not in bytes(answer.body)
