"""The work on model versions that a call only asks for: train, copy, delete."""

from __future__ import annotations

import shutil

from sqlalchemy import delete, select

from customlabels.engine.work import Handler, Task
from customlabels.service import copies, tags, training
from customlabels.service.service import Service
from customlabels.service.versions import drop_snapshots
from customlabels.store.tables import versions


def handlers(service: Service) -> dict[str, Handler]:
    """How jobs on model versions are done."""
    return {
        "version.train": Handler(
            lambda task: training.train(service, task), lambda task, reason: training.fail(service, task, reason)
        ),
        "version.copy": Handler(
            lambda task: copies.copy(service, task), lambda task, reason: copies.fail(service, task, reason)
        ),
        "version.delete": Handler(lambda task: _delete(service, task), lambda task, reason: _delete(service, task)),
    }


def _delete(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        row = connection.execute(select(versions).where(versions.c.arn == task.job.subject)).first()
    if row is not None:
        shutil.rmtree(service.model_folder(f"{row.id}-{row.created}"), ignore_errors=True)
    with service.database.write() as connection:
        task.finish(connection)
        if row is not None:
            connection.execute(delete(versions).where(versions.c.id == row.id))
            drop_snapshots(connection, (row.training_snapshot, row.testing_snapshot))
            tags.remove_all(connection, row.arn)
