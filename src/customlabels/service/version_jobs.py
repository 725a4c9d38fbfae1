"""The work on model versions that a call only asks for: train, copy, delete."""

from __future__ import annotations

from sqlalchemy import delete, select

from customlabels.engine.work import Handler, Task
from customlabels.service import copies, tags, training
from customlabels.service.service import Service
from customlabels.service.version_models import delete_models
from customlabels.service.versions import drop_snapshots
from customlabels.store.tables import versions

DELETE_AGAIN_SECONDS = 10.0
"""How soon a deletion that failed, since models cannot be reached, is tried again; the version stays DELETING."""


def handlers(service: Service) -> dict[str, Handler]:
    """How jobs on model versions are done."""
    return {
        "version.train": Handler(
            lambda task: training.train(service, task), lambda task, reason: training.fail(service, task, reason)
        ),
        "version.copy": Handler(
            lambda task: copies.copy(service, task), lambda task, reason: copies.fail(service, task, reason)
        ),
        "version.delete": Handler(
            lambda task: _delete(service, task), lambda task, reason: task.postpone(DELETE_AGAIN_SECONDS)
        ),
    }


def _delete(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        row = connection.execute(select(versions).where(versions.c.arn == task.job.subject)).first()
    if row is not None:
        delete_models(service, row)
    with service.database.write() as connection:
        task.finish(connection)
        if row is not None:
            connection.execute(delete(versions).where(versions.c.id == row.id))
            drop_snapshots(connection, (row.training_snapshot, row.testing_snapshot))
            tags.remove_all(connection, row.arn)
