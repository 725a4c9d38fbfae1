"""The work on datasets that a call only asks for: create, update, distribute, delete; and deleting a project."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from customlabels.engine.work import Handler, Task
from customlabels.manifest.entry import Entry
from customlabels.manifest.problems import problem
from customlabels.manifest.split import labels_too_rare, split
from customlabels.service import counting, entry_rows, tags
from customlabels.service.applying import BATCH, apply, set_next
from customlabels.service.counting import Tally
from customlabels.service.dataset_rows import set_status
from customlabels.service.datasets import CREATED
from customlabels.service.importing import (
    MAX_MANIFEST_BYTES,
    ManifestRefused,
    Reader,
    split_lines,
)
from customlabels.service.labelling.archives import SourceRefused
from customlabels.service.labelling.previews import make_thumbnails
from customlabels.service.labelling.relabelling import relabel
from customlabels.service.labelling.sources import write_manifest
from customlabels.service.service import Service
from customlabels.store.objects import ObjectError, StoreUnavailable
from customlabels.store.tables import (
    dataset_labels,
    datasets,
    entries,
    entry_labels,
    project_policies,
    projects,
    versions,
)

log = logging.getLogger(__name__)
TEST_SHARE = 0.2
RETRY_SECONDS = 60.0
CONTENTS_SECONDS = 0.5


class DatasetGone(Exception):
    """The dataset that a job works on is not there, or in another state: there is nothing to do."""


def handlers(service: Service) -> dict[str, Handler]:
    """How jobs on datasets and projects are done."""

    def handler(do: Callable[[Service, Task], None], failed: Callable[[Service, Task, str], None]) -> Handler:
        return Handler(lambda task: _run(service, task, do), lambda task, reason: failed(service, task, reason))

    return {
        "dataset.create": handler(_create, _create_failed),
        "dataset.update": handler(_update, _update_failed),
        "dataset.distribute": handler(_distribute, _update_failed),
        "dataset.relabel": handler(relabel, _update_failed),
        "dataset.thumbnails": Handler(lambda task: make_thumbnails(service, task), _given_up(service)),
        "dataset.delete": handler(_delete, _later),
        "project.delete": handler(_delete_project, _later),
    }


def _run(service: Service, task: Task, do: Callable[[Service, Task], None]) -> None:
    try:
        do(service, task)
    except DatasetGone:
        with _finishing(service, task):
            pass


def _create(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        dataset = _in_state(connection, task.job.subject, "CREATE_IN_PROGRESS")
    _empty(service, task, dataset.id)  # of a worker that died in the midst of this
    reader, counts, ids = Reader(), Tally(), dict[str, int]()
    try:
        place = task.job.payload.get("manifest") or _from_source(service, task, dataset)
        stream = reader.read(_manifest(service, place["Bucket"], place["Name"]))
        while batch := list(islice(stream, BATCH)):
            with _part(service, task) as connection:
                entry_rows.write(connection, dataset.id, enumerate(batch, counts.total + 1), ids, counts)
    except (ManifestRefused, SourceRefused) as error:
        _empty(service, task, dataset.id)
        with _finishing(service, task) as connection:
            set_status(connection, dataset.id, "CREATE_FAILED", str(error), "CLIENT_ERROR")
        return
    with _part(service, task) as connection:
        entry_rows.analyze(connection)
    with _finishing(service, task) as connection:
        counting.change(connection, dataset.id, counts, Tally())
        set_next(connection, dataset.id, counts.total + 1)
        source = "manifest file" if "manifest" in task.job.payload else next(iter(task.job.payload["source"])).lower()
        message = f"{CREATED} from the {source}.{place.get('LeftOut', '')}{reader.words()}"
        service.queue.add(connection, "dataset.thumbnails", task.job.subject, {"after": 0})
        set_status(connection, dataset.id, "CREATE_COMPLETE", message)


def _from_source(service: Service, task: Task, dataset: Row[Any]) -> dict[str, str]:
    def tell(words: str) -> None:
        with _part(service, task) as connection:
            set_status(connection, dataset.id, "CREATE_IN_PROGRESS", words)

    return write_manifest(service, dataset.arn, task.job.payload, tell)


def _create_failed(service: Service, task: Task, reason: str) -> None:
    with service.database.read() as connection:
        dataset = _find(connection, task.job.subject)
    creating = dataset is not None and dataset.status == "CREATE_IN_PROGRESS"
    if dataset is not None and creating:
        _empty(service, task, dataset.id)
    with _finishing(service, task) as connection:
        if dataset is not None and creating:
            set_status(connection, dataset.id, "CREATE_FAILED", reason, "SERVICE_ERROR")


def _update(service: Service, task: Task) -> None:
    lines = base64.b64decode(task.job.payload["lines"]).split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    reader = Reader()
    try:
        changed = list(reader.read(lines))
        with _finishing(service, task) as connection:
            dataset = _in_state(connection, task.job.subject, "UPDATE_IN_PROGRESS")
            apply(connection, dataset, changed)
            service.queue.add(connection, "dataset.thumbnails", dataset.arn, {"after": dataset.next_position - 1})
            set_status(
                connection, dataset.id, "UPDATE_COMPLETE", f"The dataset was successfully updated.{reader.words()}"
            )
    except ManifestRefused as error:
        with _finishing(service, task) as connection:
            dataset = _in_state(connection, task.job.subject, "UPDATE_IN_PROGRESS")
            set_status(connection, dataset.id, "UPDATE_FAILED", str(error), "CLIENT_ERROR")


def _update_failed(service: Service, task: Task, reason: str) -> None:
    """Of an update, or of a distribution: then both datasets."""
    with _finishing(service, task) as connection:
        for arn in (task.job.subject, task.job.payload.get("test")):
            dataset = None if arn is None else _find(connection, arn)
            if dataset is not None and dataset.status == "UPDATE_IN_PROGRESS":
                set_status(connection, dataset.id, "UPDATE_FAILED", reason, "SERVICE_ERROR")


def _distribute(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        train = _in_state(connection, task.job.subject, "UPDATE_IN_PROGRESS")
        test = _in_state(connection, task.job.payload["test"], "UPDATE_IN_PROGRESS")
        labeled = _labeled(connection, train.id)
    both = (train, test)
    rare = labels_too_rare(labeled)
    if rare or not labeled:
        what = f"These have a single image: {', '.join(rare[:10])}." if rare else "No image has a label."
        found = problem("ERROR_INSUFFICIENT_IMAGES_PER_LABEL_FOR_DISTRIBUTE", detail=what)
        with _finishing(service, task) as connection:
            for dataset in both:
                set_status(connection, dataset.id, "UPDATE_FAILED", f"{found.message} {found.detail}", "CLIENT_ERROR")
        return
    _, chosen = split(labeled, TEST_SHARE)
    positions = [entry.line for entry in chosen]
    with service.database.read() as connection:
        moved = counting.tally(connection, train.id, positions)
    with _finishing(service, task) as connection:
        entry_rows.move(connection, train.id, test.id, positions)
        counting.change(connection, train.id, Tally(), moved)
        counting.change(connection, test.id, moved, Tally())
        set_next(connection, test.id, train.next_position)
        for dataset in both:
            set_status(connection, dataset.id, "UPDATE_COMPLETE", "The entries were successfully distributed.")


def _labeled(connection: Connection, dataset_id: int) -> list[Entry]:
    """The labeled entries of a dataset, as far as a split needs them: `line` is the position."""
    carried: dict[int, list[str]] = {}
    query = (
        select(entry_labels.c.position, dataset_labels.c.name)
        .join(dataset_labels, dataset_labels.c.id == entry_labels.c.label_id)
        .where(entry_labels.c.dataset_id == dataset_id)
        .order_by(entry_labels.c.position, dataset_labels.c.id)
    )
    for row in connection.execute(query):
        carried.setdefault(row.position, []).append(row.name)
    mine = (entries.c.dataset_id == dataset_id) & entries.c.labeled
    rows = connection.execute(select(entries.c.position, entries.c.source_ref).where(mine).order_by(entries.c.position))
    return [Entry(row.source_ref, tuple(carried[row.position]), line=row.position) for row in rows]


def _delete(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        dataset = _in_state(connection, task.job.subject, "DELETE_IN_PROGRESS")
    _empty(service, task, dataset.id)
    with _finishing(service, task) as connection:
        connection.execute(delete(datasets).where(datasets.c.id == dataset.id))
        tags.remove_all(connection, dataset.arn)


def _delete_project(service: Service, task: Task) -> None:
    with service.database.read() as connection:
        project = connection.execute(select(projects).where(projects.c.arn == task.job.subject)).first()
        left = project is not None and _has_contents(connection, project.id)
    if left:  # they are deleted with it, by jobs of their own
        task.postpone(CONTENTS_SECONDS)
        return
    with _finishing(service, task) as connection:
        if project is not None:
            connection.execute(delete(project_policies).where(project_policies.c.project_id == project.id))
            connection.execute(delete(projects).where(projects.c.id == project.id))
            tags.remove_all(connection, project.arn)


def _has_contents(connection: Connection, project_id: int) -> bool:
    for table in (datasets, versions):
        if connection.execute(select(table.c.id).where(table.c.project_id == project_id).limit(1)).first():
            return True
    return False


def _given_up(service: Service) -> Callable[[Task, str], None]:
    """Of work that can as well be left undone."""

    def failed(task: Task, reason: str) -> None:
        with _finishing(service, task):
            log.warning("%s of %s was given up: %s", task.job.kind, task.job.subject, reason)

    return failed


def _later(service: Service, task: Task, reason: str) -> None:
    """What is half deleted cannot go back: it is deleted when whatever hinders that is over."""
    task.postpone(RETRY_SECONDS)


def _empty(service: Service, task: Task, dataset_id: int) -> None:
    """Delete all entries of a dataset that nobody can see, some at a time."""
    left = True
    while left:
        with _part(service, task) as connection:
            left = entry_rows.remove_first(connection, dataset_id, BATCH)


@contextmanager
def _part(service: Service, task: Task) -> Iterator[Connection]:
    """A transaction within a job."""
    with service.database.write() as connection:
        task.require(connection)
        yield connection


@contextmanager
def _finishing(service: Service, task: Task) -> Iterator[Connection]:
    """The transaction with which a job ends."""
    with service.database.write() as connection:
        task.finish(connection)
        yield connection


def _manifest(service: Service, bucket: str, key: str) -> Iterator[bytes]:
    """The lines of a manifest. Raises ManifestRefused where it cannot be read or is too large."""
    try:
        stored, chunks = service.objects.open(bucket, key)
        if stored.size > MAX_MANIFEST_BYTES:
            detail = f"s3://{bucket}/{key} has {stored.size:,} bytes; at most {MAX_MANIFEST_BYTES:,} are allowed."
            raise ManifestRefused(problem("ERROR_MANIFEST_SIZE_TOO_LARGE", detail=detail))
        yield from split_lines(chunks)
    except StoreUnavailable:
        raise
    except ObjectError as error:
        code = "ERROR_MANIFEST_INACCESSIBLE_OR_UNSUPPORTED_FORMAT"
        raise ManifestRefused(problem(code, detail=str(error))) from error


def _find(connection: Connection, arn: str) -> Row[Any] | None:
    return connection.execute(select(datasets).where(datasets.c.arn == arn)).first()


def _in_state(connection: Connection, arn: str, status: str) -> Row[Any]:
    row = _find(connection, arn)
    if row is None or row.status != status:
        raise DatasetGone(arn)
    return row
