"""Inference units on a cluster: killed and replaced under load, added and refused by load, started and stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from customlabels.service.service import open_service
from customlabels.settings import Settings

from ... import tiny
from ...e2e.conftest import Served, until
from ...service.rows import add_version, model_folder, state
from .nodes import Nodes

RED = tiny.picture(255)
ONCE = Config(retries={"total_max_attempts": 1})


class Models:
    """Models of the server, started and stopped through the API as users do."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.service = open_service(Settings(home=server.home))
        self.rekognition = server.client("rekognition")

    def started(self, name: str, least: int, most: int, folder: str = "tiny") -> str:
        """The ARN of a model that is on its way, or runs."""
        arn = add_version(self.service, name, "TRAINING_COMPLETED", model=folder)
        self.rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=least, MaxInferenceUnits=most)
        return arn

    def status(self, arn: str) -> tuple[str, str]:
        return state(self.service, arn)

    def stop(self, arn: str) -> None:
        self.rekognition.stop_project_version(ProjectVersionArn=arn)
        until(lambda: self.status(arn)[0] == "STOPPED", "the model's stop")

    def ask(self, arn: str, image: bytes = RED, **options: Any) -> dict[str, float]:
        """Confidence by label. Raises ClientError where a client of AWS gives up."""
        client = self.server.client("rekognition", **options)
        answer = client.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": image}, MinConfidence=0)
        return {label["Name"]: label["Confidence"] for label in answer["CustomLabels"]}


@pytest.fixture(scope="session")
def models(server: Served) -> Iterator[Models]:
    made = Models(server)
    tiny.classifier(model_folder(made.service, "tiny"))
    yield made
    made.service.close()


def test_no_request_fails_while_a_replica_and_a_node_are_killed(models: Models, cluster: Nodes) -> None:
    arn = models.started("killed", 2, 2)
    until(lambda: models.status(arn)[0] == "RUNNING" and len(cluster.replicas()) == 2, "both units")
    stop = threading.Event()

    def ask(red: int) -> int:
        asked = 0
        while not stop.is_set():
            assert models.ask(arn, tiny.picture(red))["red"] == pytest.approx(100 * red / 255)
            asked += 1
        return asked

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask, 80 * i) for i in range(3)]
        try:
            first = {process.pid for process in cluster.replicas()}
            cluster.replicas()[0].kill()
            until(lambda: len({process.pid for process in cluster.replicas()} - first) == 1, "another replica")
            cluster.kill(cluster.further[0])
            cluster.add()
            until(lambda: len(cluster.replicas()) == 2, "two replicas again")
        finally:
            stop.set()
        assert all(future.result() for future in asking)
    assert models.status(arn)[0] == "RUNNING"
    models.stop(arn)
    until(lambda: not cluster.replicas(), "the end of the replicas")
    with pytest.raises(ClientError, match="ResourceNotReadyException"):
        models.ask(arn)


def test_load_beyond_the_capacity_is_refused_and_brings_another_replica(models: Models, cluster: Nodes) -> None:
    arn = models.started("busy", 1, 2)
    until(lambda: models.status(arn)[0] == "RUNNING", "the model's start")
    (unit,) = cluster.replicas()
    unit.send_signal(signal.SIGSTOP)  # a unit that takes its time
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(models.ask, arn, config=ONCE) for _ in range(4)]
            until(lambda: sum(future.done() for future in asked) == 2, "two refusals")
            until(lambda: len(cluster.replicas()) == 2, "another replica")
            unit.send_signal(signal.SIGCONT)
            errors = [future.exception() for future in asked]
    finally:
        unit.send_signal(signal.SIGCONT)
    refused = [error for error in errors if error is not None]
    assert len(refused) == 2
    assert all("ProvisionedThroughputExceededException" in str(error) for error in refused)
    assert models.ask(arn)["red"] == 100
    models.stop(arn)


def test_a_model_that_cannot_be_loaded_fails_with_its_reason(models: Models) -> None:
    arn = models.started("nowhere", 1, 1, folder="nowhere")
    until(lambda: models.status(arn)[0] == "FAILED", "the failure")
    assert "nowhere is not a model" in models.status(arn)[1]
