"""A whole site: a server in processes of its own, its stores, and the means to harm each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from customlabels.service.service import Service, open_service
from customlabels.settings import Settings

from .. import postgres, tiny
from ..service.rows import add_version
from ..torture.ledger import line
from ..torture.operations import BUCKET, IMAGES, image
from ..torture.running import RunningServer
from ..torture.stores import Kind, settings_for
from .disk import Disk, disk
from .proxy import Proxy

PATIENCE_SECONDS = 300
TRAINING_SECONDS = 900
"""Both are far more than it takes, but tests may run on a machine that has other things to do."""


@dataclass(frozen=True)
class Site:
    """All that lasts is on `disk`. `postgresql`, `s3` and `proxy` are None where the home has the stores."""

    disk: Disk
    settings: Settings
    server: RunningServer
    rekognition: Any
    s3: Any
    postgresql: postgres.PostgresServer | None
    objects: RunningServer | None
    proxy: Proxy | None

    @property
    def buckets(self) -> Path:
        """The folder of the buckets, wherever they are in the end."""
        return (self.objects or self.server).home / "buckets"

    @contextmanager
    def service(self) -> Iterator[Service]:
        """The server's state, opened beside it in this process."""
        with closing(open_service(self.settings)) as service:
            yield service

    def new_model(self, name: str) -> str:
        """The ARN of a model that is STOPPED and can be started: tells how red, green and blue a picture is."""
        with self.service() as service:
            tiny.classifier(service.models.new(name))
            service.models.keep(name)
            return add_version(service, name, "STOPPED", model=name)

    def status(self, arn: str) -> tuple[str, str]:
        """Status and message of a version."""
        _, project, _, name, _ = arn.split("/")
        (owner,) = self.rekognition.describe_projects(ProjectNames=[project])["ProjectDescriptions"]
        found = self.rekognition.describe_project_versions(ProjectArn=owner["ProjectArn"], VersionNames=[name])
        (version,) = found["ProjectVersionDescriptions"]
        return version["Status"], version["StatusMessage"]

    def ask(self, arn: str, picture: bytes) -> Any:
        answer = self.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": picture}, MinConfidence=0)
        return answer["CustomLabels"]

    def new_project(self, name: str) -> str:
        return str(self.rekognition.create_project(ProjectName=name)["ProjectArn"])

    def new_dataset(self, project: str, type: str = "TRAIN") -> str:
        """A dataset of all pictures that is asked for, and not made yet. Returns its ARN."""
        entries = [image(number)[:2] for number in range(IMAGES)]
        key = f"m/{project.rpartition('/')[2]}-{type}.manifest"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(line(*entry) for entry in entries).encode())
        source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": key}}}
        made = self.rekognition.create_dataset(ProjectArn=project, DatasetType=type, DatasetSource=source)
        return str(made["DatasetArn"])

    def dataset(self, arn: str) -> dict[str, Any]:
        return dict(self.rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"])

    def begin_training(self, name: str) -> str:
        """A training of a few seconds that has just been asked for. Returns the version's ARN."""
        project = self.new_project(name)
        datasets = [self.new_dataset(project, type) for type in ("TRAIN", "TEST")]
        until(lambda: all(self.dataset(arn)["Status"] == "CREATE_COMPLETE" for arn in datasets))
        made = self.rekognition.create_project_version(
            ProjectArn=project,
            VersionName="v1",
            OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
            Tags={"customlabels:effort": "fast"},
        )
        return str(made["ProjectVersionArn"])

    def worker(self, sort: str) -> psutil.Process:
        """The process of the worker of a sort: data or training."""
        return next(p for p in self.server.processes("customlabels.service.worker") if p.cmdline()[-1] == sort)


@contextmanager
def site(kind: Kind, programs: Path | None, settings: Mapping[str, str]) -> Iterator[Site]:
    """A site with the pictures of the torture in a bucket; `settings` are further variables of its server."""
    with ExitStack() as stack:
        place = stack.enter_context(disk())
        postgresql = objects = proxy = None
        stores: dict[str, str] = {}
        if kind == "postgresql-s3":
            assert programs is not None
            postgresql = stack.enter_context(postgres.running(programs, durable=True, data=place.root / "tables"))
            objects = RunningServer(place.root / "s3")
            stack.callback(objects.stop)
            proxy = Proxy(objects.port)
            stack.callback(proxy.close)
            stores = settings_for(stack.enter_context(postgresql.database()), objects, proxy.port)
        server = RunningServer(place.root / "home", settings={**settings, **stores})
        stack.callback(server.stop)
        rekognition, s3 = server.client("rekognition"), server.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for number in range(IMAGES):
            source, _, content = image(number)
            s3.put_object(Bucket=BUCKET, Key=source.split("/", 3)[3], Body=content)
        own = Settings.from_environment({**settings, **stores}, home=server.home)
        yield Site(place, own, server, rekognition, s3, postgresql, objects, proxy)


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Return when a condition holds; an outage that the answer tells of counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
        except BotoCoreError:
            pass
        assert time.monotonic() < deadline, f"It did not happen within {seconds:g} seconds."
        time.sleep(0.05)


def refused(call: Callable[[], object]) -> tuple[str, int, str]:
    """Code, HTTP status and message of the error that a call ends with."""
    try:
        call()
    except ClientError as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]
    raise AssertionError("The call succeeded.")
