"""The entries of datasets: ListDatasetEntries, and how they are written, read and copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, literal, select, update

from customlabels.manifest.attributes import declared_labels
from customlabels.manifest.entry import Entry
from customlabels.manifest.lines import write_line
from customlabels.service.access.caller import Caller
from customlabels.service.dataset_rows import open_to_read
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
    filters = [sorted(contains_labels or []), labeled, source_ref_contains, bool(has_errors)]
    scope = ("ListDatasetEntries", dataset_arn, filters)
    with service.database.read() as connection:
        dataset = open_to_read(connection, caller, "ListDatasetEntries", dataset_arn)
        after = service.pages.position(next_token, *scope) or 0
        query = select(entries.c.position, entries.c.line).where(
            entries.c.dataset_id == dataset.id, entries.c.position > after
        )
        if contains_labels:
            query = query.where(_carries(connection, dataset.id, contains_labels))
        if labeled is not None:
            query = query.where(entries.c.labeled.is_(labeled))
        if has_errors:
            query = query.where(entries.c.errors.is_(True))
        if source_ref_contains is not None:
            query = _containing(query, service.database.is_sqlite, source_ref_contains)
        rows = connection.execute(query.order_by(entries.c.position).limit(limit + 1)).all()
    shown, further = service.pages.page(rows, limit, lambda row: row.position, *scope)
    return {"DatasetEntries": [row.line for row in shown], **further}


def _carries(connection: Connection, dataset_id: int, labels: Sequence[str]) -> Any:
    """The condition that an entry uses at least one of these labels."""
    named = dataset_labels.c.name.in_(labels)
    ids = connection.execute(select(dataset_labels.c.id).where(dataset_labels.c.dataset_id == dataset_id, named))
    return exists().where(
        entry_labels.c.dataset_id == dataset_id,
        entry_labels.c.position == entries.c.position,
        entry_labels.c.label_id.in_(ids.scalars().all()),
        entry_labels.c.used,
    )


def _containing(query: Select[Any], is_sqlite: bool, text: str) -> Select[Any]:
    """Case counts, and `%` and `_` are themselves: so no LIKE."""
    find = func.instr if is_sqlite else func.strpos
    return query.where(find(entries.c.source_ref, text) > 0)


def lines(connection: Connection, dataset_id: int) -> Iterator[tuple[int, str]]:
    """Position and line of every entry, in order, read in batches."""
    after = 0
    while True:
        mine = (entries.c.dataset_id == dataset_id) & (entries.c.position > after)
        query = select(entries.c.position, entries.c.line).where(mine).order_by(entries.c.position)
        rows = connection.execute(query.limit(READ_AT_ONCE)).all()
        for row in rows:
            yield row.position, row.line
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1].position


def write(connection: Connection, dataset_id: int, placed: Iterable[tuple[int, Entry]], labels: dict[str, int]) -> None:
    """Insert entries at positions that are free. `labels` maps names to ids, and grows by those that are new."""
    rows, carried = [], []
    for position, entry in placed:
        rows.append(
            {
                "dataset_id": dataset_id,
                "position": position,
                "source_ref": entry.source_ref,
                "labeled": entry.is_labeled,
                "errors": entry.has_errors,
                "line": write_line(entry, findings="cl-errors"),
            }
        )
        used = set(entry.all_labels)
        boxed = {box.label for box in entry.boxes or ()}
        for name in dict.fromkeys((*declared_labels(entry.attributes), *entry.all_labels)):
            if name not in labels:
                key = connection.execute(insert(dataset_labels), {"dataset_id": dataset_id, "name": name})
                assert key.inserted_primary_key is not None
                labels[name] = key.inserted_primary_key[0]
            carried.append(
                {
                    "dataset_id": dataset_id,
                    "label_id": labels[name],
                    "position": position,
                    "used": name in used,
                    "boxed": name in boxed,
                }
            )
    if rows:
        connection.execute(insert(entries), rows)
    if carried:
        connection.execute(insert(entry_labels), carried)


def remove(connection: Connection, dataset_id: int, positions: Sequence[int] | None = None) -> None:
    """Delete the entries at some positions, or all of a dataset with its labels."""
    for table in (entry_labels, entries):
        gone = table.c.dataset_id == dataset_id
        if positions is None:
            connection.execute(delete(table).where(gone))
        else:
            for start in range(0, len(positions), READ_AT_ONCE):
                some = table.c.position.in_(positions[start : start + READ_AT_ONCE])
                connection.execute(delete(table).where(gone & some))
    if positions is None:
        connection.execute(delete(dataset_labels).where(dataset_labels.c.dataset_id == dataset_id))


def label_ids(connection: Connection, dataset_id: int) -> dict[str, int]:
    """The ids of a dataset's labels by name."""
    rows = connection.execute(select(dataset_labels).where(dataset_labels.c.dataset_id == dataset_id))
    return {row.name: row.id for row in rows}


def copy(connection: Connection, source: int, target: int, positions: Sequence[int] | None = None) -> None:
    """Copy the entries of a dataset, or those at some positions, with their labels into one that has none there.

    Positions stay; counts are not touched.
    """
    known = label_ids(connection, target)
    for name in label_ids_in_order(connection, source):
        if name not in known:
            connection.execute(insert(dataset_labels), {"dataset_id": target, "name": name})
    new_ids = dataset_labels.alias()
    columns = [column for column in entries.c if column.name != "dataset_id"]
    batches: Sequence[Sequence[int] | None] = [None]
    if positions is not None:
        batches = [positions[i : i + READ_AT_ONCE] for i in range(0, len(positions), READ_AT_ONCE)]
    for batch in batches:
        rows = select(literal(target), *columns).where(entries.c.dataset_id == source)
        carried = (
            select(literal(target), new_ids.c.id, entry_labels.c.position, entry_labels.c.used, entry_labels.c.boxed)
            .join(dataset_labels, dataset_labels.c.id == entry_labels.c.label_id)
            .join(new_ids, (new_ids.c.dataset_id == target) & (new_ids.c.name == dataset_labels.c.name))
            .where(entry_labels.c.dataset_id == source)
        )
        if batch is not None:
            rows = rows.where(entries.c.position.in_(batch))
            carried = carried.where(entry_labels.c.position.in_(batch))
        connection.execute(insert(entries).from_select(["dataset_id", *(c.name for c in columns)], rows))
        names = ["dataset_id", "label_id", "position", "used", "boxed"]
        connection.execute(insert(entry_labels).from_select(names, carried))
    following = select(datasets.c.next_position).where(datasets.c.id == source).scalar_subquery()
    connection.execute(update(datasets).where(datasets.c.id == target).values(next_position=following))


def label_ids_in_order(connection: Connection, dataset_id: int) -> list[str]:
    """The names of a dataset's labels in the order in which they first appeared."""
    query = select(dataset_labels.c.name).where(dataset_labels.c.dataset_id == dataset_id).order_by(dataset_labels.c.id)
    return list(connection.execute(query).scalars())


def positions_of(connection: Connection, dataset_id: int, source_refs: Sequence[str]) -> Mapping[str, int]:
    """The positions of those of the images that are in the dataset."""
    found: dict[str, int] = {}
    for start in range(0, len(source_refs), 500):
        some = entries.c.source_ref.in_(source_refs[start : start + 500])
        query = select(entries.c.source_ref, entries.c.position).where(entries.c.dataset_id == dataset_id, some)
        found.update({row.source_ref: row.position for row in connection.execute(query)})
    return found
