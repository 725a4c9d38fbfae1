"""Pictures that are easy to tell apart, and trainings that run in the test's own process."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image

from customlabels.engine.work import work_on
from customlabels.service import version_jobs, versions
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.objects import BucketExists

from .manifests import BUCKET

COLOURS = {"dusk": (40, 50, 110), "dawn": (250, 180, 120), "moss": (40, 120, 50)}
OUTPUT = {"S3Bucket": BUCKET, "S3KeyPrefix": "out"}
FAST = {"customlabels:effort": "fast"}


def photo(colour: Sequence[int], seed: int, size: tuple[int, int] = (96, 96)) -> bytes:
    """A noisy picture of one colour, as PNG."""
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(colour, 30, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def put_photos(service: Service, prefix: str, labels: Sequence[str], each: int) -> list[tuple[str, str]]:
    """Store `each` photos of every label; returns (key, label) pairs, labels taking turns."""
    with suppress(BucketExists):
        service.objects.create_bucket(BUCKET, service.account)
    placed: list[tuple[str, str]] = []
    for i in range(each):
        for label in labels:
            key = f"{prefix}/{label}-{i}.png"
            service.objects.put(BUCKET, key, photo(COLOURS[label], 1000 * i + len(placed)))
            placed.append((key, label))
    return placed


def begin(service: Service, caller: Caller, project: str, name: str = "v1", **given: Any) -> str:
    """Ask for a training. Returns the version's ARN."""
    given = {"output_config": OUTPUT, "tags": FAST, **given}
    made = versions.create_project_version(service, caller, project_arn=project, version_name=name, **given)
    return str(made["ProjectVersionArn"])


def work(service: Service) -> None:
    """Do all that waits to be done with model versions."""
    known = version_jobs.handlers(service)
    while work_on(service.queue, list(known), "test", known):
        pass


def trained(service: Service, caller: Caller, project: str, name: str = "v1", **given: Any) -> dict[str, Any]:
    """The description of a version whose training has ended, well or not."""
    begin(service, caller, project, name, **given)
    work(service)
    return describe(service, caller, project, name)


def describe(service: Service, caller: Caller, project: str, name: str) -> dict[str, Any]:
    answer = versions.describe_project_versions(service, caller, project_arn=project, version_names=[name])
    (description,) = answer["ProjectVersionDescriptions"]
    found: dict[str, Any] = description
    return found


def read(service: Service, place: Mapping[str, Any]) -> str:
    """The text of an S3Object, or of the one asset of a list."""
    if "Assets" in place:
        (asset,) = place["Assets"]
        place = asset["GroundTruthManifest"]
    where = place["S3Object"]
    return service.objects.read(where["Bucket"], where["Name"]).decode()


def read_lines(service: Service, place: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(service, place).splitlines()]
