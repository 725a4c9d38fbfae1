"""Manifest lines, and datasets made of them by jobs that run in the test's own process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from customlabels.engine.work import work_on
from customlabels.service import dataset_jobs, datasets, entries, labels, projects
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.objects import BucketExists

BUCKET = "pictures"
ABOUT = {"confidence": 1, "human-annotated": "yes", "creation-date": "2026-01-01T00:00:00"}
_numbers = count(1)


def ref(key: str, bucket: str = BUCKET) -> str:
    return f"s3://{bucket}/{key}"


def plain(key: str, **more: Any) -> str:
    """An image without labels."""
    return json.dumps({"source-ref": ref(key), **more})


def tagged(key: str, *names: str, **more: Any) -> str:
    """An image with image-level labels."""
    line: dict[str, Any] = {"source-ref": ref(key)}
    for number, name in enumerate(names):
        about = {**ABOUT, "class-name": name, "type": "groundtruth/image-classification"}
        line |= {f"label{number}": 1, f"label{number}-metadata": about}
    return json.dumps(line | more)


def boxed(key: str, *names: str, declared: Sequence[str] = (), off: int = 0, **more: Any) -> str:
    """An image with a box for each name, and with `off` further boxes outside the frame, of a label "off"."""
    every = [*names, *["off"] * off]
    ids = {name: number for number, name in enumerate(dict.fromkeys((*every, *declared)))}
    box = {"left": 5, "top": 5, "width": 20, "height": 20}
    annotations = [{**box, "class_id": ids[name], "left": 5 if i < len(names) else 900} for i, name in enumerate(every)]
    about = {
        **{key: value for key, value in ABOUT.items() if key != "confidence"},
        "objects": [{"confidence": 1} for _ in every],
        "class-map": {str(number): name for name, number in ids.items()},
        "type": "groundtruth/object-detection",
    }
    boxes = {"image_size": [{"width": 640, "height": 480, "depth": 3}], "annotations": annotations}
    return json.dumps({"source-ref": ref(key), "boxes": boxes, "boxes-metadata": about, **more})


def work(service: Service) -> None:
    """Do all that waits to be done with datasets and projects."""
    known = dataset_jobs.handlers(service)
    while work_on(service.queue, list(known), "test", known):
        pass


def new_project(service: Service, caller: Caller, name: str = "") -> str:
    created = projects.create_project(service, caller, project_name=name or f"project-{next(_numbers)}")
    return str(created["ProjectArn"])


def put(service: Service, content: bytes | str, key: str = "m/lines.manifest", bucket: str = BUCKET) -> dict[str, Any]:
    """Store a manifest; returns the DatasetSource that names it."""
    with suppress(BucketExists):
        service.objects.create_bucket(bucket, service.account)
    service.objects.put(bucket, key, content.encode() if isinstance(content, str) else content)
    return {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": key}}}


def asked(service: Service, caller: Caller, lines: Sequence[str] | None, project: str = "", type: str = "TRAIN") -> str:
    """A dataset that is to be made of lines, empty for None; no job has run yet. Returns its ARN."""
    given = {} if lines is None else {"dataset_source": put(service, "\n".join(lines))}
    project = project or new_project(service, caller)
    created = datasets.create_dataset(service, caller, project_arn=project, dataset_type=type, **given)
    return str(created["DatasetArn"])


def made(service: Service, caller: Caller, lines: Sequence[str] | None, project: str = "", type: str = "TRAIN") -> str:
    """As `asked`, with the work done."""
    arn = asked(service, caller, lines, project, type)
    work(service)
    return arn


def changed(service: Service, caller: Caller, arn: str, lines: Sequence[str]) -> dict[str, Any]:
    """The description of a dataset after an update."""
    content = {"GroundTruth": "\n".join(lines).encode()}
    datasets.update_dataset_entries(service, caller, dataset_arn=arn, changes=content)
    work(service)
    return described(service, caller, arn)


def described(service: Service, caller: Caller, arn: str) -> dict[str, Any]:
    description: dict[str, Any] = datasets.describe_dataset(service, caller, dataset_arn=arn)["DatasetDescription"]
    return description


def stats(service: Service, caller: Caller, arn: str) -> tuple[int, int, int, int]:
    """(total, labeled, errors, labels) of a dataset."""
    numbers = described(service, caller, arn)["DatasetStats"]
    order = ("TotalEntries", "LabeledEntries", "ErrorEntries", "TotalLabels")
    total, labeled, errors, labels = (numbers[name] for name in order)
    return total, labeled, errors, labels


def listed(service: Service, caller: Caller, arn: str, **given: Any) -> list[dict[str, Any]]:
    """All entries that fit filters, parsed."""
    return [json.loads(line) for line in paged(service, caller, arn, **given)]


def paged(service: Service, caller: Caller, arn: str, **given: Any) -> Iterator[str]:
    token = None
    while True:
        page = entries.list_dataset_entries(service, caller, dataset_arn=arn, next_token=token, **given)
        yield from page["DatasetEntries"]
        if "NextToken" not in page:
            return
        token = page["NextToken"]


def keys(service: Service, caller: Caller, arn: str, **given: Any) -> list[str]:
    """The keys of the images that a list shows."""
    return [entry["source-ref"].removeprefix(ref("")) for entry in listed(service, caller, arn, **given)]


def label_counts(service: Service, caller: Caller, arn: str) -> dict[str, tuple[int, int]]:
    """(EntryCount, BoundingBoxCount) by label, in order."""
    found = labels.list_dataset_labels(service, caller, dataset_arn=arn)["DatasetLabelDescriptions"]
    counts = {item["LabelName"]: item["LabelStats"] for item in found}
    return {name: (stats["EntryCount"], stats.get("BoundingBoxCount", 0)) for name, stats in counts.items()}
