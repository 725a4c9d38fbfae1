"""Small pictures of all images of a dataset, made ahead of whoever will look: a job, a second of work at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from customlabels.engine.work import Task
from customlabels.imaging.images import ImageError
from customlabels.manifest.opener import S3
from customlabels.service.labelling.thumbnails import has_thumbnail, keep_thumbnail
from customlabels.service.pictures import MAX_BYTES
from customlabels.service.service import Service
from customlabels.store.objects import ObjectError, StoreUnavailable
from customlabels.store.tables import datasets, entries, projects, versions

log = logging.getLogger(__name__)
SECONDS = 1.0
"""Of work, after which other jobs have their turn."""
_PAGE = 200
_WAIT_SECONDS = 3.0


def make_thumbnails(service: Service, task: Task) -> None:
    """Do a part of the job, and leave the rest to another one; it waits while a model trains: the processor is busy."""
    if service.settings.s3_endpoint and not service.settings.address_file.is_file():
        with service.database.write() as connection:
            task.finish(connection)  # who shows them has another home, and makes them when somebody looks
        return
    with service.database.read() as connection:
        training = select(versions.c.id).where(versions.c.status == "TRAINING_IN_PROGRESS").limit(1)
        busy = connection.execute(training).first() is not None
    if busy:
        task.postpone(_WAIT_SECONDS)
        return
    after, until = task.job.payload["after"], time.monotonic() + SECONDS
    account, rows = _next(service, task.job.subject, after)
    for row in rows:  # at least one, however long it took to find it
        _make(service, account, row.source_ref)
        after = row.position
        if time.monotonic() >= until:
            break
    with service.database.write() as connection:
        task.finish(connection)
        if rows:
            service.queue.add(connection, "dataset.thumbnails", task.job.subject, {"after": after})


def _next(service: Service, arn: str, after: int) -> tuple[str, Sequence[Any]]:
    """The account of a dataset, and its next images."""
    with service.database.read() as connection:
        owner = (
            select(datasets.c.id, projects.c.account)
            .join(projects, projects.c.id == datasets.c.project_id)
            .where(datasets.c.arn == arn)
        )
        dataset = connection.execute(owner).first()
        if dataset is None:
            return "", []
        mine = (entries.c.dataset_id == dataset.id) & (entries.c.position > after)
        query = select(entries.c.position, entries.c.source_ref).where(mine).order_by(entries.c.position).limit(_PAGE)
        return dataset.account, connection.execute(query).all()


def _make(service: Service, account: str, source_ref: str) -> None:
    bucket, _, key = source_ref.removeprefix(S3).partition("/")
    try:
        if service.objects.bucket(bucket).account != account:
            return
        etag = service.objects.head(bucket, key).etag
        if not has_thumbnail(service, bucket, key, etag):
            keep_thumbnail(service, bucket, key, etag, service.objects.read(bucket, key, MAX_BYTES))
    except StoreUnavailable:
        raise
    except (ObjectError, ImageError, OSError) as error:
        log.info("no small picture of %s: %s", source_ref, error)  # whoever looks at it is told the same
