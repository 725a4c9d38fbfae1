"""What `scale.py` asks for: a bucket, datasets, and a model that runs."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import numpy as np
from botocore.config import Config
from PIL import Image
from sqlalchemy import select

from customlabels.manifest.entry import Entry
from customlabels.manifest.lines import write_line
from customlabels.store import Database
from customlabels.store.tables import datasets
from load import Serving

BUCKET = "scale"
LABELS = {"red": (200, 40, 40), "blue": (40, 40, 200)}
TRAINED_ON = 24


@dataclass(frozen=True)
class Prepared:
    """What is asked for: ARNs of a dataset and of a model that runs."""

    dataset: str
    model: str


def prepare(server: Serving, database: Database, entries: int) -> Prepared:
    """A bucket with pictures, a trained model that runs, and a dataset of many entries."""
    rekognition, s3 = client(server, "rekognition"), client(server, "s3")
    s3.create_bucket(Bucket=BUCKET)
    for number in range(TRAINED_ON):
        key, content = picture(number)
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    s3.put_object(Bucket=BUCKET, Key="train.manifest", Body=_manifest(TRAINED_ON))
    s3.put_object(Bucket=BUCKET, Key="many.manifest", Body=_manifest(entries))
    project = rekognition.create_project(ProjectName="scale")["ProjectArn"]
    dataset = imported(rekognition, project)
    wait(partial(complete, database))
    trained = rekognition.create_project(ProjectName="model")["ProjectArn"]
    place = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "train.manifest"}}}
    model = rekognition.create_project_version(
        ProjectArn=trained,
        VersionName="v1",
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"},
        TrainingData={"Assets": [place]},
        TestingData={"AutoCreate": True},
        Tags={"customlabels:effort": "fast"},
    )["ProjectVersionArn"]
    waiting = {"ProjectArn": trained, "VersionNames": ["v1"], "WaiterConfig": {"Delay": 1, "MaxAttempts": 600}}
    rekognition.get_waiter("project_version_training_completed").wait(**waiting)
    rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(**waiting)
    return Prepared(dataset, model)


def imported(rekognition: Any, project: str) -> str:
    source = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "many.manifest"}}}
    made = rekognition.create_dataset(ProjectArn=project, DatasetType="TRAIN", DatasetSource=source)
    return str(made["DatasetArn"])


def complete(database: Database) -> bool:
    """Whether all datasets are. Raises RuntimeError where one never will be."""
    with database.read() as connection:  # and not by the API, which would cost its servers more than the import does
        left = connection.execute(select(datasets.c.status).where(datasets.c.status != "CREATE_COMPLETE")).scalars()
        states = set(left)
    if any(state.endswith("FAILED") for state in states):
        raise RuntimeError("A dataset could not be imported; the log of its worker says why.")
    return not states


def wait_for_model(servers: Sequence[Serving], model: str, content: bytes) -> None:
    """Until every server answers for the model."""
    for server in servers:
        rekognition = client(server, "rekognition")
        wait(partial(_answers, rekognition, model, content))


def _answers(rekognition: Any, model: str, content: bytes) -> bool:
    try:
        rekognition.detect_custom_labels(ProjectVersionArn=model, Image={"Bytes": content})
    except rekognition.exceptions.ResourceNotReadyException:
        return False
    return True


def wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("It takes longer than ten minutes.")
        time.sleep(0.2)


def client(server: Serving, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name=server.region,
        aws_access_key_id=server.key.access_key,
        aws_secret_access_key=server.key.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


def picture(number: int) -> tuple[str, bytes]:
    """Key and content of a small picture: noise around the colour of its label."""
    colour = LABELS[list(LABELS)[number % 2]]
    pixels = np.random.default_rng(number).normal(colour, 30, (96, 96, 3)).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return f"images/{number}.jpg", stream.getvalue()


def _manifest(count: int) -> bytes:
    names = list(LABELS)
    entries = (Entry(f"s3://{BUCKET}/images/{n}.jpg", labels=(names[n % 2],)) for n in range(count))
    return "\n".join(write_line(entry) for entry in entries).encode()
