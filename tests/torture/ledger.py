"""What a server has acknowledged, and what it has when asked: the two must agree."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from .history import History

SETTLE_SECONDS = 600


@dataclass
class State:
    """All that is to survive. `versions` tell RUNNING, STOPPED or, however a training ended, ENDED."""

    objects: dict[str, str] = field(default_factory=dict)
    """Digest of the content by key."""
    projects: set[str] = field(default_factory=set)
    datasets: dict[str, dict[str, str]] = field(default_factory=dict)
    """Label by source-ref, by type."""
    versions: dict[str, str] = field(default_factory=dict)

    def copy(self) -> State:
        return deepcopy(self)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def line(source: str, label: str) -> str:
    """An entry as Ground Truth writes it."""
    about = {
        "class-name": label,
        "confidence": 1,
        "human-annotated": "yes",
        "creation-date": "2026-01-01T00:00:00",
        "type": "groundtruth/image-classification",
    }
    return json.dumps({"source-ref": source, "label": 1, "label-metadata": about})


class Observer:
    """Asks a server for its state, after it has settled."""

    def __init__(self, rekognition: Any, s3: Any, bucket: str, history: History, main: str) -> None:
        self._rekognition, self._s3, self._bucket = rekognition, s3, bucket
        self._history = history
        self._main = main
        """Name of the project whose datasets and versions are looked at."""

    def state(self) -> State:
        """Waits until nothing is in progress. Raises AssertionError where that does not come about, or came twice."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while busy := self._busy():
            assert time.monotonic() < deadline, f"After {SETTLE_SECONDS} s there is still in progress: {busy}"
            time.sleep(0.2)
        self._history.check()
        return State(self._objects(), self._projects(), self._datasets(), self._versions())

    def statuses(self) -> dict[str, str]:
        """Status by version name."""
        return {_name(version): version["Status"] for version in self._described()}

    def _busy(self) -> list[str]:
        found = [f"{project['ProjectArn']} {project['Status']}" for project in self._all_projects()]
        found += [f"dataset {item['DatasetType']} {item['Status']}" for item in self._listed_datasets()]
        found += [f"version {_name(version)} {version['Status']}" for version in self._described()]
        ends = ("ING", "IN_PROGRESS")
        return [text for text in found if text.endswith(ends) and not text.endswith("RUNNING")] + self._history.jobs()

    def _objects(self) -> dict[str, str]:
        found = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix="o/"):
            for entry in page.get("Contents", []):
                content = self._s3.get_object(Bucket=self._bucket, Key=entry["Key"])["Body"].read()
                assert len(content) == entry["Size"], entry["Key"]
                found[entry["Key"]] = digest(content)
        return found

    def _projects(self) -> set[str]:
        return {_project_name(project["ProjectArn"]) for project in self._all_projects()}

    def _datasets(self) -> dict[str, dict[str, str]]:
        found = {}
        for item in self._listed_datasets():
            assert item["Status"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), item
            entries: dict[str, str] = {}
            pages = self._rekognition.get_paginator("list_dataset_entries").paginate(DatasetArn=item["DatasetArn"])
            for text in (text for page in pages for text in page["DatasetEntries"]):
                entry = json.loads(text)
                assert entry["source-ref"] not in entries, f"{entry['source-ref']} is there twice"
                entries[entry["source-ref"]] = entry["label-metadata"]["class-name"]
            described = self._rekognition.describe_dataset(DatasetArn=item["DatasetArn"])["DatasetDescription"]
            assert described["DatasetStats"]["TotalEntries"] == len(entries), described
            found[item["DatasetType"]] = entries
        return found

    def _versions(self) -> dict[str, str]:
        found = {}
        for version in self._described():
            if version["Status"] in ("TRAINING_COMPLETED", "TRAINING_FAILED"):
                assert version["StatusMessage"], version
                found[_name(version)] = "ENDED"
            else:
                assert version["Status"] in ("RUNNING", "STOPPED"), version
                found[_name(version)] = version["Status"]
        return found

    def _all_projects(self) -> Iterator[dict[str, Any]]:
        for page in self._rekognition.get_paginator("describe_projects").paginate():
            yield from page["ProjectDescriptions"]

    def _main_arn(self) -> str | None:
        return next(
            (p["ProjectArn"] for p in self._all_projects() if _project_name(p["ProjectArn"]) == self._main), None
        )

    def _listed_datasets(self) -> list[dict[str, Any]]:
        found = []
        for project in self._all_projects():
            if _project_name(project["ProjectArn"]) == self._main:
                for item in project.get("Datasets", []):
                    described = _or_gone(self._rekognition.describe_dataset, DatasetArn=item["DatasetArn"])
                    if described:
                        found.append(item | {"Status": described["DatasetDescription"]["Status"]})
        return found

    def _described(self) -> list[dict[str, Any]]:
        arn = self._main_arn()
        if arn is None:
            return []
        pages = self._rekognition.get_paginator("describe_project_versions").paginate(ProjectArn=arn)
        return [version for page in pages for version in page["ProjectVersionDescriptions"]]


def _or_gone(call: Callable[..., dict[str, Any]], **given: Any) -> dict[str, Any] | None:
    try:
        return call(**given)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


def _project_name(arn: str) -> str:
    return arn.split("/")[1]


def _name(version: dict[str, Any]) -> str:
    return str(version["ProjectVersionArn"].split("/")[3])
