"""Example projects: one of the example sets as a project with labelled datasets, ready to be trained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from customlabels.examples.catalogue import EXAMPLES, Ready, prepare
from customlabels.manifest.opener import S3
from customlabels.service import datasets, projects
from customlabels.service.access.caller import Caller
from customlabels.service.console_bucket import console_bucket
from customlabels.service.errors import InvalidParameterException, ResourceInUseException
from customlabels.service.service import Service
from customlabels.vision.weights import cache_folder

_TYPES = {"train": "TRAIN", "test": "TEST"}


class ExampleProjects:
    """The example sets that this version has."""

    def catalogue(self) -> list[dict[str, Any]]:
        """Name, Title, Task, Description, Labels, Images, Licence and Source of each."""
        return [
            {name.title(): list(value) if isinstance(value, tuple) else value for name, value in asdict(known).items()}
            for known in EXAMPLES.values()
        ]

    def create(self, service: Service, caller: Caller, name: str) -> dict[str, Any]:
        """Make a project named NAME-N with datasets of the example's images, which are fetched or drawn first.

        Returns ProjectName and Source. Raises AccessDenied, InvalidParameter, LimitExceeded, OSError.
        """
        if name not in EXAMPLES:
            raise InvalidParameterException(f"There is no example {name[:80]!r}; there are {', '.join(EXAMPLES)}.")
        caller.require("rekognition:CreateProject", "*")
        ready = prepare(name, cache_folder())
        bucket = console_bucket(service, caller.account)
        prefix = f"assets/example-{name}"
        self._store(service, bucket, prefix, ready)
        project, arn = self._project(service, caller, name)
        for part in ("train", "test"):
            lines = getattr(ready, part)
            if lines:
                key = f"datasets/{project}_{part}/manifests/output/output.manifest"
                service.objects.put(bucket, key, _manifest(lines, f"{S3}{bucket}/{prefix}"))
                source = {"GroundTruthManifest": {"S3Object": {"Bucket": bucket, "Name": key}}}
                datasets.create_dataset(
                    service, caller, project_arn=arn, dataset_type=_TYPES[part], dataset_source=source
                )
        return {"ProjectName": project, "Source": ready.source}

    def _store(self, service: Service, bucket: str, prefix: str, ready: Ready) -> None:
        there = {stored.key: stored.size for stored in _listed(service, bucket, f"{prefix}/")}
        for line in (*ready.train, *(ready.test or ())):
            path = ready.folder / line["source-ref"]
            key = f"{prefix}/{line['source-ref']}"
            content = path.read_bytes()
            if there.get(key) != len(content):
                service.objects.put(bucket, key, content, {"content-type": "image/jpeg"})

    def _project(self, service: Service, caller: Caller, name: str) -> tuple[str, str]:
        """A new project: its name and ARN."""
        number = 1
        while True:
            project = f"{name}-{number}"
            try:
                created = projects.create_project(service, caller, project_name=project)
            except ResourceInUseException:
                number += 1
                continue
            return project, str(created["ProjectArn"])


def _listed(service: Service, bucket: str, prefix: str) -> Sequence[Any]:
    return service.objects.list_objects(bucket, prefix, "", 1000)


def _manifest(lines: Sequence[Mapping[str, Any]], prefix: str) -> bytes:
    return "".join(
        json.dumps({**line, "source-ref": f"{prefix}/{line['source-ref']}"}) + "\n" for line in lines
    ).encode()
