"""A fresh server's state for each test, once in SQLite and once in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from customlabels.engine.decoders import Decoders
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service, open_service
from customlabels.settings import Settings


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """Processes that open the pictures of all tests, one after the other."""
    opened = Decoders()
    yield opened
    opened.close()


@pytest.fixture
def service(tmp_path: Path, database_url: str, decoders: Decoders) -> Iterator[Service]:
    opened = open_service(Settings(home=tmp_path / "home", database_url=database_url))
    yield replace(opened, decoders=decoders)
    opened.close()


@pytest.fixture
def caller(service: Service) -> Caller:
    """The administrator of the first account."""
    return Caller.administrator(service.account)
