"""Datasets: create, describe, delete, update, distribute. The work itself is in `dataset_jobs`."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from customlabels.service import entries, projects
from customlabels.service import tags as tagging
from customlabels.service.access.caller import Caller
from customlabels.service.arn import dataset_arn
from customlabels.service.clock import unique_now
from customlabels.service.dataset_rows import READY, either, permitted, set_status
from customlabels.service.errors import (
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotReadyException,
)
from customlabels.service.service import Service
from customlabels.store.objects import InvalidName, NoSuchBucket, NoSuchKey
from customlabels.store.tables import dataset_labels, datasets

CREATED = "The dataset was successfully created"
UNREADABLE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


def create_dataset(
    service: Service,
    caller: Caller,
    *,
    project_arn: str,
    dataset_type: str,
    dataset_source: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make a dataset: empty, from a manifest, or as a copy of another one.

    Raises AccessDenied, InvalidParameter, InvalidS3Object, ResourceAlreadyExists, ResourceInUse, ResourceNotFound.
    """
    manifest, copied = _source(dataset_source)
    if manifest is not None:
        with service.database.read() as connection:
            project_for(connection, caller, project_arn, dataset_type, tags)
        require_readable(service, caller, manifest)
    with service.database.write() as connection:
        project = project_for(connection, caller, project_arn, dataset_type, tags)
        source = None if copied is None else _copied(connection, caller, copied)
        created = unique_now(connection)
        arn = dataset_arn(project_arn, dataset_type, created)
        words = {
            "status": "CREATE_COMPLETE" if manifest is None else "CREATE_IN_PROGRESS",
            "status_message": f"{CREATED}." if manifest is None else "The dataset is being created.",
            "status_code": "SUCCESS",
        }
        row = {"arn": arn, "project_id": project.id, "type": dataset_type, "created": created, "updated": created}
        key = connection.execute(insert(datasets).returning(datasets.c.id), {**row, **words}).scalar_one()
        if source is not None:
            entries.copy(connection, source.id, key)
        if manifest is not None:
            service.queue.add(connection, "dataset.create", arn, {"manifest": manifest})
        tagging.put(connection, arn, tags)
    return {"DatasetArn": arn}


def describe_dataset(service: Service, caller: Caller, *, dataset_arn: str) -> dict[str, Any]:
    """State and counts of a dataset. Raises AccessDenied, ResourceNotFound."""
    with service.database.read() as connection:
        row = permitted(connection, caller, "DescribeDataset", dataset_arn)
        number = select(func.count()).select_from(dataset_labels).where(dataset_labels.c.dataset_id == row.id)
        total_labels = connection.execute(number).scalar_one()
    counted = row.status not in ("CREATE_IN_PROGRESS", "CREATE_FAILED")
    return {
        "DatasetDescription": {
            "CreationTimestamp": row.created / 1000,
            "LastUpdatedTimestamp": row.updated / 1000,
            "Status": row.status,
            "StatusMessage": row.status_message,
            "StatusMessageCode": row.status_code,
            "DatasetStats": {
                "LabeledEntries": row.labeled_entries if counted else 0,
                "TotalEntries": row.total_entries if counted else 0,
                "TotalLabels": total_labels if counted else 0,
                "ErrorEntries": row.error_entries if counted else 0,
            },
        }
    }


def delete_dataset(service: Service, caller: Caller, *, dataset_arn: str) -> dict[str, Any]:
    """Delete a dataset; its images stay. Raises AccessDenied, ResourceInUse, ResourceNotFound."""
    with service.database.write() as connection:
        row = permitted(connection, caller, "DeleteDataset", dataset_arn)
        if row.status.endswith("IN_PROGRESS"):
            raise ResourceInUseException(f"The dataset {dataset_arn} is {row.status}: wait until that is done.")
        set_status(connection, row.id, "DELETE_IN_PROGRESS", "The dataset is being deleted.")
        service.queue.add(connection, "dataset.delete", dataset_arn)
    return {}


def update_dataset_entries(
    service: Service, caller: Caller, *, dataset_arn: str, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Add entries, or replace those of the same images, in the background.

    Raises AccessDenied, ResourceInUse, ResourceNotFound.
    """
    with service.database.write() as connection:
        row = permitted(connection, caller, "UpdateDatasetEntries", dataset_arn)
        if row.status not in READY:
            raise ResourceInUseException(
                f"The dataset {dataset_arn} is {row.status}; it can be updated when it is {either(READY)}."
            )
        set_status(connection, row.id, "UPDATE_IN_PROGRESS", "The dataset is being updated.")
        lines = base64.b64encode(changes["GroundTruth"]).decode("ascii")
        service.queue.add(connection, "dataset.update", dataset_arn, {"lines": lines})
    return {}


def distribute_dataset_entries(
    service: Service, caller: Caller, *, datasets: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Move a fifth of a training dataset to an empty test dataset of its project, in the background.

    Raises AccessDenied, InvalidParameter, ResourceNotFound, ResourceNotReady.
    """
    with service.database.write() as connection:
        rows = [permitted(connection, caller, "DistributeDatasetEntries", item["Arn"]) for item in datasets]
        by_type = {row.type: row for row in rows}
        if set(by_type) != {"TRAIN", "TEST"} or len({row.project_id for row in rows}) != 1:
            raise InvalidParameterException("Datasets must be the training and the test dataset of one project.")
        for row in rows:
            if row.status not in READY:
                raise ResourceNotReadyException(
                    f"The dataset {row.arn} is {row.status}; it can be distributed when it is {either(READY)}."
                )
        train, test = by_type["TRAIN"], by_type["TEST"]
        if train.total_entries == 0:
            raise InvalidParameterException(f"The training dataset {train.arn} is empty: add images first.")
        if test.total_entries:
            raise InvalidParameterException(
                f"The test dataset {test.arn} has {test.total_entries} entries; it must be empty."
            )
        for row in rows:
            set_status(connection, row.id, "UPDATE_IN_PROGRESS", "The entries are being distributed.")
        service.queue.add(connection, "dataset.distribute", train.arn, {"test": test.arn})
    return {}


def require_readable(service: Service, caller: Caller, place: Mapping[str, Any]) -> None:
    """Raises InvalidS3ObjectException for an object that the caller cannot read."""
    bucket, key = place.get("Bucket"), place.get("Name")
    where = f" It was s3://{bucket}/{key}."
    if not bucket or not key or place.get("Version") not in (None, "null"):
        raise InvalidS3ObjectException(UNREADABLE + where)
    if not caller.may("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        raise InvalidS3ObjectException(UNREADABLE + where)
    try:
        if service.objects.bucket(bucket).account != caller.account:
            raise InvalidS3ObjectException(UNREADABLE + where)
        service.objects.head(bucket, key)
    except (NoSuchBucket, NoSuchKey, InvalidName) as error:
        raise InvalidS3ObjectException(UNREADABLE + where) from error


def project_for(
    connection: Connection, caller: Caller, arn: str, dataset_type: str, tags: Mapping[str, str] | None
) -> Row[Any]:
    """The project that a dataset can be made in.

    Raises AccessDenied, ResourceAlreadyExists, ResourceInUse, ResourceNotFound.
    """
    caller.require("rekognition:CreateDataset", arn, tagging.seen_by(connection, caller, arn), tags)
    project = projects.find(connection, caller, arn)
    projects.require_created(project)
    mine = (datasets.c.project_id == project.id) & (datasets.c.type == dataset_type)
    if connection.execute(select(datasets.c.id).where(mine)).first():
        raise ResourceAlreadyExistsException(
            f"The project {project.name} has a {dataset_type} dataset already: delete it first, or update it."
        )
    return project


def _source(source: Mapping[str, Any] | None) -> tuple[dict[str, Any] | None, str | None]:
    """The manifest's place and the ARN of the dataset to copy: one of them, or none. Raises InvalidParameter."""
    if source is None:
        return None, None
    if ("GroundTruthManifest" in source) == ("DatasetArn" in source):
        raise InvalidParameterException("DatasetSource must have either GroundTruthManifest or DatasetArn.")
    if "DatasetArn" in source:
        return None, source["DatasetArn"]
    place = source["GroundTruthManifest"].get("S3Object")
    if not place:
        raise InvalidParameterException("GroundTruthManifest needs S3Object with Bucket and Name.")
    return dict(place), None


def _copied(connection: Connection, caller: Caller, arn: str) -> Row[Any]:
    row = permitted(connection, caller, "ListDatasetEntries", arn)
    if row.status not in READY:
        raise InvalidParameterException(
            f"The dataset {arn} is {row.status}; it can be copied when it is {either(READY)}."
        )
    return row
