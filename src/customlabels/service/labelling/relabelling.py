"""Renaming a label, or taking it from the images: a job on the entries that have it, some at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from customlabels.engine.work import Task
from customlabels.service.applying import BATCH, apply
from customlabels.service.dataset_rows import set_status
from customlabels.service.labelling.annotations import read_entry, relabelled
from customlabels.service.labelling.editing import UPDATED
from customlabels.service.service import Service
from customlabels.store.tables import dataset_labels, datasets, entries, entry_labels


def relabel(service: Service, task: Task) -> None:
    """Do the job: what was done before a crash is not done again, since those entries have the label no more."""
    name, new_name = task.job.payload["name"], task.job.payload["new_name"]
    after: int | None = None  # the position from which on entries are looked through that only declare the label
    while True:
        with service.database.write() as connection:
            task.require(connection)
            dataset = _dataset(connection, task.job.subject)
            if dataset is None:
                task.finish(connection)
                return
            positions = _having(connection, dataset.id, name) if after is None else []
            if not positions:
                positions = _declaring(connection, dataset.id, name, after or 0)
                after = positions[-1] if positions else 0
            if not positions:
                _end(connection, dataset, name)
                task.finish(connection)
                return
            lines = _lines(connection, dataset.id, positions)
            apply(connection, dataset, [relabelled(read_entry(line), name, new_name) for line in lines], spare=1)


def _dataset(connection: Connection, arn: str) -> Row[Any] | None:
    row = connection.execute(select(datasets).where(datasets.c.arn == arn)).first()
    return row if row is not None and row.status == "UPDATE_IN_PROGRESS" else None


def _having(connection: Connection, dataset_id: int, name: str) -> Sequence[int]:
    """Positions of entries that use the label."""
    query = (
        select(entry_labels.c.position)
        .join(dataset_labels, dataset_labels.c.id == entry_labels.c.label_id)
        .where(entry_labels.c.dataset_id == dataset_id, dataset_labels.c.dataset_id == dataset_id)
        .where(dataset_labels.c.name == name)
    )
    return connection.execute(query.order_by(entry_labels.c.position).limit(BATCH)).scalars().all()


def _declaring(connection: Connection, dataset_id: int, name: str, after: int) -> Sequence[int]:
    """Positions after `after` of entries whose line has the label's name somewhere, as in a class-map without boxes."""
    declared = select(dataset_labels.c.declared_entries).where(
        dataset_labels.c.dataset_id == dataset_id, dataset_labels.c.name == name
    )
    if not (connection.execute(declared).scalar() or 0) > 0:
        return []
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    spellings = {json.dumps(name), json.dumps(name, ensure_ascii=False)}
    there = [find(entries.c.line, spelling) > 0 for spelling in sorted(spellings)]
    condition = there[0] if len(there) == 1 else there[0] | there[1]
    query = select(entries.c.position).where(entries.c.dataset_id == dataset_id, entries.c.position > after, condition)
    return connection.execute(query.order_by(entries.c.position).limit(BATCH)).scalars().all()


def _lines(connection: Connection, dataset_id: int, positions: Sequence[int]) -> Sequence[str]:
    mine = (entries.c.dataset_id == dataset_id) & entries.c.position.in_(positions)
    return connection.execute(select(entries.c.line).where(mine).order_by(entries.c.position)).scalars().all()


def _end(connection: Connection, dataset: Row[Any], name: str) -> None:
    mine = (dataset_labels.c.dataset_id == dataset.id) & (dataset_labels.c.name == name)
    connection.execute(update(dataset_labels).where(mine).values(kept=False))
    gone = mine & (dataset_labels.c.declared_entries <= 0) & (dataset_labels.c.entries <= 0)
    connection.execute(delete(dataset_labels).where(gone))
    set_status(connection, dataset.id, "UPDATE_COMPLETE", UPDATED)
