"""Several servers of one database and one S3, each with a home of its own that may be lost, and workers by themselves.

The S3 is a server of ours, too. A client with AWS's SDK knows all servers, and goes to the next one where the SDK's own
retries were in vain, as a load balancer would.
"""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from ..engine.ray.nodes import nodes
from ..postgres import PostgresServer
from ..torture.ledger import line
from ..torture.operations import BUCKET, LABELS, image
from ..torture.running import RunningServer, RunningWorkers
from ..torture.stores import settings_for

IMAGES = 16
PATIENCE_SECONDS = 240
RETRIES = Config(
    retries={"total_max_attempts": 3, "mode": "standard"}, read_timeout=60, s3={"addressing_style": "path"}
)


class Client:
    """Asks one server after another until one answers."""

    def __init__(self, service: str, servers: list[RunningServer], told: dict[str, str]) -> None:
        self._clients = {
            server: boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{server.port}",
                region_name=told["AWS_REGION"],
                aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
                config=RETRIES,
            )
            for server in servers
        }
        self.failed: set[RunningServer] = set()
        """Those that the SDK's own retries were in vain at."""

    def call(self, operation: str, **given: Any) -> Any:
        """The first answer that is none of a server that is down."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for server, client in itertools.cycle(self._clients.items()):
            try:
                return getattr(client, operation)(**given)
            except (ConnectionError, HTTPClientError):
                assert time.monotonic() < deadline
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or time.monotonic() > deadline:
                    raise
            self.failed.add(server)
        raise AssertionError

    def projects(self) -> set[str]:
        """The names of all projects, as the first server tells them."""
        client = next(iter(self._clients.values()))
        pages = client.get_paginator("describe_projects").paginate()
        return {item["ProjectArn"].split("/")[1] for page in pages for item in page["ProjectDescriptions"]}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


class Topology:
    """Two servers without workers, workers without a server, PostgreSQL and an S3."""

    def __init__(self, folder: Path, database: str, engine: Mapping[str, str], stack: ExitStack) -> None:
        """`engine` are the variables that say where models are trained and run."""
        self.s3 = RunningServer(folder / "s3", "--no-workers")
        stack.callback(self.s3.stop)
        shared = {**settings_for(database, self.s3, self.s3.port), "CUSTOMLABELS_MAX_PROJECTS": "0", **engine}

        def start(kind: type[RunningServer], name: str, *flags: str) -> RunningServer:
            process = kind(folder / name, *flags, settings=shared)
            stack.callback(process.stop)
            return process

        with ThreadPoolExecutor(3) as starting:
            workers = starting.submit(start, RunningWorkers, "workers")
            servers = [starting.submit(start, RunningServer, name, "--no-workers") for name in ("first", "second")]
        self.workers = workers.result()
        self.servers = [server.result() for server in servers]
        self._told = self.servers[0].told
        self._stack = stack

    def client(self, service: str, *servers: RunningServer) -> Client:
        """A client of these servers, else of all."""
        made = Client(service, list(servers) or self.servers, self._told)
        self._stack.callback(made.close)
        return made


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.torture)])
def topology(request: pytest.FixtureRequest, tmp_path: Path, postgresql: PostgresServer) -> Iterator[Topology]:
    """On this machine, or all together on one Ray cluster of two nodes."""
    with postgresql.database() as url, ExitStack() as stack:
        engine = stack.enter_context(nodes()).settings if request.param == "ray" else {}
        yield Topology(tmp_path, url, engine, stack)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def began_training(topology: Topology) -> tuple[str, str]:
    """A project with a training that is under way: ARNs of the project and the version."""
    s3, rekognition = topology.client("s3"), topology.client("rekognition")
    s3.call("create_bucket", Bucket=BUCKET)
    lines = []
    for number in range(IMAGES):
        source, label, content = image(number)
        s3.call("put_object", Bucket=BUCKET, Key=source.split("/", 3)[3], Body=content)
        lines.append(line(source, label))
    s3.call("put_object", Bucket=BUCKET, Key="m.manifest", Body="\n".join(lines).encode())
    project = rekognition.call("create_project", ProjectName="pets")["ProjectArn"]
    manifest = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "m.manifest"}}}
    version = rekognition.call(
        "create_project_version",
        ProjectArn=project,
        VersionName="v1",
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
        TrainingData={"Assets": [manifest]},
        TestingData={"AutoCreate": True},
        Tags={"customlabels:effort": "fast"},
    )["ProjectVersionArn"]
    return project, version


class Load:
    """Makes projects and objects and asks a model, and knows what it was told, until `stop`."""

    def __init__(self, topology: Topology, version: str, expected: list[Any]) -> None:
        self.projects: set[str] = set()
        self.objects: dict[str, bytes] = {}
        self.answers = 0
        self._ended = threading.Event()
        self._errors: list[Exception] = []
        self._clients = [topology.client(name) for name in ("rekognition", "s3", "rekognition")]
        rekognition, s3, asking = self._clients

        def make_project(number: int) -> None:
            name = f"project-{number}"
            try:
                rekognition.call("create_project", ProjectName=name)
            except ClientError as error:  # made, though the answer was lost, and asked for again
                if error.response["Error"]["Code"] != "ResourceInUseException":
                    raise
            self.projects.add(name)

        def put_object(number: int) -> None:
            content = f"{number}".encode() * 1000
            s3.call("put_object", Bucket=BUCKET, Key=f"o/{number}", Body=content)
            self.objects[f"o/{number}"] = content

        def ask(_: int) -> None:
            assert answer_of(asking, version) == expected
            self.answers += 1

        self._threads = [threading.Thread(target=self._go_on, args=(do,)) for do in (make_project, put_object, ask)]
        for thread in self._threads:
            thread.start()

    def failed(self) -> set[RunningServer]:
        """The servers that the SDK's own retries were in vain at since this was asked last."""
        found = set.union(*(client.failed for client in self._clients))
        for client in self._clients:
            client.failed.clear()
        return found

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        assert self._errors == []

    def _go_on(self, do: Callable[[int], None]) -> None:
        try:
            for number in itertools.count():
                if self._ended.wait(0.05):
                    return
                do(number)
        except Exception as error:
            self._errors.append(error)


def answer_of(client: Client, version: str) -> Any:
    image_ = {"Bytes": image(0)[2]}
    return client.call("detect_custom_labels", ProjectVersionArn=version, Image=image_, MinConfidence=0)["CustomLabels"]


def test_what_is_acknowledged_survives_the_loss_of_each_process(topology: Topology) -> None:
    first, second = topology.servers
    by = {server: topology.client("rekognition", server) for server in topology.servers}
    project, version = began_training(topology)

    def described(server: RunningServer) -> dict[str, Any]:
        answer = by[server].call("describe_project_versions", ProjectArn=project)
        return dict(answer["ProjectVersionDescriptions"][0])

    def status(server: RunningServer) -> str:
        return str(described(server)["Status"])

    time.sleep(1)  # the training is under way, or not yet: it survives either way
    topology.workers.kill("server")
    topology.workers.start()
    until(lambda: status(second) != "TRAINING_IN_PROGRESS")
    assert status(first) == "TRAINING_COMPLETED", described(first)

    by[first].call("start_project_version", ProjectVersionArn=version, MinInferenceUnits=1)
    until(lambda: status(second) == "RUNNING")
    expected = answer_of(by[first], version)
    assert {found["Name"] for found in expected} == set(LABELS)
    assert answer_of(by[second], version) == expected

    load = Load(topology, version, expected)
    for server in (first, second):
        load.failed()
        before = len(load.projects), len(load.objects), load.answers
        server.kill("server")
        until(lambda before=before: min(a - b for a, b in zip(counts(load), before, strict=True)) > 2)  # type: ignore[misc]
        assert load.failed() <= {server}
        until(lambda server=server: not server.orphans())  # type: ignore[misc]
        shutil.rmtree(server.home)  # it was one to throw away
        server.start()
    load.stop()
    objects = topology.client("s3", second)
    for server in topology.servers:
        assert by[server].projects() == {"pets", *load.projects}
        assert answer_of(by[server], version) == expected
    for key, content in load.objects.items():
        assert objects.call("get_object", Bucket=BUCKET, Key=key)["Body"].read() == content
    buckets = objects.call("list_buckets")["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == [BUCKET]  # that of the models is nobody's

    by[first].call("stop_project_version", ProjectVersionArn=version)
    until(lambda: status(second) == "STOPPED")
    by[second].call("delete_project_version", ProjectVersionArn=version)
    until(lambda: by[first].call("describe_project_versions", ProjectArn=project)["ProjectVersionDescriptions"] == [])


def counts(load: Load) -> tuple[int, int, int]:
    return len(load.projects), len(load.objects), load.answers
