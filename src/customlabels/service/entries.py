"""The entries of datasets: ListDatasetEntries, and what others do with whole datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

from sqlalchemy import Connection, delete, insert, literal, select, update

from customlabels.service import dataset_rows, entry_search
from customlabels.service.access.caller import Caller
from customlabels.service.entry_search import Filters
from customlabels.service.service import Service
from customlabels.store.tables import dataset_labels, datasets, entries, entry_labels

PAGE = 100
READ_AT_ONCE = 1000


def list_dataset_entries(
    service: Service,
    caller: Caller,
    *,
    dataset_arn: str,
    contains_labels: Sequence[str] | None = None,
    labeled: bool | None = None,
    source_ref_contains: str | None = None,
    has_errors: bool | None = None,
    next_token: str | None = None,
    max_results: int | None = None,
) -> dict[str, Any]:
    """Lines of a dataset in the order in which they came, with what is wrong with them.

    Raises AccessDenied, InvalidPaginationToken, ResourceInUse, ResourceNotFound, ResourceNotReady.
    """
    limit = max_results or PAGE
    filters = Filters(tuple(sorted(set(contains_labels or ()))), labeled, source_ref_contains, bool(has_errors))
    scope = ("ListDatasetEntries", dataset_arn, astuple(filters))
    with service.database.read() as connection:
        dataset = dataset_rows.open_to_read(connection, caller, "ListDatasetEntries", dataset_arn)
        after = service.pages.position(next_token, *scope) or 0
        found = entry_search.positions(connection, dataset, filters, after, limit + 1)
        shown, further = service.pages.page(found, limit, lambda position: position, *scope)
        mine = (entries.c.dataset_id == dataset.id) & entries.c.position.in_(shown)
        rows = connection.execute(select(entries.c.line).where(mine).order_by(entries.c.position))
        return {"DatasetEntries": list(rows.scalars()), **further}


def lines(connection: Connection, dataset_id: int, after: int = 0) -> Iterator[tuple[int, str]]:
    """Position and line of every entry whose position is above `after`, in order, read in batches."""
    while True:
        mine = (entries.c.dataset_id == dataset_id) & (entries.c.position > after)
        query = select(entries.c.position, entries.c.line).where(mine).order_by(entries.c.position)
        rows = connection.execute(query.limit(READ_AT_ONCE)).all()
        for row in rows:
            yield row.position, row.line
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1].position


def copy(connection: Connection, source: int, target: int) -> None:
    """Copy all of a dataset into one that is empty: entries at their positions, labels, and the numbers of both."""
    columns = [column for column in dataset_labels.c if column.name not in ("id", "dataset_id")]
    labels = (
        select(literal(target), *columns).where(dataset_labels.c.dataset_id == source).order_by(dataset_labels.c.id)
    )
    connection.execute(insert(dataset_labels).from_select(["dataset_id", *(c.name for c in columns)], labels))
    columns = [column for column in entries.c if column.name != "dataset_id"]
    rows = select(literal(target), *columns).where(entries.c.dataset_id == source)
    connection.execute(insert(entries).from_select(["dataset_id", *(c.name for c in columns)], rows))
    old, new = dataset_labels.alias(), dataset_labels.alias()
    uses = (
        select(literal(target), new.c.id, entry_labels.c.position, entry_labels.c.boxed)
        .join(old, old.c.id == entry_labels.c.label_id)
        .join(new, (new.c.dataset_id == target) & (new.c.name == old.c.name))
        .where(entry_labels.c.dataset_id == source)
    )
    connection.execute(insert(entry_labels).from_select(["dataset_id", "label_id", "position", "boxed"], uses))
    numbers = ("total_entries", "labeled_entries", "error_entries", "next_position")
    row = connection.execute(select(*(datasets.c[name] for name in numbers)).where(datasets.c.id == source)).one()
    connection.execute(update(datasets).where(datasets.c.id == target).values(row._asdict()))


def remove(connection: Connection, dataset_id: int) -> None:
    """Delete all entries of a dataset and its labels; its numbers stay as they are."""
    for table in (entry_labels, entries, dataset_labels):
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id))
