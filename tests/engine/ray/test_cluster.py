"""Which clusters a server may join: what cannot work is refused before anything is connected to."""

from __future__ import annotations

from pathlib import Path

import pytest

from customlabels.engine.placement import EngineError
from customlabels.engine.ray.cluster import Cluster, require_shared_state
from customlabels.settings import Settings

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


def test_postgresql_and_s3_are_enough(tmp_path: Path) -> None:
    require_shared_state(Settings(home=tmp_path, **DATABASE, **S3))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["here", "ray://127.0.0.1:10001", "127.0.0.1:", ":6379", "http://127.0.0.1:6379"])
def test_an_address_is_a_host_and_a_port(tmp_path: Path, address: str) -> None:
    with pytest.raises(EngineError, match="must be HOST:PORT"):
        Cluster(Settings(home=tmp_path, engine="ray", ray_address=address))
