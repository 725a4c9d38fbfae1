"""How many entries a dataset has, and how many of them carry which label: kept with every change, not counted anew."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, delete, insert, select, update

from customlabels.manifest.attributes import declared_labels
from customlabels.manifest.entry import Entry
from customlabels.store.tables import dataset_labels, datasets, entries, entry_labels

AT_ONCE = 1000


@dataclass
class Tally:
    """Numbers of entries: all, labeled, with errors; and by label those that declare, use and box it.

    A label that is used counts as declared.
    """

    total: int = 0
    labeled: int = 0
    errors: int = 0
    declared: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    boxed: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Entry, labels: Iterable[str]) -> None:
        """Count one entry more; `labels` are those of `labels_of`."""
        self.total += 1
        self.labeled += entry.is_labeled
        self.errors += entry.has_errors
        self.declared.update(labels)
        self.used.update(entry.all_labels)
        self.boxed.update({box.label for box in entry.boxes or ()})


def labels_of(entry: Entry) -> tuple[str, ...]:
    """The labels that an entry declares or uses, each once, in order."""
    return tuple(dict.fromkeys((*declared_labels(entry.attributes), *entry.all_labels)))


def tally(connection: Connection, dataset_id: int, positions: Sequence[int]) -> Tally:
    """Count the entries at some positions."""
    found = Tally()
    named = and_(dataset_labels.c.id == entry_labels.c.label_id, dataset_labels.c.dataset_id == dataset_id)
    for start in range(0, len(positions), AT_ONCE):
        some = positions[start : start + AT_ONCE]
        rows = connection.execute(
            select(entries.c.line, entries.c.labeled, entries.c.errors).where(
                entries.c.dataset_id == dataset_id, entries.c.position.in_(some)
            )
        )
        uses = connection.execute(
            select(entry_labels.c.position, dataset_labels.c.name, entry_labels.c.boxed)
            .join(dataset_labels, named)
            .where(entry_labels.c.dataset_id == dataset_id, entry_labels.c.position.in_(some))
        )
        for row in rows:
            found.total += 1
            found.labeled += row.labeled
            found.errors += row.errors
            found.declared.update(declared_labels(json.loads(row.line)))
        for use in uses:
            found.used[use.name] += 1
            found.boxed[use.name] += use.boxed
    return found


def label_ids(connection: Connection, dataset_id: int) -> dict[str, int]:
    """The ids of a dataset's labels by name, in the order in which they first appeared."""
    query = select(dataset_labels.c.name, dataset_labels.c.id).where(dataset_labels.c.dataset_id == dataset_id)
    return {row.name: row.id for row in connection.execute(query.order_by(dataset_labels.c.id))}


def declare(connection: Connection, dataset_id: int, names: Iterable[str], ids: dict[str, int]) -> None:
    """Give those labels an id that have none in `ids` yet."""
    for name in names:
        if name not in ids:
            row = {"dataset_id": dataset_id, "name": name}
            ids[name] = connection.execute(insert(dataset_labels).returning(dataset_labels.c.id), row).scalar_one()


def change(connection: Connection, dataset_id: int, added: Tally, removed: Tally) -> None:
    """Correct the numbers of a dataset by entries that were added and removed.

    Labels that no entry declares any more go, unless they are kept.
    """
    totals = {
        "total_entries": datasets.c.total_entries + added.total - removed.total,
        "labeled_entries": datasets.c.labeled_entries + added.labeled - removed.labeled,
        "error_entries": datasets.c.error_entries + added.errors - removed.errors,
    }
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(totals))
    for name in {*added.declared, *removed.declared, *removed.used}:
        numbers = {
            "declared_entries": dataset_labels.c.declared_entries + added.declared[name] - removed.declared[name],
            "entries": dataset_labels.c.entries + added.used[name] - removed.used[name],
            "boxed_entries": dataset_labels.c.boxed_entries + added.boxed[name] - removed.boxed[name],
        }
        mine = (dataset_labels.c.dataset_id == dataset_id) & (dataset_labels.c.name == name)
        connection.execute(update(dataset_labels).where(mine).values(numbers))
    unused = (dataset_labels.c.declared_entries <= 0) & (dataset_labels.c.entries <= 0) & ~dataset_labels.c.kept
    connection.execute(delete(dataset_labels).where(dataset_labels.c.dataset_id == dataset_id, unused))
