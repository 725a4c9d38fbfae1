"""Entries on their way into a dataset that others use: those of the same images are replaced, the others added."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from typing import Any

from sqlalchemy import Connection, Row, select, update

from customlabels.manifest.entry import Entry
from customlabels.service import counting, entry_rows
from customlabels.service.counting import Tally
from customlabels.service.importing import bucket_of, check_whole
from customlabels.store.tables import datasets, entries

BATCH = 2000
"""Entries that are inserted, or deleted, in one statement or transaction: others need not wait long."""


def apply(connection: Connection, dataset: Row[Any], changed: Sequence[Entry], spare: int = 0) -> None:
    """Replace entries of the same images, add the others at the end. Raises ManifestRefused: roll back, then.

    `spare` is how many labels more than else the dataset may have: one that goes away is still there.
    """
    there = entry_rows.positions_of(connection, dataset.id, [entry.source_ref for entry in changed])
    one = select(entries.c.source_ref).where(entries.c.dataset_id == dataset.id).limit(1)
    buckets = dict.fromkeys(bucket_of(ref) for ref in connection.execute(one).scalars())
    buckets.update(dict.fromkeys(bucket_of(entry.source_ref) for entry in changed))
    replaced = list(there.values())
    removed, added = counting.tally(connection, dataset.id, replaced), Tally()
    check_whole(dataset.total_entries + len(changed) - len(replaced), 0, buckets)
    entry_rows.remove(connection, dataset.id, replaced)
    free = count(dataset.next_position)
    placed = ((there.get(entry.source_ref) or next(free), entry) for entry in changed)
    ids = counting.label_ids(connection, dataset.id)
    while batch := list(islice(placed, BATCH)):
        entry_rows.write(connection, dataset.id, batch, ids, added)
    counting.change(connection, dataset.id, added, removed)
    check_whole(0, len(counting.label_ids(connection, dataset.id)) - spare, [])
    set_next(connection, dataset.id, next(free))


def set_next(connection: Connection, dataset_id: int, position: int) -> None:
    """Say where the next entry that is new goes."""
    connection.execute(update(datasets).where(datasets.c.id == dataset_id).values(next_position=position))
