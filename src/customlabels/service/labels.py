"""The labels of a dataset: ListDatasetLabels, and how they are counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer, Row, cast, delete, func, select, update

from customlabels.service.access.caller import Caller
from customlabels.service.dataset_rows import open_to_read
from customlabels.service.service import Service
from customlabels.store.tables import dataset_labels, datasets, entries, entry_labels

PAGE = 100


def list_dataset_labels(
    service: Service,
    caller: Caller,
    *,
    dataset_arn: str,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """Labels in the order in which they first appeared, with the numbers of images that use them.

    Raises AccessDenied, InvalidPaginationToken, ResourceInUse, ResourceNotFound, ResourceNotReady.
    """
    limit = max_results or PAGE
    scope = ("ListDatasetLabels", dataset_arn)
    with service.database.read() as connection:
        dataset = open_to_read(connection, caller, "ListDatasetLabels", dataset_arn)
        after = service.pages.position(next_token, *scope) or 0
        mine = (dataset_labels.c.dataset_id == dataset.id) & (dataset_labels.c.id > after)
        query = select(dataset_labels).where(mine).order_by(dataset_labels.c.id).limit(limit + 1)
        rows = connection.execute(query).all()
    shown, further = service.pages.page(rows, limit, lambda row: row.id, *scope)
    return {"DatasetLabelDescriptions": [_description(row) for row in shown], **further}


def recount(connection: Connection, dataset_id: int) -> None:
    """Count a dataset's entries and labels anew; labels that no entry declares any more are removed."""
    per_label = select(
        entry_labels.c.label_id,
        func.sum(cast(entry_labels.c.used, Integer)).label("used"),
        func.sum(cast(entry_labels.c.boxed, Integer)).label("boxed"),
    )
    mine = entry_labels.c.dataset_id == dataset_id
    counts = connection.execute(per_label.where(mine).group_by(entry_labels.c.label_id)).all()
    known = [row.label_id for row in counts]
    unused = (dataset_labels.c.dataset_id == dataset_id) & dataset_labels.c.id.not_in(known)
    connection.execute(delete(dataset_labels).where(unused))
    for row in counts:
        values = {"entries": row.used, "boxed_entries": row.boxed}
        connection.execute(update(dataset_labels).where(dataset_labels.c.id == row.label_id).values(values))
    totals = connection.execute(
        select(
            func.count().label("total"),
            func.coalesce(func.sum(cast(entries.c.labeled, Integer)), 0).label("labeled"),
            func.coalesce(func.sum(cast(entries.c.errors, Integer)), 0).label("errors"),
        ).where(entries.c.dataset_id == dataset_id)
    ).one()
    values = {"total_entries": totals.total, "labeled_entries": totals.labeled, "error_entries": totals.errors}
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(values))


def _description(row: Row[Any]) -> dict[str, Any]:
    stats = {"EntryCount": row.entries}
    if row.boxed_entries:
        stats["BoundingBoxCount"] = row.boxed_entries
    return {"LabelName": row.name, "LabelStats": stats}
