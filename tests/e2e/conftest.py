"""A server in a process of its own, as a user starts it, for clients that are not ours."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from .pictures import Pictures, make_pictures

CUSTOMLABELS = (sys.executable, "-m", "customlabels")
FAST = {"customlabels:effort": "fast"}
"""The tag that makes a training take seconds."""


@dataclass(frozen=True)
class Served:
    """A running server, and the environment that `customlabels env` gives to clients of AWS."""

    home: Path
    environment: dict[str, str]

    @property
    def endpoint(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    def client(self, service: str, **options: Any) -> Any:
        """A client of boto3 that is told what `customlabels env` prints, and nothing else."""
        session = boto3.Session(
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_REGION"],
        )
        return session.client(service, **{"endpoint_url": self.endpoint, **options})


@dataclass(frozen=True)
class Trained:
    """A project with two datasets and a classifier of discs and crosses that has been trained."""

    project: str
    train: str
    test: str
    version: str
    project_name: str = "shared"
    version_name: str = "shared.1"


@contextmanager
def serving(home: Path, *flags: str, **variables: str) -> Iterator[Served]:
    """`customlabels serve` on a new home and a free port, with these flags and environment variables."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CUSTOMLABELS_", "AWS_"))}
    if "CUSTOMLABELS_CACHE" in os.environ:
        ours["CUSTOMLABELS_CACHE"] = os.environ["CUSTOMLABELS_CACHE"]
    ours |= variables
    log = home.parent / "serve.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*CUSTOMLABELS, "serve", "--home", str(home), "--port", "0", *flags], env=ours, stdout=stream, stderr=stream
        )
    try:
        until(lambda: process.poll() is not None or (home / "server.json").exists(), "the server's start")
        assert process.poll() is None, log.read_text()
        said = subprocess.run(
            [*CUSTOMLABELS, "env", "--home", str(home)], env=ours, check=True, capture_output=True, text=True
        )
        told = dict(shlex.split(line)[1].split("=", 1) for line in said.stdout.splitlines())
        # What the user's own account has configured must not reach the clients under test.
        nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        yield Served(home, {**ours, **told, **nothing, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""})
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    assert code == 0, log.read_text()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on a new home, until the tests are over."""
    with serving(tmp_path_factory.mktemp("e2e") / "home") as running:
        yield running


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return make_pictures(tmp_path_factory.mktemp("pictures") / "shapes")


@pytest.fixture(scope="session")
def bucket(server: Served, pictures: Pictures) -> str:
    """A bucket with the pictures, `labels.manifest` (of whole pictures) and `boxes.manifest`."""
    name = "e2e-pictures"
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    for key in pictures.keys:
        s3.upload_file(str(pictures.folder / key), name, key)
    for key, boxed in (("labels.manifest", False), ("boxes.manifest", True)):
        s3.put_object(Bucket=name, Key=key, Body=pictures.manifest(name, boxed=boxed).encode())
    return name


@pytest.fixture(scope="session")
def trained(server: Served, bucket: str) -> Trained:
    """What tests share that need a model and not its training."""
    rekognition = server.client("rekognition")
    project = rekognition.create_project(ProjectName=Trained.project_name)["ProjectArn"]
    train, test = two_datasets(rekognition, project, bucket, "labels.manifest")
    version = rekognition.create_project_version(
        ProjectArn=project,
        VersionName=Trained.version_name,
        OutputConfig={"S3Bucket": bucket, "S3KeyPrefix": "shared/output"},
        Tags=FAST,
    )["ProjectVersionArn"]
    waiter = rekognition.get_waiter("project_version_training_completed")
    waiter.wait(ProjectArn=project, VersionNames=[Trained.version_name], WaiterConfig={"Delay": 1})
    return Trained(project, train, test, version)


@pytest.fixture
def running(server: Served, trained: Trained) -> Iterator[Trained]:
    """The shared model, running while a test does."""
    rekognition = server.client("rekognition")
    rekognition.start_project_version(ProjectVersionArn=trained.version, MinInferenceUnits=1)
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=trained.project, VersionNames=[trained.version_name], WaiterConfig={"Delay": 1})
    yield trained
    rekognition.stop_project_version(ProjectVersionArn=trained.version)
    until(lambda: status_of(rekognition, trained.project, trained.version_name) == "STOPPED", "the model's stop")


def two_datasets(rekognition: Any, project: str, bucket: str, manifest: str) -> tuple[str, str]:
    """A training dataset from a manifest, and a test dataset with a fifth of it. Returns their ARNs."""
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": manifest}}}
    train = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)["DatasetArn"]
    test = rekognition.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    for arn in (train, test):
        assert settled(rekognition, arn)["Status"] == "CREATE_COMPLETE"
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    for arn in (train, test):
        assert settled(rekognition, arn)["Status"] == "UPDATE_COMPLETE"
    return train, test


def settled(rekognition: Any, dataset: str) -> dict[str, Any]:
    """The description of a dataset, once nothing is being done to it."""
    description: dict[str, Any] = {}

    def described() -> bool:
        description.update(rekognition.describe_dataset(DatasetArn=dataset)["DatasetDescription"])
        return not description["Status"].endswith("IN_PROGRESS")

    until(described, f"the end of work on {dataset}")
    return description


def status_of(rekognition: Any, project: str, version: str) -> str:
    """The status of a version; empty where there is none of that name."""
    found = rekognition.describe_project_versions(ProjectArn=project, VersionNames=[version])
    descriptions = found["ProjectVersionDescriptions"]
    return str(descriptions[0]["Status"]) if descriptions else ""


def until(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something that takes a moment. Raises AssertionError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} took more than {seconds:.0f} s"
        time.sleep(0.05)
