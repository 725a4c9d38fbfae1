"""Model versions: CreateProjectVersion, DescribeProjectVersions, DeleteProjectVersion, and cancelling a training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from customlabels.service import entries, projects
from customlabels.service import tags as tagging
from customlabels.service.access.caller import Caller
from customlabels.service.arn import VERSION, version_arn
from customlabels.service.clock import unique_now
from customlabels.service.dataset_rows import READY, either
from customlabels.service.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from customlabels.service.projects import UNFINISHED
from customlabels.service.service import Service
from customlabels.store.database import now
from customlabels.store.tables import datasets, versions

PAGE = 100
EFFORTS = ("fast", "balanced", "best")
EFFORT_TAG = "customlabels:effort"
SEED_TAG = "customlabels:seed"
BACKBONE_TAG = "customlabels:backbone"
CANCELLED = "The training was cancelled."


def create_project_version(
    service: Service,
    caller: Caller,
    *,
    project_arn: str,
    version_name: str,
    output_config: Mapping[str, str],
    training_data: Mapping[str, Any] | None = None,
    testing_data: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    kms_key_id: str | None = None,
    version_description: str | None = None,
    feature_config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Begin a training on what the datasets hold now, or on manifests.

    Raises AccessDenied, InvalidParameter, LimitExceeded, ResourceInUse, ResourceNotFound.
    """
    if not output_config.get("S3Bucket"):
        raise InvalidParameterException("OutputConfig needs an S3Bucket to write the results to.")
    if feature_config and feature_config.get("ContentModeration") is not None:
        raise InvalidParameterException("FeatureConfig.ContentModeration is for adapters, which are not supported.")
    effort, seed = _effort(tags or {}), _seed(tags or {})
    backbone = _backbone(tags or {}, service.settings.hub_models)
    with service.database.write() as connection:
        caller.require(
            "rekognition:CreateProjectVersion", project_arn, tagging.seen_by(connection, caller, project_arn), tags
        )
        project = projects.find(connection, caller, project_arn)
        projects.require_created(project)
        created = unique_now(connection)
        arn = version_arn(project_arn, version_name, created)
        require_room(service, connection, caller, project, version_name)
        training = versions.c.status == "TRAINING_IN_PROGRESS"
        _require_few(
            service.settings.max_trainings, _number(connection, (versions.c.account == caller.account) & training)
        )
        held = _datasets(connection, project)
        if held:
            _refuse_manifests(training_data, testing_data)
            inputs: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {"AutoCreate": "TEST" not in held})
        else:
            inputs = _manifests(training_data, testing_data)
        row = {
            "arn": arn,
            "project_id": project.id,
            "account": caller.account,
            "name": version_name,
            "description": version_description,
            "status": "TRAINING_IN_PROGRESS",
            "status_message": "The model is being trained.",
            "created": created,
            "output": dict(output_config),
            "kms_key": kms_key_id,
            "training_input": dict(inputs[0]),
            "testing_input": dict(inputs[1]),
            "training_snapshot": _snapshot(connection, project, held.get("TRAIN")),
            "testing_snapshot": _snapshot(connection, project, held.get("TEST")),
            "results": {},
            "effort": effort,
            "seed": seed,
        }
        connection.execute(insert(versions), row)
        tagging.put(connection, arn, tags)
        rights = [asdict(statement) for statement in caller.statements]
        payload = {"caller": caller.name, "statements": rights, "backbone": backbone}
        service.queue.add(connection, "version.train", arn, payload)
    return {"ProjectVersionArn": arn}


def describe_project_versions(
    service: Service,
    caller: Caller,
    *,
    project_arn: str,
    version_names: Sequence[str] | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """The versions of a project, newest first. Raises AccessDenied, InvalidPaginationToken, ResourceNotFound."""
    limit = max_results or PAGE
    scope = ("DescribeProjectVersions", project_arn, sorted(version_names or []))
    with service.database.read() as connection:
        caller.require(
            "rekognition:DescribeProjectVersions", project_arn, tagging.seen_by(connection, caller, project_arn)
        )
        project = projects.find(connection, caller, project_arn)
        after = service.pages.position(next_token, *scope)
        query = select(versions).where(versions.c.project_id == project.id)
        if version_names:
            query = query.where(versions.c.name.in_(version_names))
        if after is not None:
            query = query.where(
                or_(versions.c.created < after[0], and_(versions.c.created == after[0], versions.c.id < after[1]))
            )
        query = query.order_by(versions.c.created.desc(), versions.c.id.desc()).limit(limit + 1)
        rows = connection.execute(query).all()
    shown, further = service.pages.page(rows, limit, lambda row: [row.created, row.id], *scope)
    return {"ProjectVersionDescriptions": [_description(row) for row in shown], **further}


def delete_project_version(service: Service, caller: Caller, *, project_version_arn: str) -> dict[str, Any]:
    """Delete a version that is not in work; its files in the output bucket stay.

    Raises AccessDenied, ResourceInUse, ResourceNotFound.
    """
    with service.database.write() as connection:
        row = permitted(connection, caller, "DeleteProjectVersion", project_version_arn)
        if row.status in UNFINISHED:
            remedy = {
                "TRAINING_IN_PROGRESS": f"Wait, or run: customlabels cancel {row.arn}",
                "RUNNING": "Stop it first.",
            }
            raise ResourceInUseException(
                f"The model version {row.name} is {row.status}. {remedy.get(row.status, 'Wait until that is done.')}"
            )
        change(connection, row, "DELETING", "The model is being deleted.")
        service.queue.add(connection, "version.delete", row.arn)
    return {"Status": "DELETING"}


def cancel_training(service: Service, caller: Caller, project_version_arn: str) -> None:
    """Have a training stopped. Raises AccessDenied, ResourceInUse where it does not train, ResourceNotFound."""
    with service.database.write() as connection:
        row = permitted(connection, caller, "DeleteProjectVersion", project_version_arn)
        if row.status == "TRAINING_IN_PROGRESS" and service.queue.withdraw(connection, row.arn):
            gone = {"training_snapshot": None, "testing_snapshot": None}
            change(connection, row, "TRAINING_FAILED", CANCELLED, ended=now(), **gone)
            drop_snapshots(connection, (row.training_snapshot, row.testing_snapshot))
        elif row.status != "TRAINING_IN_PROGRESS" or not service.queue.cancel(connection, row.arn):
            raise ResourceInUseException(f"The model version {row.name} is {row.status}: no training to cancel.")


def drop_snapshots(connection: Connection, snapshots: Iterable[int | None]) -> None:
    """Delete what a training was given, once no version refers to it."""
    for snapshot in snapshots:
        if snapshot is not None:
            entries.remove(connection, snapshot)
            connection.execute(datasets.delete().where(datasets.c.id == snapshot))


def find(connection: Connection, caller: Caller, arn: str) -> Row[Any]:
    """The row of a version of the caller's account. Raises ResourceNotFoundException."""
    row = None
    if VERSION.fullmatch(arn):
        query = select(versions).where(versions.c.arn == arn, versions.c.account == caller.account)
        row = connection.execute(query).first()
    if row is None:
        raise ResourceNotFoundException(f"There is no model version {arn}.")
    return row


def permitted(connection: Connection, caller: Caller, operation: str, arn: str) -> Row[Any]:
    """The row of a version that the caller may do this operation with. Raises AccessDenied, ResourceNotFound."""
    caller.require(f"rekognition:{operation}", arn, tagging.seen_by(connection, caller, arn))
    return find(connection, caller, arn)


def change(connection: Connection, row: Row[Any], status: str, message: str, **values: Any) -> None:
    """Write down where a version is."""
    changed = {"status": status, "status_message": message, **values}
    connection.execute(update(versions).where(versions.c.id == row.id).values(changed))


def require_room(service: Service, connection: Connection, caller: Caller, project: Row[Any], name: str) -> None:
    """Raises ResourceInUse where the name is taken, LimitExceeded where the project is full."""
    mine = versions.c.project_id == project.id
    if connection.execute(select(versions.c.id).where(mine, versions.c.name == name)).first():
        raise ResourceInUseException(f"The project {project.name} has a version {name} already: choose another name.")
    number, limit = _number(connection, mine), service.settings.max_versions
    if 0 < limit <= number:
        raise LimitExceededException(
            f"The project {project.name} has {number} model versions, and {limit} are allowed. Delete one, or raise "
            "the limit with the setting CUSTOMLABELS_MAX_VERSIONS."
        )


def _require_few(limit: int, number: int) -> None:
    if 0 < limit <= number:
        raise LimitExceededException(
            f"{number} trainings of this account wait or run, and {limit} may. Wait for one to end, or raise the limit "
            "with the setting CUSTOMLABELS_MAX_TRAININGS."
        )


def _number(connection: Connection, condition: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(versions).where(condition)).scalar_one())


def _datasets(connection: Connection, project: Row[Any]) -> dict[str, Row[Any]]:
    """The datasets of a project by type, where they can be learnt from."""
    query = select(datasets).where(datasets.c.project_id == project.id, datasets.c.arn.is_not(None))
    held = {row.type: row for row in connection.execute(query)}
    for row in held.values():
        if row.status == "CREATE_FAILED":
            raise InvalidParameterException(
                f"The dataset {row.arn} could not be created ({row.status_message}): delete it, and make it again."
            )
        if row.status not in READY:
            raise ResourceInUseException(
                f"The dataset {row.arn} is {row.status}; a training can begin when it is {either(READY)}."
            )
    if held and "TRAIN" not in held:
        raise InvalidParameterException(f"The project {project.name} has a test dataset, but no training dataset.")
    return held


def _refuse_manifests(training: Mapping[str, Any] | None, testing: Mapping[str, Any] | None) -> None:
    if training is not None or testing is not None:
        raise InvalidParameterException(
            "The project has datasets, and is trained with them: leave out TrainingData and TestingData."
        )


def _manifests(
    training: Mapping[str, Any] | None, testing: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if training is None and testing is None:
        raise InvalidParameterException("The project has no datasets: make a training dataset first.")
    if training is None or testing is None:
        raise InvalidParameterException("TrainingData and TestingData must be given both, or neither of them.")
    if not training.get("Assets"):
        raise InvalidParameterException("TrainingData needs Assets with a manifest.")
    assets, auto = testing.get("Assets") or [], bool(testing.get("AutoCreate"))
    if bool(assets) == auto:
        raise InvalidParameterException("TestingData must have either Assets with a manifest or AutoCreate.")
    for asset in (*training["Assets"], *assets):
        place = asset.get("GroundTruthManifest", {}).get("S3Object", {})
        if not place.get("Bucket") or not place.get("Name"):
            raise InvalidParameterException(
                "Each of the Assets needs GroundTruthManifest.S3Object with Bucket and Name."
            )
    return training, testing


def _snapshot(connection: Connection, project: Row[Any], dataset: Row[Any] | None) -> int | None:
    """A copy of a dataset that nobody but the training sees."""
    if dataset is None:
        return None
    row = {
        "project_id": project.id,
        "status": "CREATE_COMPLETE",
        "status_message": "",
        "status_code": "SUCCESS",
        "created": dataset.created,
        "updated": dataset.updated,
    }
    key = connection.execute(insert(datasets), row).inserted_primary_key
    assert key is not None
    entries.copy(connection, dataset.id, key[0])
    return int(key[0])


def _effort(tags: Mapping[str, str]) -> str:
    effort = tags.get(EFFORT_TAG, "balanced")
    if effort not in EFFORTS:
        raise InvalidParameterException(f"The tag {EFFORT_TAG} is {effort!r}; it may be {either(EFFORTS)}.")
    return effort


def _seed(tags: Mapping[str, str]) -> int:
    text = tags.get(SEED_TAG, "0")
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise InvalidParameterException(f"The tag {SEED_TAG} is {text!r}; it must be a whole number below 10**18.")
    return int(text)


def _backbone(tags: Mapping[str, str], offered: Sequence[str]) -> str | None:
    """The backbone to start from, None for our own: only what the setting lists, as the server reads or fetches it."""
    named = tags.get(BACKBONE_TAG)
    if named is not None and named not in offered:
        may = f"it may be {' or '.join(offered)}" if offered else "this server offers none (CUSTOMLABELS_HUB_MODELS)"
        raise InvalidParameterException(f"The tag {BACKBONE_TAG} is {named!r}; {may}.")
    return named


def _description(row: Row[Any]) -> dict[str, Any]:
    results: dict[str, Any] = row.results or {}
    optional = {
        "MinInferenceUnits": row.min_units,
        "MaxInferenceUnits": row.max_units,
        "BillableTrainingTimeInSeconds": row.billable_seconds,
        "TrainingEndTimestamp": None if row.ended is None else row.ended / 1000,
        "KmsKeyId": row.kms_key,
        "VersionDescription": row.description,
        "SourceProjectVersionArn": row.source_arn,
        "ManifestSummary": results.get("ManifestSummary"),
        "EvaluationResult": results.get("EvaluationResult"),
    }
    return {
        "ProjectVersionArn": row.arn,
        "CreationTimestamp": row.created / 1000,
        "Status": row.status,
        "StatusMessage": row.status_message,
        "OutputConfig": row.output,
        "TrainingDataResult": {"Input": row.training_input, **results.get("TrainingDataResult", {})},
        "TestingDataResult": {"Input": row.testing_input, **results.get("TestingDataResult", {})},
        "Feature": projects.FEATURE,
        **{name: value for name, value in optional.items() if value is not None},
    }
