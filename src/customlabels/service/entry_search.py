"""Which entries of a dataset a list shows: every filter by an index, and no line is read but those that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from customlabels.store.tables import dataset_labels, entries, entry_labels

_FEW = 8
"""Labels on less than one of so many entries lead the search; others are looked up for each entry that fits else."""


@dataclass(frozen=True)
class Filters:
    """All of them must hold. `labels`: at least one of them is used; `text` is part of the source-ref, case counts."""

    labels: tuple[str, ...] = ()
    labeled: bool | None = None
    text: str | None = None
    errors: bool = False

    @property
    def nothing(self) -> bool:
        """Whether no entry can fit: labels are used by labeled entries only, and no stored text has a NUL."""
        return bool(self.labels and self.labeled is False) or "\0" in (self.text or "")


def positions(connection: Connection, dataset: Row[Any], filters: Filters, after: int, limit: int) -> Sequence[int]:
    """The positions of the first `limit` entries after a position that fit the filters, in order."""
    if filters.nothing:
        return []
    query = select(entries.c.position).where(entries.c.dataset_id == dataset.id, entries.c.position > after)
    if filters.labeled is not None and not filters.labels:
        query = query.where(entries.c.labeled.is_(filters.labeled))
    if filters.errors:
        query = query.where(entries.c.errors.is_(True))
    if filters.text is not None:  # `%` and `_` are themselves, and case counts: so no LIKE
        find = func.instr if connection.dialect.name == "sqlite" else func.strpos
        query = query.where(find(entries.c.source_ref, filters.text) > 0)
    if filters.labels:
        return _with_labels(connection, dataset, filters, after, limit, query)
    return connection.execute(query.order_by(entries.c.position).limit(limit)).scalars().all()


def _with_labels(
    connection: Connection, dataset: Row[Any], filters: Filters, after: int, limit: int, others: Any
) -> Sequence[int]:
    """As `positions`, of entries that `others` selects and that use one of the labels."""
    wanted = dataset_labels.c.name.in_([name for name in filters.labels if "\0" not in name])
    counted = select(dataset_labels.c.id, dataset_labels.c.entries).where(dataset_labels.c.dataset_id == dataset.id)
    rows = connection.execute(counted.where(wanted)).all()
    uses = sum(row.entries for row in rows)
    if uses == 0:
        return []
    alone = filters.text is None and not filters.errors
    mine = entry_labels.c.dataset_id == dataset.id
    if not alone and _FEW * uses > dataset.total_entries:
        used = mine & (entry_labels.c.position == entries.c.position)
        ids = entry_labels.c.label_id.in_([row.id for row in rows])
        query = others.where(select(entry_labels.c.position).where(used, ids).exists())
        return connection.execute(query.order_by(entries.c.position).limit(limit)).scalars().all()
    found: set[int] = set()
    for row in rows:  # each label's entries are in order in the primary key
        query = select(entry_labels.c.position).where(mine, entry_labels.c.label_id == row.id)
        query = query.where(entry_labels.c.position > after)
        if not alone:
            query = query.where(
                others.where(entries.c.position == entry_labels.c.position).correlate(entry_labels).exists()
            )
        found.update(connection.execute(query.order_by(entry_labels.c.position).limit(limit)).scalars())
    return sorted(found)[:limit]
