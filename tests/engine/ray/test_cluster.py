"""Which clusters a server may join: what cannot work is refused before anything is connected to."""

from __future__ import annotations

import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from customlabels.cli.exits import FAILED
from customlabels.engine.placement import EngineError
from customlabels.engine.ray.cluster import Cluster, require_shared_state
from customlabels.settings import Settings

from ...browser import missing

ELSEWHERE = "192.0.2.1:6379"
DATABASE = {"database_url": "postgresql://labels@db/labels"}
S3 = {"s3_endpoint": "http://s3:9000"}


@pytest.mark.parametrize(
    ("given", "lacking"),
    [({}, "PostgreSQL .* and an S3 endpoint"), (DATABASE, "needs an S3 endpoint"), (S3, r"needs PostgreSQL \(\w+\),")],
)
def test_a_cluster_of_other_machines_needs_what_they_can_reach(
    tmp_path: Path, given: dict[str, str], lacking: str
) -> None:
    with pytest.raises(EngineError, match=lacking):
        Cluster(Settings(home=tmp_path, engine="ray", ray_address=ELSEWHERE, **given))  # type: ignore[arg-type]


def test_serve_says_so_and_starts_nothing(tmp_path: Path) -> None:
    flags = ["--home", str(tmp_path / "home"), "--port", "0", "--engine", "ray", "--ray-address", ELSEWHERE]
    done = subprocess.run([sys.executable, "-m", "customlabels", "serve", *flags], capture_output=True, text=True)
    assert done.returncode == FAILED
    assert "customlabels serve: A Ray cluster of several machines needs PostgreSQL" in done.stderr


def test_a_cluster_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    if find_spec("ray") is None:
        missing("Ray is not installed; `make test` installs it")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    code = (
        "from customlabels.engine.ray.cluster import Cluster; from customlabels.settings import Settings;"
        f"Cluster(Settings(engine='ray', ray_address='{address}'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"EngineError: The Ray cluster at {address} cannot be joined" in done.stderr


def test_postgresql_and_s3_are_enough(tmp_path: Path) -> None:
    require_shared_state(Settings(home=tmp_path, **DATABASE, **S3))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["here", "ray://127.0.0.1:10001", "127.0.0.1:", ":6379", "http://127.0.0.1:6379"])
def test_an_address_is_a_host_and_a_port(tmp_path: Path, address: str) -> None:
    with pytest.raises(EngineError, match="must be HOST:PORT"):
        Cluster(Settings(home=tmp_path, engine="ray", ray_address=address))
