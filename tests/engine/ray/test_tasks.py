"""Trainings on a cluster: on another node where theirs is lost, and cancelled."""

from __future__ import annotations

import subprocess

import pytest

from customlabels.service.access.caller import Caller
from customlabels.service.service import open_service
from customlabels.settings import Settings

from ...e2e.conftest import CUSTOMLABELS, Served, until
from ...service.manifests import made, new_project, tagged
from ...service.trainings import OUTPUT, put_photos
from .nodes import Nodes
from .trainings import described, ended, training_nodes


@pytest.fixture(scope="session")
def project(server: Served) -> str:
    """A project of the server that is ready to train for some seconds."""
    service = open_service(Settings(home=server.home))
    caller = Caller.administrator(service.account)
    arn = new_project(service, caller)
    made(service, caller, [tagged(*pair) for pair in put_photos(service, "train", ("dusk", "dawn"), 8)], arn)
    service.close()
    return arn


def begun(server: Served, project: str, name: str, effort: str) -> str:
    """The ARN of a version whose training is under way."""
    given = {"OutputConfig": OUTPUT, "Tags": {"customlabels:effort": effort}}
    rekognition = server.client("rekognition")
    made = rekognition.create_project_version(ProjectArn=project, VersionName=name, **given)
    until(lambda: described(server, project, name)["StatusMessage"].startswith("Training: "), "the first steps")
    return str(made["ProjectVersionArn"])


def test_a_training_whose_node_is_killed_completes_on_another(server: Served, cluster: Nodes, project: str) -> None:
    begun(server, project, "killed", "fast")
    (node,) = training_nodes(cluster)
    assert node is not cluster.head  # which has fewer cores than a training asks for
    cluster.kill(node)
    other = cluster.add()
    until(lambda: training_nodes(cluster) == [other], "the training's second beginning")
    done = ended(server, project, "killed")
    assert done["Status"] == "TRAINING_COMPLETED", done
    assert done["EvaluationResult"]["F1Score"] > 0


def test_a_training_is_cancelled_on_its_node(server: Served, cluster: Nodes, project: str) -> None:
    arn = begun(server, project, "cancelled", "best")
    subprocess.run([*CUSTOMLABELS, "cancel", arn, "--home", str(server.home)], check=True)
    done = ended(server, project, "cancelled")
    assert (done["Status"], done["StatusMessage"]) == ("TRAINING_FAILED", "The training was cancelled.")
    until(lambda: not training_nodes(cluster), "the end of the task")
