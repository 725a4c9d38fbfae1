"""A server to be sent bad things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .watched import Watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    opened = Watched(tmp_path)
    yield opened
    opened.close()
