"""Features made all over a cluster: the model is that of one machine, whatever becomes of the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from customlabels.engine.ray.cluster import LOOPBACK, QUIET
from customlabels.service.access.caller import Caller
from customlabels.service.service import open_service
from customlabels.settings import Settings
from customlabels.store.tables import versions

from ...e2e.conftest import FAST, Served, serving, until
from ...service.manifests import made, new_project, tagged
from ...service.trainings import OUTPUT, put_photos
from .nodes import FEATURES, Nodes, workers
from .trainings import ended, training_nodes

PHOTOS = 60
"""Of each label. A fifth is for testing, the others are six tasks' work."""
THREADS = {"OMP_NUM_THREADS": "1"}
"""Sums of matrices depend on it in their last digits; nodes of the cluster have the same."""


@pytest.fixture(scope="module")
def spreading(cluster: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose trainings have features made by all nodes from fifty pictures on."""
    home = tmp_path_factory.mktemp("spread") / "home"
    told = {**THREADS, "CUSTOMLABELS_RAY_SPREAD_PICTURES": "50"}
    with serving(home, "--engine", "ray", "--ray-address", cluster.address, **told) as running:
        yield running


@pytest.fixture
def three(cluster: Nodes) -> Iterator[Nodes]:
    """The cluster with one more node that trainings have room on."""
    cluster.add()
    yield cluster
    while len(cluster.further) > 1:
        cluster.kill(cluster.further[0])


def begin(server: Served, name: str) -> str:
    """Ask for a training on many photos. Returns the project."""
    service = open_service(Settings(home=server.home))
    caller = Caller.administrator(service.account)
    project = new_project(service, caller)
    made(service, caller, [tagged(*pair) for pair in put_photos(service, "train", ("dusk", "dawn"), PHOTOS)], project)
    service.close()
    rekognition = server.client("rekognition")
    rekognition.create_project_version(ProjectArn=project, VersionName=name, OutputConfig=OUTPUT, Tags=FAST)
    return project


def network(server: Served, project: str, name: str) -> bytes:
    """The network that a training has made."""
    done = ended(server, project, name)
    assert done["Status"] == "TRAINING_COMPLETED", done
    service = open_service(Settings(home=server.home))
    with service.database.read() as connection:
        model = connection.execute(select(versions.c.model).where(versions.c.name == name)).scalar_one()
    folder = service.model_folder(model)
    service.close()
    return (folder / "network.onnx").read_bytes()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The network that one machine makes by itself."""
    home: Path = tmp_path_factory.mktemp("alone") / "home"
    with serving(home, **THREADS) as local:
        return network(local, begin(local, "alone"), "alone")


def helper(cluster: Nodes) -> psutil.Process:
    """A node that makes features for a training which is on another one."""
    found: list[psutil.Process] = []

    def begun() -> bool:
        found.extend(node for node in cluster.further if workers(node, FEATURES))
        return bool(found)

    until(begun, "the first features on another node")
    assert found[:1] != training_nodes(cluster)
    return found[0]


def test_what_another_node_makes_takes_its_place(three: Nodes, tmp_path: Path) -> None:
    program = Path(__file__).with_name("spreading.py")
    done = subprocess.run(
        [sys.executable, str(program), three.address, str(tmp_path), "128"],
        env=os.environ | QUIET | LOOPBACK,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout.splitlines()[-1])
    assert {who for who, _ in made} == {"here", "there"}
    assert len(made) == 128
    assert all(number == i for i, (who, number) in enumerate(made) if who == "there")


def test_features_of_many_pictures_are_made_by_all_nodes(spreading: Served, three: Nodes, alone: bytes) -> None:
    project = begin(spreading, "spread")
    helper(three)
    assert network(spreading, project, "spread") == alone
    until(lambda: not any(workers(node, FEATURES) for node in three.further), "the end of its tasks")


@pytest.mark.torture
def test_a_node_that_is_killed_over_them_costs_nothing_but_time(spreading: Served, three: Nodes, alone: bytes) -> None:
    project = begin(spreading, "killed")
    three.kill(helper(three))
    assert network(spreading, project, "killed") == alone
