"""The labels of a dataset: ListDatasetLabels."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from customlabels.service import dataset_rows
from customlabels.service.access.caller import Caller
from customlabels.service.service import Service
from customlabels.store.tables import dataset_labels

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
        dataset = dataset_rows.open_to_read(connection, caller, "ListDatasetLabels", dataset_arn)
        after = service.pages.position(next_token, *scope) or 0
        mine = (dataset_labels.c.dataset_id == dataset.id) & (dataset_labels.c.id > after)
        query = select(dataset_labels).where(mine).order_by(dataset_labels.c.id).limit(limit + 1)
        rows = connection.execute(query).all()
    shown, further = service.pages.page(rows, limit, lambda row: row.id, *scope)
    return {"DatasetLabelDescriptions": [_description(row) for row in shown], **further}


def _description(row: Row[Any]) -> dict[str, Any]:
    stats = {"EntryCount": row.entries}
    if row.boxed_entries:
        stats["BoundingBoxCount"] = row.boxed_entries
    return {"LabelName": row.name, "LabelStats": stats}
