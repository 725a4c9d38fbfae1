"""Projects: CreateProject, DescribeProjects, DeleteProject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from customlabels.service import tags as tagging
from customlabels.service.access.caller import Caller
from customlabels.service.arn import PROJECT, project_arn
from customlabels.service.clock import unique_now
from customlabels.service.dataset_rows import set_status
from customlabels.service.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from customlabels.service.service import Service
from customlabels.store.tables import datasets, projects, versions

PAGE = 100
UNFINISHED = ("TRAINING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING", "COPYING_IN_PROGRESS", "DELETING")
"""The states in which a model version cannot be deleted."""
FEATURE = "CUSTOM_LABELS"


def create_project(
    service: Service,
    caller: Caller,
    *,
    project_name: str,
    feature: str | None = None,
    auto_update: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Make a project. Raises AccessDenied, InvalidParameter, LimitExceeded, ResourceInUse."""
    if feature not in (None, FEATURE):
        raise InvalidParameterException(f"The feature {feature} is not supported; this server has {FEATURE} only.")
    if auto_update is not None:
        raise InvalidParameterException("AutoUpdate is for adapters only: leave it out for Custom Labels.")
    with service.database.write() as connection:
        created = unique_now(connection)
        arn = project_arn(service.region, caller.account, project_name, created)
        caller.require("rekognition:CreateProject", arn, request_tags=tags)
        mine = projects.c.account == caller.account
        if connection.execute(select(projects.c.id).where(mine, projects.c.name == project_name)).first():
            raise ResourceInUseException(f"There is a project {project_name} already: choose another name.")
        number = connection.execute(select(func.count()).select_from(projects).where(mine)).scalar_one()
        limit = service.settings.max_projects
        if 0 < limit <= number:
            raise LimitExceededException(
                f"The account has {number} projects, and {limit} are allowed. Delete one, or raise the limit with the "
                "setting CUSTOMLABELS_MAX_PROJECTS."
            )
        row = {"arn": arn, "account": caller.account, "name": project_name, "status": "CREATED", "created": created}
        connection.execute(insert(projects), row)
        tagging.put(connection, arn, tags)
    return {"ProjectArn": arn}


def describe_projects(
    service: Service,
    caller: Caller,
    *,
    next_token: str | None = None,
    max_results: int | None = None,
    project_names: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The projects of the account, newest first. Raises AccessDenied, InvalidPaginationToken."""
    caller.require("rekognition:DescribeProjects", "*")
    limit = max_results or PAGE
    scope = ("DescribeProjects", caller.account, sorted(project_names or []), sorted(features or []))
    after = service.pages.position(next_token, *scope)
    if features is not None and FEATURE not in features:
        return {"ProjectDescriptions": []}
    query = select(projects).where(projects.c.account == caller.account)
    if project_names:
        query = query.where(projects.c.name.in_(project_names))
    if after is not None:
        query = query.where(
            or_(projects.c.created < after[0], and_(projects.c.created == after[0], projects.c.id < after[1]))
        )
    query = query.order_by(projects.c.created.desc(), projects.c.id.desc()).limit(limit + 1)
    with service.database.read() as connection:
        rows = connection.execute(query).all()
        shown, further = service.pages.page(rows, limit, lambda row: [row.created, row.id], *scope)
        held = datasets.c.project_id.in_([row.id for row in shown]) & datasets.c.arn.is_not(None)
        owned: dict[int, list[Row[Any]]] = {}
        for row in connection.execute(select(datasets).where(held).order_by(datasets.c.created, datasets.c.id)):
            owned.setdefault(row.project_id, []).append(row)
    return {"ProjectDescriptions": [_description(row, owned.get(row.id, ())) for row in shown], **further}


def delete_project(service: Service, caller: Caller, *, project_arn: str) -> dict[str, Any]:
    """Delete a project without models and datasets. Raises AccessDenied, ResourceInUse, ResourceNotFound."""
    with service.database.write() as connection:
        caller.require("rekognition:DeleteProject", project_arn, tagging.seen_by(connection, caller, project_arn))
        row = find(connection, caller, project_arn)
        require_created(row)
        models = connection.execute(select(versions.c.name).where(versions.c.project_id == row.id)).scalars().all()
        if models:
            names = ", ".join(models[:3]) + (", ..." if len(models) > 3 else "")
            raise ResourceInUseException(f"The project {row.name} has model versions ({names}): delete them first.")
        held = select(datasets.c.type).where(datasets.c.project_id == row.id, datasets.c.arn.is_not(None))
        types = connection.execute(held).scalars().all()
        if types:
            raise ResourceInUseException(
                f"The project {row.name} has datasets ({', '.join(sorted(types))}): delete them first."
            )
        connection.execute(update(projects).where(projects.c.id == row.id).values(status="DELETING"))
        service.queue.add(connection, "project.delete", project_arn)
    return {"Status": "DELETING"}


def delete_project_with_contents(service: Service, caller: Caller, project_arn: str) -> None:
    """Delete a project, its datasets and its model versions; images and results in buckets stay.

    Raises AccessDenied, ResourceInUse where a model trains or runs or a dataset is in work, ResourceNotFound.
    """
    with service.database.write() as connection:
        caller.require("rekognition:DeleteProject", project_arn, tagging.seen_by(connection, caller, project_arn))
        row = find(connection, caller, project_arn)
        require_created(row)
        models = connection.execute(select(versions).where(versions.c.project_id == row.id)).all()
        held = select(datasets).where(datasets.c.project_id == row.id, datasets.c.arn.is_not(None))
        sets = connection.execute(held).all()
        for model in models:
            caller.require(
                "rekognition:DeleteProjectVersion", model.arn, tagging.seen_by(connection, caller, model.arn)
            )
            if model.status in UNFINISHED:
                raise ResourceInUseException(
                    f"The model version {model.name} is {model.status}: stop it, or cancel the training, first."
                )
        for dataset in sets:
            seen = tagging.seen_by(connection, caller, dataset.arn)
            caller.require("rekognition:DeleteDataset", dataset.arn, seen)
            if dataset.status.endswith("IN_PROGRESS"):
                raise ResourceInUseException(f"The dataset {dataset.arn} is {dataset.status}: wait until that is done.")
        for model in models:
            changed = {"status": "DELETING", "status_message": "The model is being deleted."}
            connection.execute(update(versions).where(versions.c.id == model.id).values(changed))
            service.queue.add(connection, "version.delete", model.arn)
        for dataset in sets:
            set_status(connection, dataset.id, "DELETE_IN_PROGRESS", "The dataset is being deleted.")
            service.queue.add(connection, "dataset.delete", dataset.arn)
        connection.execute(update(projects).where(projects.c.id == row.id).values(status="DELETING"))
        service.queue.add(connection, "project.delete", project_arn)


def find(connection: Connection, caller: Caller, arn: str) -> Row[Any]:
    """The row of a project of the caller's account. Raises ResourceNotFoundException."""
    row = None
    if PROJECT.fullmatch(arn):
        query = select(projects).where(projects.c.arn == arn, projects.c.account == caller.account)
        row = connection.execute(query).first()
    if row is None:
        raise ResourceNotFoundException(f"There is no project {arn}.")
    return row


def require_created(row: Row[Any]) -> None:
    """Raises ResourceInUseException for a project that is being deleted."""
    if row.status != "CREATED":
        raise ResourceInUseException(f"The project {row.name} is {row.status}.")


def _description(row: Row[Any], owned: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "ProjectArn": row.arn,
        "CreationTimestamp": row.created / 1000,
        "Status": row.status,
        "Feature": FEATURE,
        "Datasets": [
            {
                "CreationTimestamp": dataset.created / 1000,
                "DatasetType": dataset.type,
                "DatasetArn": dataset.arn,
                "Status": dataset.status,
                "StatusMessage": dataset.status_message,
                "StatusMessageCode": dataset.status_code,
            }
            for dataset in owned
        ],
    }
