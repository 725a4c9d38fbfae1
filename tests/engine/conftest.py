"""Fleets and models for the tests of inference units, and a way to wait for what happens in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .. import tiny

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """until(condition) returns when the condition holds, and fails the test where it does not within 20 seconds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "It did not happen within 20 seconds."
            time.sleep(0.005)

    return wait


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.classifier(tmp_path_factory.mktemp("models") / "classifier")


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.detector(tmp_path_factory.mktemp("models") / "detector")
