"""A Ray cluster of two nodes, and a server that works on it, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ...e2e.conftest import Served, serving
from .nodes import Nodes, nodes


@pytest.fixture(scope="session")
def cluster() -> Iterator[Nodes]:
    with nodes() as running:
        yield running


@pytest.fixture(scope="session")
def server(cluster: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`customlabels serve --engine ray` with a home of its own; its units take two requests each."""
    home = tmp_path_factory.mktemp("ray") / "home"
    told = {"OMP_NUM_THREADS": "1", "CUSTOMLABELS_UNIT_QUEUE": "2"}
    with serving(home, "--engine", "ray", "--ray-address", cluster.address, **told) as running:
        yield running
