"""One site of each kind for all faults: what the last one left behind, the next one finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..torture.stores import Kind
from .site import Site, site


@pytest.fixture(scope="session", params=["sqlite-folder", pytest.param("postgresql-s3", marks=pytest.mark.torture)])
def place(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A running site. A test leaves it as it was, or has it recover by itself."""
    kind: Kind = request.param
    programs: Path | None = request.getfixturevalue("postgresql_programs") if kind == "postgresql-s3" else None
    with site(kind, programs, {"CUSTOMLABELS_MAX_PROJECTS": "0", "CUSTOMLABELS_MAX_RUNNING": "0"}) as made:
        yield made
