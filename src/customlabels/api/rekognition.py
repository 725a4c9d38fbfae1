"""The operations of Rekognition that are answered, each by the verb of its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from botocore import xform_name
from botocore.model import OperationNotFoundError

from customlabels.api.errors import UnknownOperationException
from customlabels.api.protocol import TARGET, operation_model
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service

Verb = Callable[..., dict[str, Any]]

OPERATIONS = {
    "CreateProject": "projects",
    "DescribeProjects": "projects",
    "DeleteProject": "projects",
    "CreateDataset": "datasets",
    "DescribeDataset": "datasets",
    "DeleteDataset": "datasets",
    "UpdateDatasetEntries": "datasets",
    "DistributeDatasetEntries": "datasets",
    "ListDatasetEntries": "entries",
    "ListDatasetLabels": "labels",
    "CreateProjectVersion": "versions",
    "DescribeProjectVersions": "versions",
    "DeleteProjectVersion": "versions",
    "CopyProjectVersion": "copies",
    "StartProjectVersion": "inference",
    "StopProjectVersion": "inference",
    "DetectCustomLabels": "inference",
    "PutProjectPolicy": "policies",
    "ListProjectPolicies": "policies",
    "DeleteProjectPolicy": "policies",
    "TagResource": "tags",
    "UntagResource": "tags",
    "ListTagsForResource": "tags",
}
"""Operation to the module of `customlabels.service` that has its verb."""


def operation_of(target: str) -> str:
    """The operation that an X-Amz-Target names. Raises UnknownOperationException."""
    prefix, _, name = target.partition(".")
    if prefix != TARGET:
        raise UnknownOperationException(
            f"The target {target[:100]!r} is of no service that is here: this server answers Rekognition Custom Labels "
            f"({TARGET}), S3 and STS GetCallerIdentity."
        )
    if name in OPERATIONS:
        return name
    try:
        operation_model(name)
    except OperationNotFoundError:
        raise UnknownOperationException(f"Rekognition has no operation {name[:100]!r}.") from None
    raise UnknownOperationException(
        f"{name} is not supported: of Rekognition this server answers Custom Labels, that is {', '.join(OPERATIONS)}."
    )


def answer(service: Service, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a parsed request. Raises ServiceError."""
    return _verb(operation)(service, caller, **{_argument(name): value for name, value in request.items()})


def resource_of(request: dict[str, Any]) -> str:
    """What a request is about, for the log: the ARN or name that it gives first."""
    for name in ("ProjectVersionArn", "DatasetArn", "ResourceArn", "ProjectArn", "SourceProjectVersionArn"):
        if name in request:
            return str(request[name])
    if "Datasets" in request:
        return str(request["Datasets"][0]["Arn"])
    return str(request.get("ProjectName", "*"))


@cache
def _verb(operation: str) -> Verb:
    verb: Verb = getattr(import_module(f"customlabels.service.{OPERATIONS[operation]}"), xform_name(operation))
    return verb


@cache
def _argument(member: str) -> str:
    return str(xform_name(member))
