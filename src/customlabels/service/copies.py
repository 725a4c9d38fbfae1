"""Copying model versions between projects, of one account or of two: CopyProjectVersion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from customlabels.engine.work import Task
from customlabels.service import policies, projects, versions
from customlabels.service import tags as tagging
from customlabels.service.access.caller import Caller
from customlabels.service.access.statements import Statement
from customlabels.service.arn import PROJECT, VERSION, account_of, names_of, version_arn
from customlabels.service.clock import unique_now
from customlabels.service.errors import (
    AccessDeniedException,
    InvalidParameterException,
    ResourceNotFoundException,
)
from customlabels.service.outputs import OutputRefused, Outputs
from customlabels.service.service import Service
from customlabels.service.version_models import forget_attempts, new_model_name
from customlabels.store.database import now
from customlabels.store.models import NoSuchModel, copy_folder
from customlabels.store.tables import projects as project_table
from customlabels.store.tables import versions as table

ACTION = "rekognition:CopyProjectVersion"
TRAINED = ("TRAINING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED", "COPYING_COMPLETED", "FAILED")
COMPLETED = "The model is ready to run."


def copy_project_version(
    service: Service,
    caller: Caller,
    *,
    source_project_arn: str,
    source_project_version_arn: str,
    destination_project_arn: str,
    version_name: str,
    output_config: Mapping[str, str],
    tags: Mapping[str, str] | None = None,
    kms_key_id: str | None = None,
) -> dict[str, Any]:
    """Begin to copy a trained version into another project.

    Raises AccessDenied, InvalidParameter, LimitExceeded, ResourceInUse, ResourceNotFound.
    """
    if not output_config.get("S3Bucket"):
        raise InvalidParameterException("OutputConfig needs an S3Bucket to write the results to.")
    with service.database.write() as connection:
        destination_tags = tagging.seen_by(connection, caller, destination_project_arn)
        caller.require(ACTION, destination_project_arn, destination_tags, tags)
        source = _source(connection, caller, source_project_arn, source_project_version_arn)
        project = projects.find(connection, caller, destination_project_arn)
        projects.require_created(project)
        versions.require_room(service, connection, caller, project, version_name)
        created = unique_now(connection)
        arn = version_arn(destination_project_arn, version_name, created)
        row = {
            "arn": arn,
            "project_id": project.id,
            "account": caller.account,
            "name": version_name,
            "description": source.description,
            "status": "COPYING_IN_PROGRESS",
            "status_message": "The model is being copied.",
            "created": created,
            "output": dict(output_config),
            "kms_key": kms_key_id,
            "training_input": {},
            "testing_input": {"AutoCreate": False},
            "results": {},
            "source_arn": source.arn,
            "effort": source.effort,
            "seed": source.seed,
        }
        connection.execute(insert(table), row)
        tagging.put(connection, arn, tags)
        rights = [asdict(statement) for statement in caller.statements]
        service.queue.add(connection, "version.copy", arn, {"caller": caller.name, "statements": rights})
    return {"ProjectVersionArn": arn}


def copy(service: Service, task: Task) -> None:
    """Do the job of a version that is COPYING_IN_PROGRESS."""
    with service.database.read() as connection:
        row = connection.execute(select(table).where(table.c.arn == task.job.subject)).first()
        source = None
        if row is not None:
            source = connection.execute(select(table).where(table.c.arn == row.source_arn)).first()
    if row is None or row.status != "COPYING_IN_PROGRESS":
        with service.database.write() as connection:
            task.finish(connection)
        return
    if source is None or source.model is None:
        fail(service, task, "The source of the copy was deleted before it could be copied.")
        return
    statements = tuple(
        Statement(s["effect"], tuple(s["actions"]), tuple(s["resources"]), s["conditions"])
        for s in task.job.payload["statements"]
    )
    caller = Caller(row.account, task.job.payload["caller"], statements)
    outputs = Outputs.of(service, caller, row.output, *names_of(row.arn))
    name = new_model_name(row)
    try:
        outputs.check()
        copy_folder(service.model_folder(source.model), service.models.new(name))
        files = outputs.put_evaluation(service.models.new(name))
        service.models.keep(name)
    except OutputRefused:
        fail(service, task, "Unable to write to output S3 bucket.")
        return
    except NoSuchModel as error:
        fail(service, task, str(error))
        return
    results = {
        "EvaluationResult": {"F1Score": source.f1, **files["EvaluationResult"]},
        "TrainingDataResult": files["TrainingDataResult"],
        "TestingDataResult": files["TestingDataResult"],
    }
    with service.database.write() as connection:
        task.finish(connection)
        values = {"ended": now(), "f1": source.f1, "results": results, "model": name}
        versions.change(connection, row, "COPYING_COMPLETED", COMPLETED, **values)
    forget_attempts(service, row, name)


def fail(service: Service, task: Task, reason: str) -> None:
    """End a copy in vain."""
    with service.database.write() as connection:
        task.finish(connection)
        row = connection.execute(select(table).where(table.c.arn == task.job.subject)).first()
        if row is not None and row.status == "COPYING_IN_PROGRESS":
            versions.change(connection, row, "COPYING_FAILED", reason, ended=now())


def _source(connection: Connection, caller: Caller, project_arn: str, arn: str) -> Row[Any]:
    """The version to copy, if the caller may: within an account by its own policies, else by the project's."""
    source = None
    if PROJECT.fullmatch(project_arn) and VERSION.fullmatch(arn):
        source = connection.execute(select(table).where(table.c.arn == arn)).first()
    project = connection.execute(select(project_table).where(project_table.c.arn == project_arn)).first()
    same = account_of(project_arn) == caller.account if PROJECT.fullmatch(project_arn) else False
    if project is not None:
        said = policies.allow_copy(connection, project.id, caller.arn, arn)
        own = caller.may(ACTION, arn, tagging.seen_by(connection, caller, arn))
        if said == "Deny" or not own or (not same and said != "Allow"):
            raise AccessDeniedException(caller.arn, ACTION, arn)
    elif not same:  # whether there is such a project is not for everybody to know
        raise AccessDeniedException(caller.arn, ACTION, arn)
    if project is None:
        raise ResourceNotFoundException(f"There is no project {project_arn}.")
    if source is None:
        raise ResourceNotFoundException(f"There is no model version {arn}.")
    if source.project_id != project.id:
        raise InvalidParameterException(f"The model version {arn} is not of the project {project_arn}.")
    if source.status not in TRAINED or source.model is None:
        raise InvalidParameterException(
            f"The model version {arn} is {source.status}; only a trained one can be copied."
        )
    return source
