"""Trainings on a cluster as their users see them, and where they are."""

from __future__ import annotations

from typing import Any

import psutil

from ...e2e.conftest import Served, until
from .nodes import TRAINING, Nodes, workers


def described(server: Served, project: str, name: str) -> dict[str, Any]:
    answer = server.client("rekognition").describe_project_versions(ProjectArn=project, VersionNames=[name])
    (description,) = answer["ProjectVersionDescriptions"]
    found: dict[str, Any] = description
    return found


def ended(server: Served, project: str, name: str) -> dict[str, Any]:
    """What became of a training."""
    until(lambda: described(server, project, name)["Status"] != "TRAINING_IN_PROGRESS", "the training", 300)
    return described(server, project, name)


def training_nodes(cluster: Nodes) -> list[psutil.Process]:
    return [node for node in (cluster.head, *cluster.further) if workers(node, TRAINING)]
